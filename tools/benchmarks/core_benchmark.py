"""The stream core: windows, processing by key, idle intervals, large state; plain Python and Spark in the same run.

figures:
  window   map, filter, reduceByKeyAndWindow (incremental, three of ten intervals) over a queue of small integers
  count    a count by key in processKeyed over the same; Spark's is its running count in Structured Streaming
  idle     what an interval costs in which nothing comes
  state    state of many keys of 16 bytes: bytes a key, and how long a checkpoint holds processing up

Rounds are interleaved, since a shared machine drifts; figures are medians of rounds; Spark, the slowest, runs in the
first one only. Results are compared with plain Python's. A figure that misses its target is marked "!".
Spark is run where pyspark and Java are there, Bytewax (counts of a tenth of the elements) where it is there:
--install-peers puts both into the benchmarks' Python.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SPARK_RATIO_MIN, IDLE_US_MAX, BYTES_PER_KEY_MAX, PAUSE_MS_MAX = 20, 50, 64, 50


def run(command) -> dict:
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out.strip().splitlines()[-1])


def rate(result: dict) -> float:
    return result["elements"] / result["seconds"]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="tools/bench core", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--elements", type=int, default=10_000_000)
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--state-keys", type=int, default=10_000_000)
    parser.add_argument("--install-peers", action="store_true", help="install pyspark and bytewax first")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--python", default=sys.executable, help="the Python that has the peers")
    options = parser.parse_args()
    if options.install_peers:
        packages = ["pyspark==3.5.3", "bytewax==0.21.1"]
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *packages], check=True)

    def has(module: str) -> bool:
        return subprocess.run(
            [options.python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0

    has_spark = shutil.which("java") is not None and has("pyspark")
    has_bytewax = has("bytewax")
    figures: dict = {}
    problems = []
    for number in range(options.rounds):
        for name, mode in (("window", "window"), ("count", "process")):
            ours = run([options.program, mode, "--elements", str(options.elements), "--keys", str(options.keys)])
            figures.setdefault((name, "thalweg"), []).append(rate(ours))
            if options.without_peers:
                continue
            arguments = [name, str(options.elements), str(options.keys)]
            python = run([sys.executable, HERE / "peer_python_core.py", *arguments])
            figures.setdefault((name, "python"), []).append(rate(python))
            if (ours["results"], ours["checksum"]) != (python["results"], float(f"{python['checksum']:.6g}")):
                problems.append(f"{name}: results differ from plain Python's: {ours} {python}")
            if has_spark and number == 0:
                spark = run([options.python, HERE / "peer_spark_core.py", *arguments])
                figures.setdefault((name, "spark"), []).append(rate(spark))
            if has_bytewax and name == "count" and number == 0:
                bytewax = run([
                    options.python, HERE / "peer_bytewax_core.py", str(options.elements // 10), str(options.keys)])
                figures.setdefault((name, "bytewax"), []).append(rate(bytewax))
        idle = run([options.program, "idle"])
        figures.setdefault(("idle", "us"), []).append(idle["microseconds_per_interval"])
    state = run([options.program, "state", "--keys", str(options.state_keys)])

    print(f"{'figure':<34}{'thalweg':>12}{'python':>12}{'spark':>12}{'x python':>10}{'x spark':>10}")
    missed = 0
    for name in ("window", "count"):
        medians = {engine: statistics.median(figures[name, engine])
                   for engine in ("thalweg", "python", "spark") if (name, engine) in figures}
        row = "".join(f"{medians[e] / 1e6:>12.3f}" if e in medians else f"{'-':>12}" for e in ("thalweg", "python", "spark"))
        ratios = ""
        for engine in ("python", "spark"):
            ratio = medians["thalweg"] / medians[engine] if engine in medians else None
            mark = "!" if engine == "spark" and ratio is not None and ratio < SPARK_RATIO_MIN else ""
            missed += mark == "!"
            ratios += f"{'-' if ratio is None else f'{ratio:.1f}{mark}':>10}"
        print(f"{name + ', M elements/s':<34}{row}{ratios}")
    if ("count", "bytewax") in figures:
        bytewax, ours = (statistics.median(figures["count", engine]) for engine in ("bytewax", "thalweg"))
        print(f"{'count in Bytewax, M elements/s':<34}{bytewax / 1e6:>12.3f} (thalweg is {ours / bytewax:.1f} x faster)")
    for label, value, limit in (
            ("idle interval, us", statistics.median(figures["idle", "us"]), IDLE_US_MAX),
            ("state, resident bytes a key", state["resident_bytes_per_key"], BYTES_PER_KEY_MAX),
            ("state, peak bytes a key", state["peak_bytes_per_key"], None),
            ("pause of a checkpoint, ms", state["pause_milliseconds_per_checkpoint"], PAUSE_MS_MAX)):
        mark = "!" if limit is not None and value > limit else ""
        missed += mark == "!"
        print(f"{label:<34}{value:>12.3f}{mark} {'' if limit is None else f'(at most {limit})'}")
    for problem in problems:
        print(problem, file=sys.stderr)
    if not options.without_peers and not has_spark:
        print("Spark was not run: no Java, or no pyspark (--install-peers)", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
