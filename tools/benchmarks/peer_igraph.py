"""igraph's part: EDGES.bin RANKS.bin. Prints the milliseconds its PageRank takes (one thread, exact but for rounding)
as one line of JSON; the ranks go to a file of 64-bit floats."""

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
np.array(ranks).tofile(sys.argv[2])
print(json.dumps({"pagerank_ms": min(times) * 1e3}))
