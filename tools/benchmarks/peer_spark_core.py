"""Spark's part of the core benchmark, local[2]: WORKLOAD ELEMENTS KEYS. Prints elements, seconds and a checksum as JSON.

window: a DStream of a queue of RDDs, map, filter, reduceByKeyAndWindow with an inverse over three of ten intervals (the
functions are Python's, as its users write them). count: Structured Streaming's running count by key in update mode over
files, all of it in the Java machine. The time is that of processing: from start until the last batch is done, without
starting Spark.
"""

import json
import os
import pathlib
import sys
import tempfile
import time

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402

workload, elements, keys = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
BATCHES = 10
each = elements // BATCHES
spark = (
    SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", "2")
    .config("spark.driver.memory", "8g").config("spark.ui.enabled", "false").getOrCreate())
spark.sparkContext.setLogLevel("ERROR")


def value(n):
    return (n * 2654435761 >> 7) & 0xFFFFFF


with tempfile.TemporaryDirectory() as folder:
    if workload == "window":
        from pyspark.streaming import StreamingContext

        context = StreamingContext(spark.sparkContext, 1)
        context.checkpoint(folder)
        queue = [spark.sparkContext.range(b * each, (b + 1) * each, numSlices=2) for b in range(BATCHES)]
        done, result = [], [0, 0]

        def take(_, rdd):
            pairs = rdd.collect()
            result[0] += len(pairs)
            result[1] += sum(key * count for key, count in pairs)
            done.append(time.perf_counter())

        (context.queueStream(queue).map(lambda n: value(n) + 1).filter(lambda v: v & 7 != 0)
         .map(lambda v: (v % keys, 1))
         .reduceByKeyAndWindow(lambda a, b: a + b, lambda a, b: a - b, 3, 1, filterFunc=lambda p: p[1] > 0)
         .foreachRDD(take))
        begin = time.perf_counter()
        context.start()
        while len(done) < BATCHES:
            time.sleep(0.05)
        seconds = done[BATCHES - 1] - begin
        context.stop(stopSparkContext=False, stopGraceFully=False)
        results, checksum = result
    else:
        source = pathlib.Path(folder, "in")
        for b in range(BATCHES):
            (spark.range(b * each, (b + 1) * each, 1, 1)
             .select(F.shiftright(F.col("id") * 2654435761, 7).bitwiseAND(0xFFFFFF).alias("value"))
             .write.mode("append").parquet(str(source)))
        stream = (
            spark.readStream.schema("value bigint").option("maxFilesPerTrigger", 1).parquet(str(source))
            .groupBy((F.col("value") % keys).alias("key")).count())
        begin = time.perf_counter()
        query = (
            stream.writeStream.outputMode("update").format("noop").option("checkpointLocation", folder + "/checkpoint")
            .trigger(availableNow=True).start())
        query.awaitTermination()
        seconds = time.perf_counter() - begin
        results, checksum = keys, 0
print(json.dumps({"elements": elements, "seconds": seconds, "results": results, "checksum": checksum}))
