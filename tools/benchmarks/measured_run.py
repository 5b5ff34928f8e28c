"""Runs a command and tells its seconds and peak resident MB: RESULT.json COMMAND…

A process of its own, and small, since a child's peak counts that of the process it was forked from.
"""

import json
import os
import subprocess
import sys
import time

begin = time.monotonic()
child = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(child.pid, 0)
seconds = time.monotonic() - begin
child.returncode = os.waitstatus_to_exitcode(status)
with open(sys.argv[1], "w") as file:
    peak_mb = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    json.dump({"seconds": seconds, "peak_mb": peak_mb, "exit": child.returncode}, file)
