"""Plain Python's part of the core benchmark: WORKLOAD ELEMENTS KEYS. Prints elements, seconds and a checksum as JSON."""

import json
import sys
import time
from collections import defaultdict

workload, elements, keys = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
BATCHES = 10
each = elements // BATCHES
batches = [[((b * each + i) * 2654435761 >> 7) & 0xFFFFFF for i in range(each)] for b in range(BATCHES)]
checksum = results = 0
begin = time.perf_counter()
if workload == "window":
    recent, totals = [], defaultdict(int)
    for batch in batches:
        counts = defaultdict(int)
        for value in batch:
            value += 1
            if value & 7:
                counts[value % keys] += 1
        recent.append(counts)
        for key, count in counts.items():
            totals[key] += count
        if len(recent) > 3:
            for key, count in recent.pop(0).items():
                totals[key] -= count
                if not totals[key]:
                    del totals[key]
        for key, count in totals.items():
            results += 1
            checksum += key * count
else:
    totals = defaultdict(int)
    for batch in batches:
        for value in batch:
            key = value % keys
            totals[key] += 1
            if totals[key] % 1000 == 0:
                results += 1
                checksum += key * totals[key]
seconds = time.perf_counter() - begin
print(json.dumps({"elements": elements, "seconds": seconds, "results": results, "checksum": checksum}))
