"""igraph's part: EDGES.bin RANKS.bin. Prints, as one line of JSON, the milliseconds its PageRank takes (exact up to
rounding, one thread), and the sum of the differences to the ranks of a file of 64-bit floats."""

import json
import sys
import time

import igraph
import numpy as np

import rmat

edges = rmat.read(sys.argv[1]).astype(np.int64)
graph = igraph.Graph(n=int(edges.max()) + 1, edges=edges, directed=True)
times = []
for _ in range(3):
    begin = time.perf_counter()
    ranks = graph.pagerank(damping=0.85)
    times.append(time.perf_counter() - begin)
ours = np.fromfile(sys.argv[2])
difference = float(np.abs(ours - np.array(ranks)).sum()) if len(ours) == len(ranks) else 2.0
print(json.dumps({"pagerank_ms": min(times) * 1e3, "difference": difference}))
