"""Bytewax's part of the core benchmark: ELEMENTS KEYS. A count by key with state; prints elements and seconds as JSON."""

import json
import sys
import time

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main

elements, keys = int(sys.argv[1]), int(sys.argv[2])
values = [(i * 2654435761 >> 7) & 0xFFFFFF for i in range(elements)]
results = []


def count(total, _):
    total = (total or 0) + 1
    return total, (total if total % 1000 == 0 else None)


flow = Dataflow("count")
stream = op.input("values", flow, TestingSource(values, batch_size=10_000))
counted = op.stateful_map("count", op.key_on("key", stream, lambda value: str(value % keys)), count)
op.output("results", op.filter("thousands", counted, lambda pair: pair[1] is not None), TestingSink(results))
begin = time.perf_counter()
run_main(flow)
print(json.dumps({"elements": elements, "seconds": time.perf_counter() - begin, "results": len(results)}))
