"""The words of what is new: the system's own in quotes, how much they cover, since when; and what
is new as findings."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median

from ...analysis.quantities import figure
from ...incident.finding import Finding
from ...text_safety.injection import speaks
from ...tools.change_feed import ChangeRecord
from ...tools.new_failures import NewFailure, Way
from ...tools.sessions import RoleConnections, SessionWait
from ...tools.slowed_work import SlowedWork
from ...tools.stepped_gauges import LOG_LINES, Step, SteppedGauge
from ..reporting.wording import change_name
from .account import telling
from .failure_path import path
from .observations import Observations, finding

QUOTED = 120
"""Characters of the system's words in a statement."""
SHOWN = 3
"""Findings of each sort: more stays in the evidence."""
LEAST = 0.05
"""Share of the requests that newly fail from which a kind of failure is told."""


def failure_words(row: NewFailure, place: str) -> str:
    """What fails at a place, with the words in quotes: one clause."""
    who, whom, own = row.service, row.callee, place == row.service
    match row.way:
        case Way.own if own:
            only = f" at {row.operation}" if row.operations == 1 else ""
            refuses = row.code is not None and row.code < 500
            fails = f"{who} fails{only} by an error of its own"
            told = f"{who} refuses requests{only}" if refuses else fails
        case Way.own:
            told = f"{who}, whose code is as it was, fails on the data that {place} answers"
        case Way.full:
            told = f"{who} has no room for requests"
        case Way.pool if own:
            told = f"{who} has no free connection to {whom}"
        case Way.pool:
            told = f"{whom} keeps {who} waiting until no connection is free"
        case Way.refused if own:
            told = f"{who} does not reach {whom}, which others reach"
        case Way.refused:
            told = f"{whom} does not take connections of {who}"
        case Way.late if own and row.callee_ms is None:
            told = f"{whom} does not answer {who} in time, though others reach it: lost on the way"
        case Way.late if own:
            told = f"{who} gives up on {whom} after {row.waited_ms / 1000:.2g} s"
        case Way.late:
            told = f"{whom} does not answer {who} in time"
        case _ if row.code and row.words == f"HTTP {row.code}":
            answers = f"{whom} answers {row.code} to {row.operation} of {who}"
            hidden = f"{place} gives {whom} no row where it gave one: "
            return answers if place in (who, whom) else hidden + answers
        case _:
            told = f"{whom} answers {who} with an error"
    return f"{told}, “{quoted(row.words)}”"


def quoted(words: str) -> str:
    """The system's words, short and on one line, without marks that text is formatted by."""
    words = words.replace("->", "→")
    plain = "".join(c if c.isprintable() and c not in "`*[]<>|" else " " for c in words)
    text = " ".join(plain.split())
    if speaks(text):
        return "words left out: they speak to whoever reads them"
    return text if len(text) <= QUOTED else f"{text[: QUOTED - 2]} …"


def share_words(count: int, failing: int, before: int) -> str:
    """9 of 11 requests that newly fail, 0 before."""
    return f"{count} of {failing} requests that newly fail, {before} such before"


def session_words(row: SessionWait) -> str:
    """Which session holds what others wait for."""
    who = row.blocker_application or row.blocker_role or "a session"
    held = f" for {row.held_s:.3g} s" if row.held_s else ""
    doing = f", {row.blocker_state}, “{quoted(row.blocker_statement)}”"
    return f"{who} holds {row.relation or 'a lock'}{held}{doing}; {row.waiting} wait for it"


def step_words(row: SteppedGauge) -> str:
    """pg_locks_waiting of database was 0 and is 12."""
    who, at = row.service, clock(row.since)
    match row.step:
        case Step.silent:
            stopped = f"metrics of {who} cannot be scraped since {at}"
            if row.metric == LOG_LINES:
                stopped = f"{LOG_LINES} of {who} stopped arriving at {at}"
            if not row.before:
                stopped = f"no {LOG_LINES} of {who} arrive, as those of all others do,"
            works = f"while it worked {row.served} more requests: what is lost is telemetry"
            return f"{stopped} {works}, not {who}" if row.served else stopped
        case Step.flood:
            often = f"{row.now:.3g} {LOG_LINES} a second since {at}, {row.before:.2g} before"
            return f"{who} writes {often}, most of them “{quoted(row.labels)}”"
        case Step.restart:
            return f"{who} was started again at {clock(row.now or row.since)}"
    now = "gone" if row.now is None else f"{row.now:g}"
    return f"{row.called} of {who} was {row.before:g} and is {now}"


def slowed_words(row: SlowedWork) -> str:
    """SELECT stock of inventory takes 309 ms, 123 ms before."""
    part = "" if row.share == 1 else f" in {row.share:.0%} of its calls"
    if row.callee and not row.statement:
        what = f"the way of {row.operation} from {row.service} to {row.callee}"
        now = f"{figure(row.now_ms)} ms that neither works{part}"
    else:
        what = f"“{quoted(row.statement)}”" if row.statement else row.operation
        what, now = f"{what} of {row.service}", f"{figure(row.now_ms)} ms each{part}"
    return f"{what} takes {now}, {figure(row.before_ms)} before"


def change_words(row: ChangeRecord) -> str:
    """release v1.4.2 of checkout at 10:02:11."""
    match row.kind:
        case "deploy":
            told = f"release {row.version or row.id[:9]} of {row.service}"
        case "flag" | "config":
            told = f"{row.kind} {row.id[:20]}" + (f" ({row.summary})" if row.summary else "")
        case _:
            told = row.summary or change_name(row)
    return f"{quoted(told)} at {clock(row.at)}"


def start_words(place: str, begun: list[float]) -> str:
    """payments was started again at 10:02:11; again and again, about every 20 s."""
    times = ", ".join(clock(at) for at in begun[-3:])
    if len(begun) < 2:
        return f"{place} was started again at {times}"
    apart = median(after - before for before, after in pairwise(begun))
    return f"{place} is started again and again ({times}), about every {apart:.0f} s"


def crowd_words(row: RoleConnections) -> str:
    """payments has 20 of 20 connections to database in use (4 before), by psql 16."""
    before = "" if row.used_before is None else f", {row.used_before} before"
    held = f"{row.used} of {row.limit} connections to {row.service}"
    by = f" ({row.by})" if row.by else ""
    return f"{row.role or 'everybody together'} has {held} in use{before}{by}"


def clock(at: float) -> str:
    """Time of day, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def new_facts(seen: Observations) -> Iterator[Finding]:
    """The loudest of each sort as findings, with the service where it begins."""
    failures, steps, work = seen.new_failures, seen.stepped_gauges, seen.slowed_work
    failing = sum(row.count for row in failures.rows)
    for row in [row for row in failures.rows if row.share >= LEAST][:SHOWN]:
        place = path(seen, row)[-1]
        text = f"{failure_words(row, place)}: {share_words(row.count, failing, row.before)}"
        proof = ("service", "words", "count", "before", "since")
        yield finding("new-failure", text, failures, row, *proof, service=place, at=row.since)
    for row in telling(steps.rows)[:SHOWN]:
        proof = ("service", "metric", "before", "now", "since")
        yield finding(f"step:{row.step}", step_words(row), steps, row, *proof, at=row.since)
    for row in work.rows[:SHOWN]:
        proof = ("service", "operation", "before_ms", "now_ms", "calls")
        yield finding("slower-work", slowed_words(row), work, row, *proof, at=row.since)
