"""Runs a child process and tells its output, seconds and peak memory."""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


class Run:
    """A child process that has ended well: its seconds, peak resident MB and output."""

    def __init__(self, command: list, log: pathlib.Path):
        result = log.with_name("run.json")
        with open(log, "wb") as errors:
            self.output = subprocess.run(
                [sys.executable, "-S", HERE / "measured_run.py", result, *command], stdout=subprocess.PIPE,
                stderr=errors, check=True).stdout.decode()
        measured = json.loads(result.read_text())
        self.seconds, self.peak_mb = measured["seconds"], measured["peak_mb"]
        if measured["exit"] != 0:
            sys.exit(f"{' '.join(map(str, command))}\nended with {measured['exit']}:\n{log.read_text()[-2000:]}")
