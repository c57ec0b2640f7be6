"""What CDNs, load balancers and proxies wrote of requests: what they kept from those behind them,
and who of both failed."""

from collections import Counter
from dataclasses import dataclass

from ..telemetry.model import STATUS_CODE, LogRecord
from .base import Bench, Effect, Row, Table, tool
from .edge_requests import fails
from .logins import status_code
from .reading import durations, number, seconds, share, table

CACHE, BEHIND = "http.cache.status", "http.origin.status_code"
HELPED = ("hit", "stale", "updating", "revalidated")
"""Words of caches that did not ask whoever is behind them for an answer."""


@dataclass(frozen=True, slots=True)
class EdgeAnswers(Row):
    """Requests at one edge. Of those that failed (5xx): how many as whoever is behind it had
    failed, how many though that had answered well, how many without any answer from there.
    `passed_on`: a second, of requests that no cache answered."""

    service: str
    requests: int
    hit_share: float | None
    hit_share_before: float | None
    passed_on: float | None
    passed_on_before: float | None
    failed: int
    failed_before: int
    behind: int
    own: int
    unanswered: int


def edge_logs(bench: Bench) -> list[str]:
    """Services whose access logs tell what a cache or whoever is behind them did."""
    telemetry, whole = bench.telemetry, bench.frame.whole

    def found() -> list[str]:
        lines = telemetry.logs(whole, having=[CACHE, BEHIND])
        return sorted({log.service for log in lines if {CACHE, BEHIND} & log.attributes.keys()})

    return telemetry.remember(("edge logs", whole), found)


@tool(Effect.read, examples=("logs",))
def edge_answers(bench: Bench) -> Table[EdgeAnswers]:
    """Of the access logs of CDNs, load balancers and proxies, before and now: the share that caches
    answered, what was passed on, and whether failures are theirs or of those behind them."""
    frame = bench.frame
    rows = [_row(bench, service) for service in edge_logs(bench)]
    rows.sort(key=lambda row: (-row.failed, row.service))
    summary = f"{sum(row.failed for row in rows)} of {sum(r.requests for r in rows)} failed"
    return table(rows, summary, f"no such log in {seconds(frame.incident)}", frame.whole)


def _row(bench: Bench, service: str) -> EdgeAnswers:
    windows = bench.frame.baseline, bench.frame.incident
    lines = [bench.telemetry.logs(w, [service], having=[STATUS_CODE]) for w in windows]
    before, now = (Counter(what for log in found for what in _what(log)) for found in lines)
    lengths = durations(bench)
    cached = before["cached"] + now["cached"] > 0
    usual, rate = (
        number((c["requests"] - c["helped"]) / s)
        for c, s in zip((before, now), lengths, strict=True)
    )
    hits, usual_hits = (share(c["helped"], c["cached"]) if cached else None for c in (now, before))
    failed = now["failed"], before["failed"], now["behind"], now["own"], now["unanswered"]
    return EdgeAnswers(service, now["requests"], hits, usual_hits, rate, usual, *failed)


def _what(log: LogRecord) -> list[str]:
    """All that one request is counted among."""
    word = str(log.attributes.get(CACHE) or "").lower()
    behind = status_code(log.attributes, BEHIND)
    found = ["requests"] + ["cached"] * bool(word)
    found += ["helped"] * any(one in word for one in HELPED)
    if fails(status_code(log.attributes)):
        found += ["failed", "behind" if fails(behind) else "own" if behind else "unanswered"]
    return found
