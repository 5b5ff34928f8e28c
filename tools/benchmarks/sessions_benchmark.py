"""Log to sessions: Thalweg against DuckDB and Polars in the same run, same results; or memory by length of the log.

Every engine reads the same file and writes one row per session to CSV. Thalweg moreover writes its HTML report, takes
a checkpoint every second and allows ten minutes of disorder. Rounds are interleaved, since a shared machine drifts:
quote the ratios. Thalweg's time is that of the whole process, start included; of the peers' only the query counts.
In the first round the sessions (start, end, events, distinct items where fewer than 950: Thalweg estimates them above
1,024; user, too, but for access logs) must be equal.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import duckdb

import clickstream
from child_run import Run

HERE = pathlib.Path(__file__).parent


class Benchmark:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(options.directory)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "stderr.txt"

    def input_file(self, file_format: str) -> pathlib.Path:
        path = self.folder / f"clicks-{self.options.events}.{clickstream.EXTENSIONS[file_format]}"
        if not path.exists():
            print(f"generating {path}", flush=True)
            clickstream.write(clickstream.make(self.options.events), path, file_format)
        return path

    def output_file(self, engine: str) -> pathlib.Path:
        return self.folder / f"sessions-{engine}.csv"

    def thalweg(self, source: pathlib.Path) -> Run:
        output, report, checkpoint = self.output_file("thalweg"), self.folder / "report.html", self.folder / "checkpoint"
        for old in (output, report):
            old.unlink(missing_ok=True)
        shutil.rmtree(checkpoint, ignore_errors=True)
        return Run(
            [self.options.program, "replay", source, "--gap", "30m", "--gap-boundary", "split", "--watermark-delay",
             "10m", "--sessions", output, "--report", report, "--checkpoint", checkpoint, "--checkpoint-interval", "1s",
             "--threads", str(self.options.threads)], self.log)

    def peer(self, engine: str, source: pathlib.Path, file_format: str) -> Run:
        os.environ["POLARS_MAX_THREADS"] = str(self.options.threads)
        run = Run(
            [sys.executable, HERE / f"peer_{engine}.py", source, file_format, self.output_file(engine),
             str(self.options.threads)], self.log)
        run.seconds = float(run.output)
        return run

    def counts(self, engine: str) -> tuple:
        return duckdb.execute(
            f"select count(*), sum(events)::bigint from read_csv('{self.output_file(engine)}')").fetchone()

    def require_equal(self, engine: str, file_format: str) -> None:
        """Ends the run when Thalweg's sessions and a peer's are not the same multiset."""
        # the user of an access log line has no common spelling
        user = "''" if file_format == "combined" else '"user"'

        def rows(name: str, time_type: str, to_ms: str) -> str:
            columns = {"start": time_type, "end": time_type, "user": "VARCHAR"}
            return (f"select {user}, {to_ms}(\"start\"), {to_ms}(\"end\"), events, case when items < 950 then items end "
                    f"from read_csv('{self.output_file(name)}', types={columns})")

        ours, theirs = rows("thalweg", "TIMESTAMP", "epoch_ms"), rows(engine, "BIGINT", "")
        different = duckdb.execute(
            f"select (select count(*) from ({ours} except all {theirs})), "
            f"(select count(*) from ({theirs} except all {ours}))").fetchone()
        if different != (0, 0):
            sys.exit(f"{file_format}: sessions differ: {different[0]} only of thalweg, {different[1]} only of {engine}; "
                     f"thalweg {self.counts('thalweg')}, {engine} {self.counts(engine)} (sessions, events)")

    def compare(self, file_format: str) -> None:
        source = self.input_file(file_format)
        subprocess.run(["cat", source], stdout=subprocess.DEVNULL, check=True)  # into the page cache
        runs = {"thalweg": [], "duckdb": [], "polars": []}
        for round_number in range(self.options.rounds):
            runs["thalweg"].append(self.thalweg(source))
            for engine in ("duckdb", "polars"):
                runs[engine].append(self.peer(engine, source, file_format))
                if round_number == 0:
                    self.require_equal(engine, file_format)
        sessions, events = self.counts("thalweg")
        print(f"\n{file_format}: {events:,} events, {sessions:,} sessions (the same from all), "
              f"{source.stat().st_size / 1e6:,.0f} MB, {self.options.threads} threads, "
              f"median of {self.options.rounds} interleaved rounds")
        print(f"{'':10}{'seconds':>9}{'events/s':>14}{'peak MB':>9}{'thalweg is':>14}")
        for engine, of_engine in runs.items():
            seconds = statistics.median(run.seconds for run in of_engine)
            peak = max(run.peak_mb for run in of_engine)
            ratio = statistics.median(a.seconds / b.seconds for a, b in zip(of_engine, runs["thalweg"]))
            times = "" if engine == "thalweg" else f"{ratio:.1f} x faster"
            print(f"{engine:10}{seconds:9.2f}{events / seconds:14,.0f}{peak:9.0f}{times:>14}", flush=True)

    def memory(self) -> None:
        """Ten times the log, the same memory."""
        source = self.input_file("ndjson")
        long_source = self.folder / f"clicks-{self.options.events}-x10.ndjson"
        if not long_source.exists():
            print(f"generating {long_source}", flush=True)
            clickstream.write_shifted_copies(source, long_source, 10)
        print(f"\n{'':10}{'events':>14}{'sessions':>12}{'seconds':>9}{'events/s':>14}{'peak MB':>9}")
        counts = []
        for name, path in (("once", source), ("ten times", long_source)):
            run = self.thalweg(path)
            counts.append(self.counts("thalweg"))
            sessions, events = counts[-1]
            print(f"{name:10}{events:14,}{sessions:12,}{run.seconds:9.2f}{events / run.seconds:14,.0f}{run.peak_mb:9.0f}",
                  flush=True)
        if not self.options.keep:
            long_source.unlink()
        if counts[1] != tuple(10 * count for count in counts[0]):
            sys.exit("ten copies, a day apart, must give ten times the sessions and events")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tools/bench sessions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--events", type=lambda text: int(float(text)), default=5_000_000, help="default: 5e6")
    parser.add_argument("--formats", default="ndjson", help="of ndjson,csv,combined; default: ndjson")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="for every engine; default: 2")
    parser.add_argument("--memory", action="store_true", help="peak memory of the log and of ten times the log instead")
    parser.add_argument("--keep", action="store_true", help="keep the tenfold log")
    parser.add_argument("--directory", default=".build-bench", help="for data and outputs; default: .build-bench")
    options = parser.parse_args()
    formats = options.formats.split(",")
    if unknown := [name for name in formats if name not in clickstream.EXTENSIONS]:
        parser.error(f"unknown format {unknown[0]}; choose from {', '.join(clickstream.EXTENSIONS)}")
    benchmark = Benchmark(options)
    if options.memory:
        benchmark.memory()
    else:
        for file_format in formats:
            benchmark.compare(file_format)


if __name__ == "__main__":
    main()
