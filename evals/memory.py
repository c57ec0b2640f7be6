"""`warroom eval memory`: is the right earlier incident told of first, and none where it is new?

Recorded incidents as a stream; each is asked for before it is remembered itself. Beside ours stand
BM25 over the words of alert and findings (SQLite's own), told from a score that is fitted on the
other half of the incidents, and what is trivial: the newest of the same service.
"""

import math
import random
import re
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ..agents import steps
from ..app.configuration import settings
from ..app.opening import open_context, playbooks
from ..app.record import Record
from ..incident.document import Alert, Incident
from ..incident.filing import file_report
from ..incident.memory import Remembered, signs_of
from ..intake.handing import take
from ..record.memories import like, write
from ..telemetry.bundle import open_bundle
from ..yaml_tables import read_table
from .framework.grid import ResultGrid
from .incidents.cases import recorded
from .unannounced.recordings import recordings

AGAIN = read_table("evals/again.yaml", dict[str, list[str]])
GROUP = {name: what for what, names in AGAIN.items() for name in names}
Ranked = list[tuple[float, str]]
"""Earlier ones that are told of, with a score, the best first."""


@dataclass(frozen=True)
class Past:
    """One incident of the stream: its name, whose alert, its signs, its words."""

    name: str
    service: str
    signs: Sequence[str]
    text: str


def stream(work: Path, unannounced: Path | None) -> Iterator[Past]:
    """Recorded drills and unannounced faults, each looked at by the playbooks as far as the cause,
    where nothing is remembered. Raises InputError for a folder without recordings."""
    more = recordings(unannounced, work / "bundles") if unannounced else ()
    for one in chain(recorded(work / "drills"), more):
        found = _looked(work / one.name, one.bundle, one.alert)
        said = [one.alert.name, one.alert.summary, *(f.statement for f in found.findings)]
        yield Past(one.name, one.alert.service, signs_of(found), " ".join(said))


def _looked(home: Path, bundle: Path, alert: Alert) -> Incident:
    """Steps 1, 2 and 4."""
    own = settings().model_copy(update={"home": home})
    with closing(open_bundle(bundle)) as recorder:
        context = open_context(own, recorder=recorder, model_layer=playbooks, pace=0, rehearse=True)
        store = context.store
        incident, _new = take(store, alert, context.clock())
        for step in (steps.DETECT, steps.SWEEP, steps.INVESTIGATE):
            report = step.playbook(context.case(incident, step, 1, lambda _event: None))
            store.update(incident, lambda doc, new=report: file_report(doc, new, store.payload))
        return store.load(incident)


def ours(order: Iterable[Past]) -> Iterator[Ranked]:
    """As it is: told from a likeness that was chosen before."""
    with tempfile.TemporaryDirectory() as place:
        store = Record(settings().model_copy(update={"home": Path(place)})).store
        for one in order:
            alike = like(store.engine, None, "", one.signs)
            yield [(each.likeness, each.memory.id) for each in alike]
            with store.engine.begin() as connection:
                write(connection, Remembered(id=one.name, title=one.service), one.signs)


def bm25(order: Iterable[Past]) -> Iterator[Ranked]:
    """By the words that both have."""
    query = "SELECT -bm25(past), name FROM past WHERE past MATCH ? ORDER BY 1 DESC LIMIT 5"
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE past USING fts5(name UNINDEXED, text)")
        for one in order:
            words = " OR ".join(f'"{word}"' for word in sorted(set(re.findall(r"\w+", one.text))))
            yield db.execute(query, [words]).fetchall()
            db.execute("INSERT INTO past VALUES (?, ?)", [one.name, one.text])


def newest(order: Sequence[Past]) -> Iterator[Ranked]:
    """Whatever its service had last."""
    for number, one in enumerate(order):
        yield [(1.0, p.name) for p in reversed(order[:number]) if p.service == one.service]


Asked = Sequence[tuple[str, Ranked, list[str]]]
"""Of each: its name, what is told of, and which earlier ones it is again."""


def scored(asked: Asked, least: float = 0.0) -> Counter[str]:
    """`right` first of `again`, told (`false`) of `new`; one is told of from this score on."""
    score = Counter[str]()
    for _name, ranked, same in asked:
        told = [name for worth, name in ranked if worth >= least]
        score["again" if same else "new"] += 1
        score["right"] += bool(same and told and told[0] in same)
        score["false"] += bool(told and not same)
    return score


def fitted(asked: Asked) -> float:
    """The score from which most are right beyond those that are told of wrongly."""
    found = sorted({ranked[0][0] for _name, ranked, _same in asked if ranked})
    scores = {least: scored(asked, least) for least in [*found, math.inf]}
    return max(scores, key=lambda least: scores[least]["right"] - scores[least]["false"])


def compared(order: Sequence[Past], seed: int) -> dict[str, Counter[str]]:
    """Each method over one order; BM25 in two halves."""
    names = [one.name for one in order]
    same = [
        [n for n in names[:at] if GROUP.get(n) == GROUP.get(names[at], n)]
        for at in range(len(names))
    ]
    asked = {m: list(zip(names, m(order), same, strict=True)) for m in (ours, bm25, newest)}
    half = set(random.Random(seed).sample(sorted(names), len(names) // 2))
    first, second = (
        [a for a in asked[bm25] if (a[0] in half) is inside] for inside in (True, False)
    )
    words = scored(first, fitted(second)) + scored(second, fitted(first))
    return {
        "ours": scored(asked[ours]),
        "BM25": words,
        "newest of its service": scored(asked[newest]),
    }


def memory_grid(found: Sequence[Past], seeds: int) -> ResultGrid:
    """In their order, and shuffled so often."""
    told, shuffled = compared(found, 0), defaultdict[str, Counter[str]](Counter)
    for seed in range(1, seeds + 1):
        for name, score in compared(random.Random(seed).sample(found, len(found)), seed).items():
            shuffled[name] += score
    heads = ["", "right first", "told though new", f"right first, {seeds} shuffles", "though new"]
    rows = [[name, *_cells(score), *_cells(shuffled[name])] for name, score in told.items()]
    return ResultGrid(f"Memory over {len(found)} recorded incidents", heads, rows)


def _cells(score: Counter[str]) -> list[str]:
    return [f"{score['right']} of {score['again']}", f"{score['false']} of {score['new']}"]
