"""The response with no model, over a root-cause case written as a bundle.

A service's score is the highest confidence of a hypothesis about it. The commit is the change that
the leading hypothesis blames, where that is a commit of the case.
"""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from ..agents.ceiling import FloorOnly
from ..agents.room import Room
from ..incident.document import Incident
from ..incident.store import Store
from ..settings import Settings
from ..telemetry.alerts import read_alerts
from ..telemetry.bundle import Bundle
from .rca_answer import NO_COMMIT, Answering, RcaAnswer
from .rca_bundle import shipped_json, write
from .rca_cases import RcaCase
from .rca_changes import commits_of
from .run import respond


def floor_of(settings: Settings) -> Answering:
    """What answers under these settings, whatever model they name."""
    return lambda case: [floor_answer(case, respond_to(case, settings))]


def respond_to(case: RcaCase, settings: Settings) -> Incident:
    """The document that a whole response leaves, each time in a fresh home."""
    with TemporaryDirectory() as folder:
        home, bundle = Path(folder) / "home", Path(folder) / "bundle"
        home.mkdir()
        own = settings.model_copy(update={"home": home})
        with closing(Bundle(write(case, bundle))) as telemetry:
            store = Store.open(own.database)
            room = Room(own, store, telemetry, sleep=lambda _: None, ceiling=FloorOnly())
            (alert,) = read_alerts((bundle / "alert.json").read_bytes())
            return store.load(respond(alert, room))


def floor_answer(case: RcaCase, document: Incident) -> RcaAnswer:
    """What a document says about the case: its hypotheses, and the change that it blames."""
    scores: dict[str, float] = {}
    for found in document.hypotheses:
        scores[found.service] = max(found.confidence, scores.get(found.service, 0.0))
    scores.pop("", None)
    leading = document.leading()
    return RcaAnswer(
        scores=scores,
        probability=leading.confidence if leading else None,
        kind=leading.kind.value if leading else "",
        commit=_commit(case, leading.change if leading else None),
    )


def _commit(case: RcaCase, blamed: str | None) -> str | None:
    """The sha, 'none' where something else is blamed, None where there are no commits at all.

    Who blames nobody has not said that no commit is guilty: empty, which is never right.
    """
    known = commits_of(shipped_json(case, "changes.json") or {})
    if not known:
        return None
    if blamed is None:
        return ""
    return blamed if blamed in known else NO_COMMIT
