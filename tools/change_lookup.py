"""Changes looked up: those of a time and a service, one of them whole, what a deploy brought."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import ToolRetry
from ..telemetry.model import Change, Window
from .base import MAX_ROWS, Bench, Effect, Row, Table, tool
from .change_feed import (
    AFTER_S,
    LONG_DIFF,
    WEEK_S,
    ChangeRecord,
    by_weight,
    changes_within,
    listed,
)
from .reading import checked, cut, nearest, number, table
from .times import Moment, between, spoken

WHOLE_DIFF = 100_000
"""Characters of the one diff that is asked for."""
NONE = "no change is on record"
SHORT_ID = 6
"""Characters by which an id may be named."""


@dataclass(frozen=True, slots=True)
class WholeChange(Row):
    """One change with all of its diff; `at` in unix seconds. Services are joined by ", "."""

    service: str
    kind: str
    id: str
    version: str
    previous: str
    at: float
    author: str
    summary: str
    files: str
    diff: str


@dataclass(frozen=True, slots=True)
class DeployedCommit(Row):
    """A commit that a deploy brought; `at` in unix seconds. `known_by` says how that is known: "id"
    (the deploy names it) or "time" (it was committed between the two deploys)."""

    service: str
    version: str
    previous: str
    deployed_at: float
    id: str
    at: float
    author: str
    summary: str
    files: str
    known_by: str
    diff: str


@tool(Effect.read)
def changes_between(
    bench: Bench, start: Moment = "", end: Moment = "", service: str = "", kind: str = ""
) -> Table[ChangeRecord]:
    """Deploys, flags, configuration, scaling, restarts, then commits, of a time (by default the
    week up to now): those after the onset last; else those of the alert's service first, then the
    nearest.

    `seconds_before` counts to the onset, negative after it. A commit that names no service may be
    of any. change_diff shows a diff whole.
    """
    names = checked(bench, [service]) if service else None
    usual = Window(bench.frame.began - WEEK_S, bench.frame.incident.end)
    window = between(bench, start, end, usual)
    every = changes_within(bench, window)
    kinds = sorted({change.kind for change in every})
    if kind and kind not in kinds:
        raise ToolRetry(f"no change of kind {kind!r} then; there is {nearest(kind, kinds)}")
    found = [c for c in every if kind in ("", c.kind) and (not names or c.service in ("", *names))]
    rows = [listed(c, bench.frame.began, LONG_DIFF) for c in found]
    own = {bench.frame.service} - {""}
    rows.sort(key=lambda row: by_weight(row, own, bench.frame.unsure_s))
    counts = ", ".join(f"{sum(c.kind == k for c in found)} {k}" for k in kinds)
    nothing = f"nothing changed, {spoken(window)}"
    return table(rows, f"{len(found)} changes: {counts}", nothing, window)


@tool(Effect.read)
def change_diff(bench: Bench, id: str, service: str = "") -> Table[WholeChange]:
    """One change whole, with all of its diff: a commit, deploy, flag or configuration by its id
    (or the first characters of it), or a deploy by its version."""
    window = _history(bench)
    every = changes_within(bench, window)
    found = [c for c in _named(every, id) if service in ("", c.service)]
    if not found and every:
        known = nearest(id, [c.id for c in reversed(every) if c.id])
        whose = f" of {service}" if service else ""
        raise ToolRetry(f"no change {cut(id, 60)!r}{whose}; there is {known}")
    if not found:
        return table([], "", NONE, window)
    rows = _merged(found)
    files = len({name for change in found for name in change.files})
    lines = sum(row.diff.count("\n") + 1 for row in rows if row.diff)
    summary = f"{rows[0].kind} {rows[0].id}: {cut(rows[0].summary, 160)}; {files} files, "
    summary += f"{lines} lines of diff" if lines else "no diff is recorded"
    return table(rows, summary, "", window)


@tool(Effect.read)
def deploy_contents(bench: Bench, version: str, service: str = "") -> Table[DeployedCommit]:
    """The commits that a deploy brought: since the deploy before it of the same service, newest
    first. The deploy is named by its version or by the id of its commit.

    `known_by` "time": no id ties it to the deploy, it was committed in between. A commit of a
    shared repository names no service: its files say whose code it is.
    """
    window = _history(bench)
    every = changes_within(bench, window)
    deploys = [c for c in every if c.kind == "deploy"]
    meant = [c for c in _named(deploys, version) if service in ("", c.service)]
    if not deploys:
        return table([], "", f"no deploy is on record among {len(every)} changes", window)
    if not meant:
        known = nearest(version, [c.version or c.id for c in reversed(deploys)])
        raise ToolRetry(f"no deploy {cut(version, 60)!r}; there is {known}")
    last = meant[-1]
    before = [c for c in deploys if c.service == last.service and c.at < last.at]
    rows = list(_brought(every, last, before[-1] if before else None))
    since = f"since {before[-1].version or before[-1].id}" if before else "no earlier one is known"
    named = f"{last.version or last.id} of {last.service or 'all'} ({since})"
    others = sorted({c.service for c in meant} - {last.service})
    also = f"; also deployed to {', '.join(others)}" if others else ""
    ids = [row.id[:12] for row in rows if row.known_by == "id"]
    told = f"it names {ids[0]}, the others are known by time" if ids else "known by time alone"
    summary = f"{named} brought {len(rows)} commits; {told}{also}"
    return table(rows, summary, f"{named}: no commit on record lies in between{also}", window)


def _history(bench: Bench) -> Window:
    """All that is on record up to the end of the incident."""
    return Window(0.0, bench.frame.incident.end)


def _named(changes: list[Change], name: str) -> list[Change]:
    """Changes of this id or version; else those whose id begins so."""
    bare = name.strip().strip("\"'")
    exact = [c for c in changes if bare and bare in (c.id, c.version)]
    begun = [c for c in changes if len(bare) >= SHORT_ID and c.id.startswith(bare)]
    return exact or begun


def _merged(found: list[Change]) -> list[WholeChange]:
    """One row for what is the same change, whatever it was delivered to; the newest first."""
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in found:
        groups.setdefault((change.kind, change.id, change.diff), []).append(change)
    rows = [_whole(same) for same in groups.values()]
    return sorted(rows, key=lambda row: -row.at)[:MAX_ROWS]


def _whole(same: list[Change]) -> WholeChange:
    newest = same[-1]
    return WholeChange(
        service=", ".join(dict.fromkeys(change.service for change in same if change.service)),
        kind=newest.kind,
        id=newest.id,
        version=newest.version,
        previous=newest.previous,
        at=number(newest.at) or 0.0,
        author=newest.author,
        summary=newest.summary,
        files=", ".join(newest.files),
        diff=cut(newest.diff, WHOLE_DIFF),
    )


def _brought(
    every: list[Change], deploy: Change, before: Change | None
) -> Iterator[DeployedCommit]:
    """Commits between two deploys, newest first: up to the one that the deploy names, else up to
    its time."""
    commits = {c.id: c for c in every if c.kind == "commit" and c.service in ("", deploy.service)}
    head, base = commits.get(deploy.id), commits.get(before.id) if before else None
    last = head.at if head else deploy.at + AFTER_S
    first = (base.at if base else before.at) if before else 0.0
    for commit in sorted(commits.values(), key=lambda c: -c.at):
        if first < commit.at <= last and commit is not base:
            yield DeployedCommit(
                service=deploy.service,
                version=deploy.version,
                previous=deploy.previous,
                deployed_at=number(deploy.at) or 0.0,
                id=commit.id,
                at=number(commit.at) or 0.0,
                author=commit.author,
                summary=cut(commit.summary, 300),
                files=", ".join(commit.files[:20]),
                known_by="id" if commit is head else "time",
                diff=cut(commit.diff, LONG_DIFF),
            )
