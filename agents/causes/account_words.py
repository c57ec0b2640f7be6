"""The words of an account: the system's own in quotes, how much they cover, since when, and what
was changed just before."""

from datetime import UTC, datetime
from itertools import pairwise
from statistics import median

from ...text_safety.injection import speaks
from ...tools.change_feed import ChangeRecord
from ...tools.failed_spans import Way
from ...tools.new_failures import NewFailure
from ...tools.sessions import RoleConnections, SessionWait
from ...tools.slowed_work import SlowedWork
from ...tools.stepped_gauges import Step, SteppedGauge
from ..reporting.wording import change_name
from .observations import Observations
from .studies import OUR_AUTHOR

QUOTED = 120
"""Characters of the system's words in a statement."""
AFTER_S = 1.0
"""Clocks of change feeds and spans differ a little."""


def nearest_change(
    seen: Observations, service: str, before: float, seconds: float
) -> ChangeRecord | None:
    """The change of a service nearest before a time, within so many seconds; none of our own, and
    none that only allows more. What a restart brought with it says more than the restart."""
    rows = [
        row
        for row in seen.changes.rows
        if row.service == service
        and OUR_AUTHOR not in row.author.lower()
        and row.kind != "commit"
        and not row.eases
        and -AFTER_S <= before - row.at <= seconds
    ]
    return min(rows, key=lambda row: (row.kind == "restart", before - row.at), default=None)


def failure_words(row: NewFailure, place: str) -> str:
    """What fails at a place, with the words in quotes: one clause."""
    said = f"“{quoted(row.words)}”"
    who, whom = row.service, row.callee
    match row.way:
        case Way.own if place == who:
            only = f" at {row.operation}" if row.operations == 1 else ""
            return f"{who} fails{only} by an error of its own, {said}"
        case Way.own:
            return f"{who}, whose code is as it was, fails on the data that {place} answers, {said}"
        case Way.full:
            return f"{who} has no room for requests, {said}"
        case Way.pool if place == who:
            return f"{who} has no free connection to {whom}, {said}"
        case Way.pool:
            return f"{whom} keeps {who} waiting until no connection is free, {said}"
        case Way.refused if place == who:
            return f"{who} does not reach {whom}, which others reach, {said}"
        case Way.refused:
            return f"{whom} does not take connections of {who}, {said}"
        case Way.late if place == who:
            return f"{who} gives up on {whom} after {row.waited_ms / 1000:.2g} s, {said}"
        case Way.late:
            return f"{whom} does not answer {who} in time, {said}"
    if row.code and row.words == f"HTTP {row.code}":
        answers = f"{whom} answers {row.code} to {row.operation} of {who}"
        hidden = f"{place} gives {whom} no row where it gave one: "
        return answers if place in (who, whom) else hidden + answers
    return f"{whom} answers {who} with an error, {said}"


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
    if row.step == Step.silent:
        stopped = f"telemetry of {row.service} stopped arriving at {clock(row.since)}"
        works = f"while it worked {row.served} more requests: what is lost is telemetry"
        return f"{stopped} {works}, not {row.service}" if row.served else stopped
    if row.step == Step.restart:
        return f"{row.service} was started again at {clock(row.now or row.since)}"
    now = "gone" if row.now is None else f"{row.now:g}"
    named = f"{row.called} of {row.service}"
    return f"{named} was {row.before:g} and is {now}"


def slowed_words(row: SlowedWork) -> str:
    """SELECT stock of inventory takes 309 ms, 123 ms before."""
    part = "" if row.share == 1 else f" in {row.share:.0%} of its calls"
    if row.callee and not row.statement:
        way = f"the way of {row.operation} from {row.service} to {row.callee}"
        return (
            f"{way} takes {row.now_ms:.3g} ms that neither works{part}, {row.before_ms:.3g} before"
        )
    what = f"“{quoted(row.statement)}”" if row.statement else row.operation
    now = f"{row.now_ms:.3g} ms each{part}"
    return f"{what} of {row.service} takes {now}, {row.before_ms:.3g} before"


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
    who = row.role or "everybody together"
    before = "" if row.used_before is None else f", {row.used_before} before"
    held = f"{row.used} of {row.limit} connections to {row.service}"
    return f"{who} has {held} in use{before} ({row.by})"


def clock(at: float) -> str:
    """Time of day, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def telling(steps: list[SteppedGauge]) -> list[SteppedGauge]:
    """The steps that say most: settings, then waits, then what is held."""
    order = {Step.setting: 0, Step.wait: 1, Step.held: 2, Step.silent: 3}
    return sorted(steps, key=lambda row: (order.get(Step(row.step), 4), row.since))
