"""Changing and static graphs: Thalweg's figures beside their targets, and NetworKit and igraph in the same run.

The graph is an R-MAT graph of 2^SCALE vertices with 16 edges each (a=.57 b=.19 c=.19), less loops and duplicates; the
grid has 512 by 512 vertices. Rounds are interleaved, since a shared machine drifts: figures and ratios are medians of
rounds, ratios taken within a round. All engines use all cores, igraph one. Targets are for scale 18, for the grid, and
for memory at scale 22; a figure that misses its target is marked "!".

parts, for --only:
  batches     PageRank after batches of changes (half removals, half insertions; 9 of 10 edges loaded), with the time of
              changing the graph, beside recomputing by sweeps from the last ranks and NetworKit's PageRank
  cold        PageRank and components from scratch; ranks are compared with igraph's and must be within their bound
  components  a window of 9 of 10 edges slides by an edge, undirected: keeper for windows, keeper for any changes
  grid        the same on the grid, with 90 and 55 of 100 edges; NetworKit's, of 128 by 128, is smaller since its first
              run takes time quadratic in the vertices here, minutes for the larger one
  adjacency   memory, changes and scans of the dynamic graph
  large       memory, loading, cold PageRank and batches of a graph too large for the peers

NetworKit's tolerance bounds the last change of the ranks by its L2 norm, Thalweg's the error by its L1 norm, relative
to the ranks' sum. The errors of both are measured and printed; batches are compared with NetworKit at 1e-6, whose error
is nearest to Thalweg's 1e-4.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys

import numpy as np

import rmat
from child_run import HERE, Run

PARTS = ["batches", "cold", "components", "grid", "adjacency", "large"]
TARGET_SCALE = 18
LARGE_SCALE = 21
GRID_SIDE = 512
PEER_GRID_SIDE = 128
TOLERANCES = ["1e-4", "1e-6"]
BATCH_MS_MAX = {
    "1e-4": {2: 0.15, 10: 0.7, 100: 5, 1000: 13, 10_000: 20, 100_000: 60},
    "1e-6": {2: 8, 10: 18, 100: 27, 1000: 32, 10_000: 40, 100_000: 60},
}
WARM_STARTED_RATIO_MAX = 1.1
NETWORKIT_RATIO_MIN = {"1e-4": {10: 100, 1000: 10}, "1e-6": {}}
COLD_MS_MAX = {"1e-4": 30}
COLD_NETWORKIT_RATIO_MIN = {"1e-6": 4}
SWEEP_MS_MAX = 3
WINDOW_PAIR_US_MAX, WINDOW_DELETE_US_MAX = 0.8, 5
GRID_PAIR_US_MAX = {0.9: 3, 0.55: 12}
CHANGES_PER_US_MIN, SCAN_RATIO_MAX, BYTES_PER_EDGE_MAX = 5, 1.3, 26
LARGE_PEAK_MB_MAX = 16 * 1024
IGRAPH_ERROR = 1e-8  # what igraph's own ranks may be off


def number(value: float) -> str:
    """Three digits that count."""
    if value == 0 or not np.isfinite(value):
        return str(value)
    if abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:,.{max(0, 2 - int(np.floor(np.log10(abs(value)))))}f}"


class Figures:
    """What the rounds measured, by name, and what of it misses its target."""

    def __init__(self):
        self.rounds = {}
        self.target_count = 0
        self.missed = []

    def add(self, name, value: float) -> None:
        self.rounds.setdefault(name, []).append(value)

    def median(self, name) -> float:
        return statistics.median(self.rounds[name])

    def ratio(self, name, to) -> float:
        return statistics.median(a / b for a, b in zip(self.rounds[name], self.rounds[to]))

    def judged(self, label: str, value: float, target=None, at_least: bool = False) -> tuple:
        """A figure and its target as texts; a figure that misses has a mark."""
        if target is None:
            return number(value), ""
        self.target_count += 1
        is_met = value >= target if at_least else value <= target
        if not is_met:
            self.missed.append(f"{label}: {number(value)} instead of {'≥' if at_least else '≤'} {number(target)}")
        return number(value) + ("" if is_met else " !"), ("≥ " if at_least else "≤ ") + f"{target:g}"


def print_table(title: str, heads: list, rows: list) -> None:
    """The first column to the left, the others to the right."""
    widths = [max(len(str(row[i])) for row in [heads, *rows]) for i in range(len(heads))]
    print(f"\n{title}")
    for row in [heads, *rows]:
        cells = [str(cell).rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  ".join([str(row[0]).ljust(widths[0]), *cells]).rstrip())
    sys.stdout.flush()


class Benchmark:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(options.directory)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "stderr.txt"
        self.figures = Figures()
        self.has_targets = options.scale == TARGET_SCALE
        self.threads = os.cpu_count() or 1
        self.edges = self.folder / f"rmat-{options.scale}.bin"

    # MARK: running

    def generate(self) -> None:
        if not self.edges.exists():
            print(f"generating {self.edges}", flush=True)
            rmat.write(self.edges, self.options.scale)

    def ours(self, *arguments) -> tuple:
        """The lines of a run, and its peak memory in MB."""
        run = Run([self.options.program, *map(str, arguments)], self.log)
        return [json.loads(line) for line in run.output.splitlines()], run.peak_mb

    def peer(self, name: str, *arguments) -> dict:
        return json.loads(Run([sys.executable, HERE / f"peer_{name}.py", *map(str, arguments)], self.log).output)

    def target(self, value):
        return value if self.has_targets else None

    def round(self, parts: list) -> None:
        if "cold" in parts or "batches" in parts:
            theirs = self.peer("networkit", "cold", self.edges, self.threads, self.ranks("networkit"))
            for name, value in theirs.items():
                self.figures.add(("networkit", name), value)
        for part in PARTS:
            if part in parts:
                getattr(self, f"measure_{part}")()

    def ranks(self, engine: str, tolerance: str = "") -> pathlib.Path:
        return self.folder / f"ranks-{engine}-{tolerance}"

    # MARK: batches

    def measure_batches(self, against_sweeps: bool = True) -> float:
        """Returns the peak memory in MB."""
        peak = 0
        for tolerance in TOLERANCES:
            # the same number of batches whatever the round: their costs come in cycles
            arguments = ["pagerank", self.edges, tolerance, 100_000, self.options.batches, self.threads]
            lines, peak_mb = self.ours(*arguments, *(["--against-sweeps"] if against_sweeps else []))
            peak = max(peak, peak_mb)
            for line in lines:
                if line["step"] in ("batch", "warm-started"):
                    for name in ("meanMs", "p50Ms", "p99Ms", "maxMs", "sweeps"):
                        self.figures.add((line["step"], tolerance, line["batch"], name), line[name])
                    if line["errorBoundMax"] > float(tolerance):
                        sys.exit(f"a batch of {line['batch']} changes left an error bound of {line['errorBoundMax']}")
                else:
                    for name, value in line.items():
                        if isinstance(value, (int, float)):
                            self.figures.add(("pagerank", tolerance, name), value)
                    if line.get("invariants", "hold") != "hold":
                        sys.exit(f"the graph is damaged: {line['invariants']}")
        return peak

    def print_batches(self) -> None:
        figures = self.figures
        has_peer = ("networkit", "nine_in_ten_1e-6") in figures.rounds
        for tolerance in TOLERANCES:
            rows = []
            for size, target in BATCH_MS_MAX[tolerance].items():
                mean, warm = ("batch", tolerance, size, "meanMs"), ("warm-started", tolerance, size, "meanMs")
                label = f"{size:,} changes at {tolerance}"
                row = [f"{size:,}", *figures.judged(f"{label}, ms", figures.median(mean), self.target(target)),
                       *(number(figures.median((*mean[:3], name))) for name in ("p50Ms", "p99Ms", "maxMs"))]
                if warm in figures.rounds:
                    row += [number(figures.median(warm)), *figures.judged(
                        f"{label}, of the warm-started recompute's time", figures.ratio(mean, warm),
                        self.target(WARM_STARTED_RATIO_MAX))]
                if has_peer:
                    recompute = ("networkit", "nine_in_ten_1e-6")
                    row += [number(figures.median(recompute)), *figures.judged(
                        f"{label}, times faster than NetworKit's recompute", figures.ratio(recompute, mean),
                        self.target(NETWORKIT_RATIO_MIN[tolerance].get(size)), at_least=True)]
                rows.append(row)
            heads = ["changes", "mean ms", "target", "p50", "p99", "max"]
            if len(rows[0]) > 6:
                heads += ["warm-started ms", "of it", "target"]
            if has_peer:
                heads += ["NetworKit 1e-6 ms", "x faster", "target"]
            print_table(f"PageRank after a batch of changes, certified error at most {tolerance}", heads, rows)

    # MARK: cold

    def measure_cold(self) -> None:
        igraph_ranks = self.ranks("igraph", "exact.bin")
        self.figures.add(("igraph", "pagerank_ms"), self.peer("igraph", self.edges, igraph_ranks)["pagerank_ms"])
        exact = np.fromfile(igraph_ranks)
        for tolerance in TOLERANCES:
            own_ranks = self.ranks("thalweg", f"{tolerance}.bin")
            (line,), _ = self.ours("cold", self.edges, tolerance, own_ranks)
            for name in ("coldMs", "sweepMs", "iterations", "errorBound", "componentsMs", "sortMs"):
                self.figures.add(("cold", tolerance, name), line[name])
            if line["components"] != self.figures.rounds["networkit", "components"][-1]:
                sys.exit(f"{line['components']} components, NetworKit finds "
                         f"{self.figures.rounds['networkit', 'components'][-1]}")
            theirs = np.fromfile(f"{self.ranks('networkit')}{tolerance}.bin")
            for engine, ranks in (("cold", np.fromfile(own_ranks)), ("networkit", theirs / theirs.sum())):
                self.figures.add((engine, tolerance, "error"), float(np.abs(ranks - exact).sum()))
            error = self.figures.rounds["cold", tolerance, "error"][-1]
            if error > line["errorBound"] + IGRAPH_ERROR:
                sys.exit(f"the ranks differ from igraph's by {error}, more than the bound {line['errorBound']}")

    def print_cold(self) -> None:
        figures = self.figures
        rows = []
        for tolerance in TOLERANCES:
            own, peer = ("cold", tolerance, "coldMs"), ("networkit", f"all_{tolerance}")
            label = f"cold PageRank at {tolerance}"
            rows.append([
                f"PageRank at {tolerance}",
                *figures.judged(f"{label}, ms", figures.median(own), self.target(COLD_MS_MAX.get(tolerance))),
                number(figures.median(("cold", tolerance, "error"))), number(figures.median(peer)),
                number(figures.median(("networkit", tolerance, "error"))),
                *figures.judged(f"{label}, times faster than NetworKit", figures.ratio(peer, own),
                                self.target(COLD_NETWORKIT_RATIO_MIN.get(tolerance)), at_least=True),
                number(figures.median(("igraph", "pagerank_ms"))),
                number(figures.ratio(("igraph", "pagerank_ms"), own))])
        sweep = figures.judged("a sweep, ms", figures.median(("cold", TOLERANCES[0], "sweepMs")),
                               self.target(SWEEP_MS_MAX))
        rows.append(["a sweep", *sweep, *[""] * 7])
        components, peer = ("cold", TOLERANCES[0], "componentsMs"), ("networkit", "components_ms")
        rows.append(["components", number(figures.median(components)), "", "", number(figures.median(peer)), "",
                     number(figures.ratio(peer, components)), "", "", ""])
        print_table("From scratch, all edges",
                    ["", "ms", "target", "error", "NetworKit ms", "error", "x faster", "target", "igraph ms",
                     "x faster"], rows)

    # MARK: components

    def slide(self, graph, share: float, graph_name: str) -> None:
        for mode in ("components-window", "components-dynamic"):
            for line in self.ours(mode, graph, share)[0]:
                for name in ("usPerPair", "deleteP50Us", "deleteP999Us", "deleteMaxUs"):
                    self.figures.add((graph_name, share, mode, line["labels"], name), line[name])

    def measure_components(self) -> None:
        self.slide(self.edges, 0.9, "R-MAT")
        theirs = self.peer("networkit", "components", self.edges, self.threads)
        self.figures.add(("networkit", "R-MAT", 0.9), theirs["us_per_pair_0.9"])

    def measure_grid(self) -> None:
        theirs = self.peer("networkit", "grid", PEER_GRID_SIDE, self.threads)
        for share in GRID_PAIR_US_MAX:
            self.slide(f"grid:{GRID_SIDE}", share, "grid")
            self.figures.add(("networkit", "grid", share), theirs[f"us_per_pair_{share:g}"])

    def print_components(self) -> None:
        self.print_slides("R-MAT", {0.9: self.target(WINDOW_PAIR_US_MAX)}, self.target(WINDOW_DELETE_US_MAX))

    def print_grid(self) -> None:
        self.print_slides("grid", GRID_PAIR_US_MAX, None)

    def print_slides(self, graph_name: str, pair_targets: dict, delete_target) -> None:
        figures = self.figures
        rows = []
        for share, pair_target in pair_targets.items():
            for mode in ("components-window", "components-dynamic"):
                is_window = mode == "components-window"
                for labels in (False, True):
                    key = (graph_name, share, mode, labels)
                    name = f"{'window' if is_window else 'any changes'}{', labels' if labels else ''}, {share:.0%}"
                    peer = ("networkit", graph_name, share)
                    rows.append([
                        name,
                        *figures.judged(f"{graph_name} {name}, µs a pair", figures.median((*key, "usPerPair")),
                                        pair_target if is_window else None),
                        number(figures.median((*key, "deleteP50Us"))),
                        *figures.judged(f"{graph_name} {name}, µs of a deletion, p99.9",
                                        figures.median((*key, "deleteP999Us")), delete_target if is_window else None),
                        number(figures.median((*key, "deleteMaxUs"))), number(figures.median(peer)),
                        number(figures.ratio(peer, (*key, "usPerPair")))])
        peer_grid = f", {PEER_GRID_SIDE}²" if graph_name == "grid" else ""
        print_table(f"Components of a sliding window, {graph_name}{f' {GRID_SIDE}²' if graph_name == 'grid' else ''}",
                    ["keeper, share of edges", "µs a pair", "target", "delete p50", "p99.9", "target", "max",
                     f"NetworKit µs{peer_grid}", "x faster"], rows)

    # MARK: adjacency and large

    def measure_adjacency(self) -> None:
        for line in self.ours("adjacency", self.edges)[0]:
            step = f"{line['step']} {line['batch']}" if "batch" in line else line["step"]
            for name, value in line.items():
                if isinstance(value, (int, float)):
                    self.figures.add(("adjacency", step, name), value)

    def print_adjacency(self) -> None:
        figures = self.figures

        def row(name: str, step: str, key: str, target=None, at_least: bool = False) -> list:
            value = figures.median(("adjacency", step, key))
            return [name, *figures.judged(f"adjacency, {name}", value, self.target(target), at_least)]

        print_table("Dynamic graph", ["", "figure", "target"], [
            row("ms to load 9 of 10 edges", "loaded", "loadMs"),
            *(row(f"M changes/s, batches of {size:,}", f"mutate {size}", "changesPerMicrosecond",
                  CHANGES_PER_US_MIN if size > 2 else None, at_least=True) for size in (2, 1000, 100_000)),
            row("full scan's time in that of packed edges", "scan", "ratio", SCAN_RATIO_MAX),
            row("bytes an edge, both directions, loaded", "loaded", "bytesPerEdge", BYTES_PER_EDGE_MAX),
            row("bytes an edge, both directions, after the changes", "mutate 100000", "bytesPerEdge",
                BYTES_PER_EDGE_MAX),
            row("M insertions/s into a window", "window", "insertsPerMicrosecond"),
            row("M expiries/s out of it", "window", "expiriesPerMicrosecond"),
            row("bytes an edge that expires", "window", "bytesPerEdge")])

    def measure_large(self) -> None:
        self.figures.add(("large", "peakMB"), self.measure_batches(against_sweeps=False))

    def print_large(self) -> None:
        figures = self.figures
        exact = TOLERANCES[-1]
        target = LARGE_PEAK_MB_MAX if self.options.scale == 22 else None
        print_table("Large graph, 9 of 10 edges loaded", ["", "figure", "target"], [
            ["edges", f"{int(figures.median(('pagerank', exact, 'edges'))):,}", ""],
            ["peak memory, MB", *figures.judged("peak memory, MB", figures.median(("large", "peakMB")), target)],
            *([name, number(figures.median(("pagerank", tolerance, key))), ""] for name, tolerance, key in (
                ("bytes an edge, both directions", exact, "bytesPerEdge"),
                ("ms to read the file", exact, "readMs"), ("ms to load the edges", exact, "loadMs"),
                *((f"ms of cold PageRank at {tolerance}", tolerance, "coldMs") for tolerance in TOLERANCES),
                ("ms of a sweep", TOLERANCES[0], "sweepMs")))])
        self.print_batches()

    def run(self, parts: list) -> None:
        self.generate()
        for round_number in range(self.options.rounds):
            print(f"round {round_number + 1} of {self.options.rounds}", flush=True)
            self.round(parts)
        edge_count = self.edges.stat().st_size // 8
        print(f"\nR-MAT scale {self.options.scale}: {1 << self.options.scale:,} vertices, {edge_count:,} edges; "
              f"{self.threads} threads, median of {self.options.rounds} interleaved rounds")
        for part in PARTS:
            if part in parts:
                getattr(self, f"print_{part}")()
        figures = self.figures
        if figures.target_count:
            print(f"\n{figures.target_count - len(figures.missed)} of {figures.target_count} targets met"
                  + "".join(f"\n! {text}" for text in figures.missed))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tools/bench graph", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=int, default=TARGET_SCALE, help="default: 18; 22 has 64 M edges")
    parser.add_argument(
        "--only",
        help=f"parts to measure, of {','.join(PARTS)}; default: all but large, from scale {LARGE_SCALE} on large")
    parser.add_argument("--batches", type=float, default=1, help="factor to how many batches are measured; default: 1")
    parser.add_argument("--directory", default=".build-bench", help="for data and outputs; default: .build-bench")
    options = parser.parse_args()
    default = ["large"] if options.scale >= LARGE_SCALE else PARTS[:-1]
    parts = options.only.split(",") if options.only else default
    if unknown := [name for name in parts if name not in PARTS]:
        parser.error(f"unknown part {unknown[0]}; choose from {', '.join(PARTS)}")
    if "large" in parts and "batches" in parts:
        parser.error("batches are a part of large: choose one of them")
    if not 4 <= options.scale <= 27 or options.rounds < 1:
        parser.error("the scale must be in 4...27, rounds at least 1")
    Benchmark(options).run(parts)


if __name__ == "__main__":
    main()
