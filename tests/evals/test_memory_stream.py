"""Whether the right earlier incident is the first: recorded drills and unannounced faults of one
shop as a stream. Which ones are the same again was written down before anything was compared."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest
import yaml

from warroom.agents import steps
from warroom.agents.causes.history import COUNTS
from warroom.agents.runtime.context import ResponseContext
from warroom.app.configuration import settings
from warroom.app.opening import open_context, playbooks
from warroom.evals.incidents.cases import recorded
from warroom.evals.unannounced.recordings import recordings
from warroom.incident.document import Alert, Incident
from warroom.incident.filing import file_report
from warroom.incident.memory import Remembered, signs_of
from warroom.intake.handing import take
from warroom.record.memories import like, write
from warroom.record.store import Store
from warroom.telemetry.bundle import open_bundle
from warroom.tests.support.house import ROOT

AGAIN = yaml.safe_load((ROOT / "tests/cases/again.yaml").read_text())
GROUP = {name: what for what, names in AGAIN.items() for name in names}
SHARED = Path(__file__).parents[3] / "shared/data/unannounced"
MANY = 10_000


@dataclass(frozen=True)
class Past:
    """One incident of the stream: its name, whose alert, its signs."""

    name: str
    service: str
    signs: list[str]


def stream(work: Path) -> Iterator[Past]:
    """Each looked at by the playbooks as far as the cause, where nothing is remembered."""
    unannounced = recordings(SHARED, work / "bundles") if SHARED.is_dir() else ()
    for one in chain(recorded(work / "drills"), unannounced):
        home = settings().model_copy(update={"home": work / one.name})
        with closing(open_bundle(one.bundle)) as recorder:
            context = open_context(
                home, recorder=recorder, model_layer=playbooks, pace=0, rehearse=True
            )
            found = looked(context, one.alert)
        yield Past(one.name, one.alert.service, signs_of(found))


def looked(context: ResponseContext, alert: Alert) -> Incident:
    """Steps 1, 2 and 4."""
    store = context.store
    incident, _new = take(store, alert, context.clock())
    for step in (steps.DETECT, steps.SWEEP, steps.INVESTIGATE):
        report = step.playbook(context.case(incident, step, 1, lambda _event: None))
        store.update(incident, lambda doc, new=report: file_report(doc, new, store.payload))
    return store.load(incident)


@dataclass
class Score:
    """What came of asking for each."""

    right: int = 0
    newest: int = 0  # right by the trivial answer: the newest of the same service
    again: int = 0  # of so many that are the same again
    false: int = 0  # told of, though the first is another fault
    counted: int = 0  # of those, alike enough to count
    new: int = 0  # of so many that are new


def scored(found: list[Past], store: Store, counts: float) -> Score:
    """Each asked for before it is remembered itself."""
    score, before = Score(), list[Past]()
    for one in found:
        alike = like(store.engine, None, "", one.signs)
        same = [
            p.name for p in before if one.name in GROUP and GROUP.get(p.name) == GROUP[one.name]
        ]
        newest = next((p.name for p in reversed(before) if p.service == one.service), "")
        if same:
            score.again += 1
            score.right += bool(alike) and alike[0].memory.id in same
            score.newest += newest in same
        else:
            score.new += 1
            score.false += bool(alike)
            score.counted += bool(alike) and alike[0].likeness >= counts
        with store.engine.begin() as connection:
            write(connection, Remembered(id=one.name, title=one.service), one.signs)
        before.append(one)
    return score


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Past]:
    return list(stream(tmp_path_factory.mktemp("stream")))


@pytest.mark.thorough
def test_the_right_earlier_one_is_the_first(found: list[Past], tmp_path: Path):
    score = scored(found, Store.open(tmp_path / "memory.db"), COUNTS)
    assert score.right >= score.newest
    assert score.counted <= 0.1 * score.new
