"""What is looked at for performance beyond what names a cause, and the work that is seen there:
shared unevenly between instances, or heavier than it was.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property

from ...analysis.quantities import figure, percent, quantity
from ...incident.finding import Finding
from ...tools.base import Result
from ...tools.edge_answers import EdgeAnswers, edge_answers, edge_logs
from ...tools.latency import StatementCost
from ...tools.load import InstanceLoad, cache_hits, instance_load
from ...tools.real_users import ALL, LOAD, UserExperience, browsers, real_users
from ..causes.observations import Observations, Question, finding, where

UNEVEN = 1.5
"""Times its fair share from which an instance gets too much."""
ENOUGH = 50
"""Requests that each service must have had for its shares to mean something."""
FAILING, TIMES = 0.05, 3.0
"""Error share, and times its siblings' (errors or seconds), that make an instance the odd one."""


class LoadObservations(Observations):
    """Load of one case, asked for when first needed."""

    instances = Question(instance_load)
    """Work per instance, before and now."""
    caches = Question(cache_hits)
    """Hit shares."""

    edge = Question(edge_answers)
    """What CDNs and load balancers wrote; asked where one does."""

    @cached_property
    def users(self) -> Result[UserExperience] | None:
        """What browsers report; None: none does."""
        return self.ask(real_users) if browsers(self.case.tools.bench) else None

    def working(self, service: str) -> list[InstanceLoad]:
        """The instances of a service that get requests."""
        return [row for row in where(self.instances, service=service) if row.rate]

    def arrivals(self, service: str) -> tuple[float, float | None]:
        """Requests per second now and in the healthy window (None: unknown)."""
        rows = list(where(self.instances, service=service))
        before = [row.rate_before for row in rows if row.rate_before is not None]
        return sum(row.rate or 0.0 for row in rows), sum(before) if before else None

    def seconds_each(self, service: str, usual: bool = False) -> float | None:
        """Mean seconds per request over a service's instances, now or usually; None: not
        recorded."""
        rows = where(self.instances, service=service)
        stays = [(row.usual_s if usual else row.mean_s, row.rate) for row in rows]
        known = [(stay, rate) for stay, rate in stays if stay and rate]
        total = sum(rate for _, rate in known)
        return sum(stay * rate for stay, rate in known) / total if total else None


def odd_instances(seen: LoadObservations) -> Iterator[Finding]:
    """Uneven shares and odd instances."""
    for service in dict.fromkeys(row.service for row in seen.instances.rows):
        # One that joined during the incident has had less time, not less load.
        rows = [row for row in seen.working(service) if row.rate_before]
        total = sum(row.rate or 0.0 for row in rows)
        if len(rows) < 2 or total * seen.case.frame.incident.seconds < ENOUGH:
            continue
        for row in rows:
            text = _odd(row, [other for other in rows if other is not row], len(rows))
            if text:
                proof = ("service", "instance", "share", "error_share", "mean_s")
                text = f"{row.instance} {text}"
                yield finding("balance", text, seen.instances, row, *proof)


def _odd(row: InstanceLoad, others: list[InstanceLoad], count: int) -> str:
    errors = _mean(other.error_share for other in others)
    if (row.error_share or 0) >= max(FAILING, TIMES * errors):
        return f"fails {row.error_share:.0%} of its requests, its siblings {errors:.0%}"
    slow = _mean(other.mean_s for other in others)
    if slow and (row.mean_s or 0) >= TIMES * slow:
        return f"takes {quantity(row.mean_s, 's')} per request, its siblings {quantity(slow, 's')}"
    if (row.share or 0) >= UNEVEN / count:
        return f"gets {row.share:.0%} of the requests; a fair share is {1 / count:.0%}"
    return ""


def _mean(values: Iterable[float | None]) -> float:
    known = [value or 0.0 for value in values]
    return sum(known) / len(known)


# Work that got heavier: database statements that are slower each or many more of them per request
# (N+1), and caches that help less, where every miss is work for somebody else.

HEAVIER, ADDED_MS, CALLS = 3.0, 10.0, 10
"""Times as much work as before, milliseconds more on average, and calls that it takes to tell."""
MANY = 5.0
"""Calls per request from which a risen fan-out is an N+1."""
FALL, LOOKUPS = 0.1, 1.0
"""Fall of the hit share, and lookups per second, from which it matters."""


def grown(seen: LoadObservations) -> Iterator[tuple[StatementCost, str]]:
    """Statements that got heavier, most total time first, and how."""
    for row in sorted(seen.queries.rows, key=lambda row: -row.total_ms):
        if row.calls < CALLS or executed(row) < 0.5:
            continue
        added = row.mean_ms - (row.mean_ms_before or 0)
        if (row.fanout_ratio or 1) >= HEAVIER and (row.calls_per_request or 0) >= MANY:
            yield row, "fan-out"
        elif (row.ratio or 1) >= HEAVIER and added >= ADDED_MS:
            yield row, "slower"
        elif not row.calls_before and added >= ADDED_MS:
            yield row, "new"


def executed(row: StatementCost) -> float:
    """Share of the runs that did not fail: a statement that waits for a connection in vain
    takes long and does no work."""
    return 1 - row.errors / row.calls if row.calls else 0.0


def heavier(seen: LoadObservations, service: str) -> StatementCost | None:
    """The heaviest grown statement of a service, or None."""
    return next((row for row, _ in grown(seen) if row.service == service), None)


def heavier_statements(seen: LoadObservations, most: int = 4) -> Iterator[Finding]:
    """One finding a statement."""
    for row, kind in list(grown(seen))[:most]:
        text = f"{row.service}: {row.statement[:90]} {_how(row, kind)}"
        proof = ("service", "calls", "mean_ms", "total_ms", "calls_per_request")
        yield finding("query", text, seen.queries, row, *proof)


def statement_advice(seen: LoadObservations) -> Iterator[str]:
    """What to look at, per statement."""
    for row, kind in list(grown(seen))[:3]:
        text = f"{row.service}: {row.statement[:70]}"
        if kind == "fan-out":
            calls = figure(row.calls_per_request)
            yield f"{text}: fetch in one statement what is now fetched in {calls} per request"
        else:
            yield f"{text}: read its plan (EXPLAIN); look for a missing index or changed condition"


def _how(row: StatementCost, kind: str) -> str:
    if kind == "fan-out":
        before = row.calls_per_request_before or 0
        runs = figure(row.calls_per_request)
        return f"runs {runs} times a request, {figure(before)} before (N+1)"
    if kind == "new":
        return f"is new and takes {quantity(row.mean_ms, 'ms')}"
    now, before = (quantity(ms, "ms") for ms in (row.mean_ms, row.mean_ms_before))
    return f"takes {now}, {before} before"


def missed_lookups(seen: LoadObservations) -> Iterator[Finding]:
    """One finding a cache whose hit share fell."""
    for row in seen.caches.rows:
        now, before = row.hit_share, row.hit_share_before
        if now is None or before is None or before - now < FALL:
            continue
        if (row.lookups_per_s or 0) >= LOOKUPS:
            text = f"{row.service} {row.cache}: {now:.0%} of the lookups hit, {before:.0%} before"
            proof = ("service", "cache", "hit_share", "hit_share_before", "misses_per_s")
            yield finding("cache", text, seen.caches, row, *proof)


# What stands in front of it all, by its own logs.

FAILURES = 5
"""From which it is said whose they are."""


def at_the_edge(seen: LoadObservations) -> Iterator[Finding]:
    """Caches there that help less, and failures: whose they are."""
    for row in seen.edge.rows if edge_logs(seen.case.tools.bench) else ():
        fall = (row.hit_share_before or 0.0) - (row.hit_share or 0.0)
        more = (row.passed_on or 0.0) > (row.passed_on_before or 0.0)
        if row.hit_share is not None and row.hit_share_before and fall >= FALL and more:
            text = f"{row.service}: caches answer {percent(row.hit_share)} of the requests, "
            text += f"{percent(row.hit_share_before)} before; {figure(row.passed_on)}/s are passed "
            text += f"on, {figure(row.passed_on_before)} before"
            proof = ("service", "hit_share", "hit_share_before", "passed_on", "passed_on_before")
            yield finding("edge", text, seen.edge, row, *proof)
        if row.failed >= FAILURES and row.failed > row.failed_before:
            text = f"{row.service} failed {row.failed} of {row.requests} requests: {_whose(row)}"
            proof = ("service", "failed", "requests", "behind", "own", "unanswered")
            yield finding("edge", text, seen.edge, row, *proof)


def _whose(row: EdgeAnswers) -> str:
    parts = {
        "because the servers behind it failed": row.behind,
        "though the servers behind it answered": row.own,
        "without an answer from the servers behind it": row.unanswered,
    }
    known = sorted(parts.items(), key=lambda part: -part[1])
    return ", ".join(f"{number} {how}" for how, number in known if number)


# What real users' browsers saw of all this.

VIEWS, WORSE = 20, 1.5
"""Pages from which a percentile is told; times that of all, which makes a group the odd one."""


def felt(seen: LoadObservations) -> Iterator[Finding]:
    """What users saw, by measure, and whose pages were worst."""
    if seen.users is None:
        return
    for row in (row for row in seen.users.rows if row.whose == ALL and row.pages >= VIEWS):
        ours = [r for r in seen.users.rows if r.measure == row.measure and r.whose != ALL]
        proof = (
            "measure",
            "whose",
            "pages",
            "p75",
            "failed" if row.measure == LOAD else "p75_before",
        )
        text = f"real users: {row.measure} of {row.pages} pages: {_saw(row)}{_worst(row, ours)}"
        yield finding("real users", text, seen.users, row, *proof)


def _saw(row: UserExperience) -> str:
    text = f"{quantity(row.p75, row.unit)} at p75, {quantity(row.p75_before, row.unit)} before"
    failed = f"; {percent(row.failed)} failed, {percent(row.failed_before)} before"
    return text + (failed if row.measure == LOAD else "")


def _worst(every: UserExperience, groups: Iterable[UserExperience]) -> str:
    known = [row for row in groups if row.pages >= VIEWS and row.p75]
    row = max(known, key=lambda row: row.p75 or 0, default=None)
    if row is None or (row.p75 or 0) < WORSE * (every.p75 or 0):
        return ""
    return f"; worst for {row.whose}, {quantity(row.p75, row.unit)}"
