"""Polars' part (streaming engine): INPUT FORMAT OUTPUT.csv. Prints the seconds that reading, grouping and writing took."""

import sys
import time

import polars as pl

source, file_format, output = sys.argv[1:4]
begin = time.monotonic()

if file_format == "combined":
    pattern = (r'^(?<address>\S+) \S+ \S+ \[(?<time>[^\]]+)\] "(?<event>\S+) (?<url>\S+) [^"]*" (?<status>\d+) '
               r'(?<size>\S+) "(?<referrer>[^"]*)" "(?<agent>[^"]*)"')
    events = (
        pl.scan_csv(source, has_header=False, separator="\x01", quote_char=None, schema={"line": pl.String})
        .select(pl.col("line").str.extract_groups(pattern).alias("fields")).unnest("fields")
        .select(
            pl.col("time").str.to_datetime("%d/%b/%Y:%H:%M:%S +0000", time_unit="ms").alias("t"),
            pl.concat_str("address", "agent", separator=" ").alias("user_id"), "event",
            pl.col("url").str.split_exact("?", 1).struct.field("field_0").alias("item_id"), "url"))
else:
    names = ["timestamp", "user_id", "event", "item_id", "url", "referrer"]
    scanned = (pl.scan_ndjson(source) if file_format == "ndjson"
               else pl.scan_csv(source, schema={name: pl.String for name in names}))
    events = scanned.select(
        pl.col("timestamp").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms").alias("t"), "user_id", "event",
        "item_id", "url")

is_new = (pl.col("t").diff() >= pl.duration(minutes=30)) | (pl.col("user_id") != pl.col("user_id").shift())
sessions = (
    events.sort("user_id", "t")
    .with_columns(number=is_new.fill_null(True).cast(pl.UInt32).cum_sum())
    .group_by("number")
    .agg(
        pl.col("user_id").first().alias("user"), pl.col("t").min().dt.timestamp("ms").alias("start"),
        pl.col("t").max().dt.timestamp("ms").alias("end"), pl.len().alias("events"),
        pl.col("item_id").n_unique().alias("items"), pl.col("url").first().alias("entry"),
        pl.col("url").last().alias("exit"), (pl.col("event") == "purchase").sum().alias("purchases"))
    .drop("number")
    .collect(engine="streaming"))
sessions.write_csv(output)
print(time.monotonic() - begin)
