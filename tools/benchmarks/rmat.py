"""R-MAT graphs (Chakrabarti, Zhan, Faloutsos 2004) and grids as arrays of edges, without loops and duplicates.

An edge is one 64-bit number, the source in its lower half and the target in its upper one: written little-endian, that
is a file of pairs of 32-bit vertex numbers.
"""

import pathlib

import numpy as np

EDGES_PER_VERTEX = 16
A, B, C = 0.57, 0.19, 0.19
EDGES_AT_A_TIME = 1 << 22


def edges(scale: int, seed: int = 7) -> np.ndarray:
    """The edges between 2^scale vertices, whose numbers are permuted, in random order."""
    random = np.random.default_rng(seed)
    vertex_count = 1 << scale
    names = random.permutation(vertex_count).astype(np.uint64)
    keys = np.empty(vertex_count * EDGES_PER_VERTEX, np.uint64)
    for start in range(0, len(keys), EDGES_AT_A_TIME):
        count = min(EDGES_AT_A_TIME, len(keys) - start)
        source, target = np.zeros(count, np.uint32), np.zeros(count, np.uint32)
        for _ in range(scale):  # each level chooses a quadrant of the adjacency matrix: a and b above, a and c left
            draw = random.random(count, np.float32)
            source = source << 1 | (draw >= A + B)
            target = target << 1 | (((draw >= A) & (draw < A + B)) | (draw >= A + B + C))
        keys[start:start + count] = names[target] << np.uint64(32) | names[source]
    keys.sort()
    keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    keys = keys[(keys >> np.uint64(32)) != (keys & np.uint64(0xFFFFFFFF))]
    random.shuffle(keys)
    return keys


def grid(side: int) -> np.ndarray:
    """Pairs (u, v) of the neighbours in a square grid."""
    v = np.arange(side * side, dtype=np.int64).reshape(side, side)
    return np.concatenate([
        np.stack([v[:, :-1].ravel(), v[:, 1:].ravel()], 1),
        np.stack([v[:-1].ravel(), v[1:].ravel()], 1)])


def write(path: pathlib.Path, scale: int) -> None:
    """Writes aside and renames, so that an interrupted run leaves no half file."""
    aside = path.with_suffix(".partial")
    edges(scale).astype("<u8").tofile(aside)
    aside.rename(path)


def read(path: str) -> np.ndarray:
    """Pairs (source, target)."""
    return np.fromfile(path, "<u4").reshape(-1, 2)


def undirected(pairs: np.ndarray) -> np.ndarray:
    """Each pair of neighbours once, in an order that is random and always the same."""
    low, high = pairs.min(1).astype(np.uint64), pairs.max(1).astype(np.uint64)
    keys = np.unique(high << np.uint64(32) | low)
    np.random.default_rng(1).shuffle(keys)
    return np.stack([keys & np.uint64(0xFFFFFFFF), keys >> np.uint64(32)], 1).astype(np.int64)
