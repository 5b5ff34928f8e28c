"""DuckDB's part: INPUT FORMAT OUTPUT.csv THREADS. Prints the seconds that reading, grouping and writing took."""

import sys
import time

import duckdb

source, file_format, output, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

TABLES = {
    "ndjson": f"""select epoch_ms("timestamp") t, user_id, event, item_id, url
        from read_json('{source}', format='newline_delimited', columns={{timestamp:'TIMESTAMP', user_id:'VARCHAR',
          event:'VARCHAR', item_id:'VARCHAR', url:'VARCHAR', referrer:'VARCHAR'}})""",
    "csv": f"""select epoch_ms("timestamp") t, user_id, event, item_id, url
        from read_csv('{source}', header=true, delim=',', columns={{timestamp:'TIMESTAMP', user_id:'VARCHAR',
          event:'VARCHAR', item_id:'VARCHAR', url:'VARCHAR', referrer:'VARCHAR'}})""",
    # one column of whole lines, taken apart by one regular expression
    "combined": f"""select epoch_ms(strptime(f.time, '%d/%b/%Y:%H:%M:%S +0000')) t, f.address || ' ' || f.agent user_id,
          f.method event, split_part(f.target, '?', 1) item_id, f.target url
        from (select regexp_extract(line,
            '^(\\S+) \\S+ \\S+ \\[([^\\]]+)\\] "(\\S+) (\\S+) [^"]*" (\\d+) (\\S+) "([^"]*)" "([^"]*)"',
            ['address', 'time', 'method', 'target', 'status', 'size', 'referrer', 'agent']) f
          from read_csv('{source}', header=false, delim='\\x01', quote='', escape='', columns={{line:'VARCHAR'}}))""",
}

connection = duckdb.connect()
connection.execute(f"set threads={threads}")
begin = time.monotonic()
connection.execute(f"""copy (
  with events as ({TABLES[file_format]}),
  marked as (select *, case when t - lag(t) over (partition by user_id order by t) < 1800000 then 0 else 1 end is_new
    from events),
  numbered as (select *, sum(is_new) over (partition by user_id order by t rows unbounded preceding) number from marked)
  select user_id "user", min(t) "start", max(t) "end", count(*) events, count(distinct item_id) items,
    arg_min(url, t) entry, arg_max(url, t) "exit", count(*) filter (event = 'purchase') purchases
  from numbered group by user_id, number) to '{output}' (header)""")
print(time.monotonic() - begin)
