"""Runs the command line in this process, and opens rooms for what the console shows."""

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from warroom.actions.inventory import Inventory, Part
from warroom.agents.runtime.context import ResponseContext
from warroom.console.main import main
from warroom.console.screen import THEME
from warroom.incident.document import Incident
from warroom.record.ledger import Request
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.targets.stand_ins import Rehearsal
from warroom.targets.survey import Recorded
from warroom.telemetry.bundle import no_telemetry
from warroom.telemetry.recorder import Recorder

FOREVER = 9e9
INVENTORY = Inventory(
    services={
        "checkout": Part(
            instances=["checkout-1"],
            spares=["checkout-2"],
            version="v1.1.0",
            previous="v1.0.0",
            versions=["v0.9.0", "v1.0.0", "v1.1.0"],
        )
    }
)


@dataclass(frozen=True)
class Said:
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """`warroom …` with a home of its own, without a terminal."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture):
        self.home, self.patch, self.capture = home, patch, capture
        patch.setenv("WARROOM_HOME", str(home))
        patch.chdir(home.parent)

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Said:
        self.patch.setattr(sys, "argv", ["warroom", *arguments])
        self.patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main()
        said = self.capture.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    @property
    def store(self) -> Store:
        return Store.open(Settings(home=self.home).database)


def kept(store: Store, document: Incident) -> Incident:
    """The document in the store, with evidence whose payloads can be fetched."""
    records, document.evidence = document.evidence, []
    store.create(document)
    for record in records:
        store.add_evidence(document.id, record, {"rows": [], "summary": record.summary})
    return store.load(document.id)


def asked(store: Store, document: Incident, kind: str = "action") -> Request:
    """A question about the document's last plan, or its last message."""
    plan = kind == "action"
    thing = document.proposals[-1] if plan else document.communications[-1]
    title = document.proposals[-1].title if plan else document.communications[-1].subject
    request = Request(document.id, thing.hash, kind, title, 0.0, FOREVER)
    store.ledger.ask(request)
    return request


def context(home: Path, recorder: Recorder | None = None) -> ResponseContext:
    """A room over a rehearsed system with one service, checkout."""
    settings = Settings(home=home)
    return ResponseContext(
        settings,
        Store.open(settings.database),
        recorder or no_telemetry(),
        operations=Rehearsal(INVENTORY),
        survey=Recorded(INVENTORY, {}),
    )


def paper(width: int = 100) -> Console:
    """A console that prints into memory, without colour."""
    return Console(file=io.StringIO(), theme=THEME, width=width, highlight=False, color_system=None)


def printed(console: Console) -> str:
    """What was printed on paper so far."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
