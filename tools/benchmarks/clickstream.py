"""A clickstream of a shop as numpy arrays, written as NDJSON, CSV or Combined log: the same content in each.

The visits of a user begin at random times, seven in ten by users drawn evenly and the others by few busy ones. Between
the events of a visit lie log-normal seconds (a median of 25 s; few gaps exceed half an hour). Items are Zipf, the next
one often near the visit's first. Events are in time order.
"""

import dataclasses
import pathlib

import numpy as np

SPAN_DAYS = 14
START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
EVENTS = ["view", "click", "addtocart", "purchase"]
REFERRERS = ["", "https://www.google.com/", "https://news.example.org/a", "https://t.example.com/x"]
SITE = "https://shop.example.com"
AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36",
]
EXTENSIONS = {"ndjson": "ndjson", "csv": "csv", "combined": "log"}
ROWS_AT_A_TIME = 200_000


@dataclasses.dataclass
class Clickstream:
    """Columns of equal length: times in ms since 1970, numbers of users and items, indices into the lists above."""

    time: np.ndarray
    user: np.ndarray
    item: np.ndarray
    event: np.ndarray
    referrer: np.ndarray


def make(event_count: int, seed: int = 7) -> Clickstream:
    random = np.random.default_rng(seed)
    user_count, item_count = max(1000, event_count // 20), max(1000, event_count // 100)
    visit_count = event_count // 5 + 1
    busy = (random.zipf(1.3, visit_count) - 1) % user_count
    visit_user = np.where(random.random(visit_count) < 0.7, random.integers(0, user_count, visit_count), busy)
    visit_start = random.integers(0, SPAN_DAYS * 86_400_000, visit_count)
    length = random.geometric(1 / 5, visit_count)
    total = int(length.sum())
    visit = np.repeat(np.arange(visit_count), length)
    first = np.cumsum(length) - length
    is_first = np.zeros(total, bool)
    is_first[first] = True
    gap = np.where(is_first, 0, np.exp(random.normal(3.2, 1.3, total)) * 1000).astype(np.int64)
    elapsed = np.cumsum(gap)
    time = visit_start[visit] + elapsed - elapsed[first][visit]
    popular = (random.zipf(1.2, total) - 1) % item_count
    near_first = (popular[first][visit] + random.integers(-5, 6, total)) % item_count
    item = np.where(random.random(total) < 0.6, near_first, popular)
    event = random.choice(len(EVENTS), total, p=[0.80, 0.12, 0.05, 0.03])
    order = np.argsort(time, kind="stable")[:event_count]
    referrer = random.choice(len(REFERRERS), len(order), p=[0.70, 0.20, 0.05, 0.05])
    return Clickstream(START_MS + time[order], visit_user[visit][order], item[order], event[order], referrer)


def _iso(ms: np.ndarray) -> list:
    return np.datetime_as_string(ms.astype("datetime64[ms]"), unit="ms").tolist()


def _log_time(ms: np.ndarray) -> list:
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    texts = np.datetime_as_string((ms // 1000).astype("datetime64[s]"), unit="s").tolist()
    return [f"{t[8:10]}/{months[int(t[5:7]) - 1]}/{t[:4]}:{t[11:]} +0000" for t in texts]


def _ndjson(rows) -> str:
    return "".join(
        f'{{"timestamp":"{t}Z","user_id":"u{u}","event":"{EVENTS[e]}","item_id":"p{i}",'
        f'"url":"{SITE}/p/{i}?ref=x","referrer":"{REFERRERS[r]}"}}\n'
        for t, u, i, e, r in zip(_iso(rows.time), rows.user.tolist(), rows.item.tolist(), rows.event.tolist(),
                                 rows.referrer.tolist()))


def _csv(rows) -> str:
    return "".join(
        f"{t}Z,u{u},{EVENTS[e]},p{i},{SITE}/p/{i}?ref=x,{REFERRERS[r]}\n"
        for t, u, i, e, r in zip(_iso(rows.time), rows.user.tolist(), rows.item.tolist(), rows.event.tolist(),
                                 rows.referrer.tolist()))


def _combined(rows) -> str:
    addresses = [f"10.{u >> 16 & 255}.{u >> 8 & 255}.{u & 255}" for u in rows.user.tolist()]
    return "".join(
        f'{a} - - [{t}] "GET /p/{i}?ref=x HTTP/1.1" 200 {5000 + i % 9000} "{REFERRERS[r] or "-"}" '
        f'"{AGENTS[u % len(AGENTS)]}"\n'
        for a, t, u, i, r in zip(addresses, _log_time(rows.time), rows.user.tolist(), rows.item.tolist(),
                                 rows.referrer.tolist()))


def write(clicks: Clickstream, path: pathlib.Path, file_format: str) -> None:
    """Writes aside and renames, so that an interrupted run leaves no half file."""
    line = {"ndjson": _ndjson, "csv": _csv, "combined": _combined}[file_format]
    aside = path.with_suffix(".partial")
    with open(aside, "w", buffering=1 << 22) as file:
        if file_format == "csv":
            file.write("timestamp,user_id,event,item_id,url,referrer\n")
        for start in range(0, len(clicks.time), ROWS_AT_A_TIME):
            rows = slice(start, start + ROWS_AT_A_TIME)
            file.write(line(Clickstream(clicks.time[rows], clicks.user[rows], clicks.item[rows], clicks.event[rows],
                                        clicks.referrer[rows])))
    aside.rename(path)


def write_shifted_copies(source: pathlib.Path, path: pathlib.Path, copies: int) -> None:
    """Concatenates an NDJSON file with itself, each copy beginning a day after the end of the one before."""
    aside = path.with_suffix(".partial")
    with open(aside, "wb") as out:
        for copy in range(copies):
            with open(source, "rb") as file:
                rest = b""
                while block := file.read(1 << 22):
                    block = rest + block
                    cut = block.rfind(b"\n") + 1
                    block, rest = block[:cut], block[cut:]
                    out.write(_shifted(block, copy * (SPAN_DAYS + 1)))
                if rest:
                    raise ValueError(f"{source}: the last line has no newline")
    aside.rename(path)


def _shifted(block: bytes, days: int) -> bytes:
    if days == 0:
        return block
    prefix = b'{"timestamp":"'
    length = len(prefix) + 10
    last_line = block.rfind(b"\n", 0, -1) + 1
    first_day = np.datetime64(block[len(prefix):length].decode())
    last_day = np.datetime64(block[last_line + len(prefix):last_line + length].decode())
    # latest first: a day that was shifted must not be shifted again
    for day in reversed(np.arange(first_day, last_day + 1)):
        old, new = (prefix + str(d).encode() for d in (day, day + days))
        block = block.replace(old, new)
    return block
