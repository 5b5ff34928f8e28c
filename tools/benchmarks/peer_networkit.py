"""NetworKit's part: PART EDGES.bin THREADS, or grid SIDE THREADS. Prints milliseconds and counts as one line of JSON.

PART cold: PageRank of all edges and of 9 in 10, from scratch, and connected components; the least of three runs. The
ranks of all edges go to files of 64-bit floats; a fourth argument is what their names begin with.
PART components: an edge in and one out of 9 in 10 edges, undirected, with dynamic components. PART grid: the same for
a square grid, and with 55 in 100 edges.
"""

import json
import sys
import time

import networkit as nk
import numpy as np

import rmat

PAIRS_MAX = 100
SECONDS_MAX = 5


def least_ms(work, runs: int = 3) -> float:
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times) * 1e3


def graph(pairs: np.ndarray, vertex_count: int, directed: bool):
    u, v = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
    return nk.GraphFromCoo((np.ones(len(pairs)), (u, v)), n=vertex_count, weighted=False, directed=directed)


def cold(pairs: np.ndarray, vertex_count: int, ranks_prefix: str) -> dict:
    result = {}
    for name, count in (("all", len(pairs)), ("nine_in_ten", len(pairs) * 9 // 10)):
        directed = graph(pairs[:count], vertex_count, True)
        for tolerance in ("1e-4", "1e-6"):
            ranks = nk.centrality.PageRank(directed, 0.85, float(tolerance))
            result[f"{name}_{tolerance}"] = least_ms(ranks.run)
            if name == "all":
                np.array(ranks.scores()).tofile(f"{ranks_prefix}{tolerance}.bin")
    undirected = graph(rmat.undirected(pairs), vertex_count, False)
    components = nk.components.ParallelConnectedComponents(undirected, False)
    result["components_ms"] = least_ms(components.run)
    result["components"] = components.numberOfComponents()
    return result


def dynamic_components(pairs: np.ndarray, vertex_count: int, share: float) -> float:
    """Microseconds an insertion and a deletion take on average, the graph's own not counted."""
    present = int(len(pairs) * share)
    undirected = graph(pairs[:present], vertex_count, False)
    components = nk.components.DynConnectedComponents(undirected)
    components.run()
    kinds = nk.dynamics.GraphEventType
    elapsed, done = 0.0, 0
    while done < PAIRS_MAX and elapsed < SECONDS_MAX:
        u, v = map(int, pairs[present + done])
        undirected.addEdge(u, v)
        added = nk.dynamics.GraphEvent(kinds.EDGE_ADDITION, u, v, 1.0)
        begin = time.perf_counter()
        components.update(added)
        elapsed += time.perf_counter() - begin
        u, v = map(int, pairs[done])
        undirected.removeEdge(u, v)
        removed = nk.dynamics.GraphEvent(kinds.EDGE_REMOVAL, u, v, 1.0)
        begin = time.perf_counter()
        components.update(removed)
        elapsed += time.perf_counter() - begin
        done += 1
    return elapsed / done * 1e6


part, source, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
nk.setNumberOfThreads(threads)
if part == "grid":
    side = int(source)
    neighbours = rmat.undirected(rmat.grid(side))
    print(json.dumps({f"us_per_pair_{share:g}": dynamic_components(neighbours, side * side, share)
                      for share in (0.9, 0.55)}))
else:
    edges = rmat.read(source).astype(np.int64)
    count = int(edges.max()) + 1
    if part == "cold":
        print(json.dumps(cold(edges, count, sys.argv[4])))
    else:
        print(json.dumps({"us_per_pair_0.9": dynamic_components(rmat.undirected(edges), count, 0.9)}))
