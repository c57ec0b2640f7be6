"""Acting without our database: a person approves one exact plan at a terminal, and a file keeps it.

Each line of the file is on the disk before the action begins and after it ended, and names the
digest of the line before. It is the record of last resort: what our tables know (switches, freezes,
what other responses do to the same target) is not asked, so the person who approves decides alone.
"""

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, JsonValue

from ..actions import catalogue
from ..actions.base import Acting
from ..actions.capabilities import KEY, Receipt
from ..agents.reporting.incident_status import ended
from ..errors import Halfway, InputError, StoreError, ToolError
from ..incident.action import ActionPlan, Decision, Verdict
from ..incident.document import Incident
from ..incident.evidence import digest
from ..incident.identity import Identity, Vouched
from ..incident.people import DoneByHand
from ..incident.timeline import Event, EventKind, utc_now
from ..settings import Settings

FILE = "recovery.jsonl"
FIRST = "0" * 64
NEWEST = 20
"""Incidents that are looked at for whether they were open when something was done."""
ASIDE = "keep the file elsewhere to go on with a new one"


class Entry(BaseModel):
    """One line: an action or its undo, begun or ended."""

    number: int  # of the action, from 1
    does: Literal["execute", "undo"]
    ended: bool
    at: datetime
    by: str  # who approved, as the audit log has it
    plan: ActionPlan
    stage: int = 0  # of what is done in several
    receipt: dict[str, JsonValue] = {}
    error: str = ""
    before: str  # digest of the line before

    @property
    def known(self) -> bool:
        """Whether anything is there that an undo could put back."""
        return self.does == "execute" and self.ended and bool(self.receipt)

    @property
    def key(self) -> tuple[int, bool, datetime]:
        """By which an incident knows whether it has it."""
        return self.number, self.does == "undo", self.at

    @property
    def who(self) -> Identity:
        """Who approved."""
        account, _, name = self.by.partition(":")[2].partition(" as ")
        return Identity(name or account, Vouched.terminal, account)

    def file(self, document: Incident, _at: datetime) -> str:
        """Into the document, as a line of its timeline at the time at which it ended."""
        number, undo, at = self.key
        title, by = catalogue.sentence_of(self.plan).rstrip("."), self.who.name
        act = DoneByHand(number=number, undo=undo, at=at, by=by, title=title, error=self.error)
        act.receipt, act.kind, act.target = self.receipt, self.plan.kind, self.plan.target
        document.by_hand.append(act)
        document.record(Event(at=at, actor=by, kind=EventKind.action, text=act.told))
        return ""


class Journal:
    """What was done by hand, in the home."""

    def __init__(self, home: Path) -> None:
        self.path = home / FILE

    def entries(self) -> list[Entry]:
        """In their order. Raises StoreError where a line is cut, edited or missing."""
        found, before = [], FIRST
        for number, line in enumerate(self._lines(), 1):
            try:
                entry = Entry.model_validate_json(line)
            except ValueError as error:
                told = f"{self.path}:{number} cannot be read ({type(error).__name__})"
                raise StoreError(f"{told}; {ASIDE}") from error
            if entry.before != before:
                told = f"{self.path}:{number} does not follow the line before it"
                raise StoreError(f"{told}; {ASIDE}")
            found.append(entry)
            before = digest(json.loads(line))
        return found

    def unreported(self) -> list[Entry]:
        """What was begun and has no end: whoever began it died, or does it still."""
        entries = self.entries()
        ended = {(entry.number, entry.does) for entry in entries if entry.ended}
        return [e for e in entries if (e.number, e.does) not in ended]

    def add(self, entry: Entry) -> Entry:
        """On the disk when this returns. Raises StoreError: then nothing may be done."""
        lines = self._lines()
        entry.before = digest(json.loads(lines[-1])) if lines else FIRST
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, (entry.model_dump_json() + "\n").encode())
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written ({error.strerror})") from error
        return entry

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read ({error.strerror})") from error


class Recovery:
    """One system, one person, the file of what they do."""

    def __init__(self, system: Acting, home: Path, who: Identity) -> None:
        self.system, self.who, self.journal = system, who, Journal(home)

    def planned(self, kind: str, target: str, parameters: Mapping[str, Any]) -> ActionPlan:
        """An exact plan over the system as it is now. Raises ToolRetry with what to correct."""
        why = f"chosen by {self.who.name} at the terminal"
        return catalogue.plan(kind, target, parameters, why, inventory=self.system.inventory())

    def carry_out(self, plan: ActionPlan, approved: str, stage: int = 0) -> Entry:
        """Do it, or this stage of it, once it is on record. Raises InputError where another plan
        was approved, StoreError where it cannot be kept, ToolRetry where the system is not as
        planned for."""
        decision = self._decision(plan, approved)
        catalogue.fitting(self.system, plan, stage)
        number = 1 + max((entry.number for entry in self.journal.entries()), default=0)
        begun = self._begin(number, "execute", plan, stage)
        try:
            done = catalogue.execute(self.system, plan, decision, stage)
        except ToolError as error:
            kept = error.receipt if isinstance(error, Halfway) else None
            return self._end(begun, kept, str(error))
        return self._end(begun, done)

    def take_back(self, number: int) -> Entry:
        """Undo the action of this number. Raises InputError where there is nothing to undo."""
        entries = [entry for entry in self.journal.entries() if entry.number == number]
        done = next((entry for entry in entries if entry.known), None)
        if done is None:
            raise InputError(f"no action {number} with a receipt: `--list` has what was done")
        if any(entry.does == "undo" and entry.ended and not entry.error for entry in entries):
            raise InputError(f"action {number} was undone already")
        begun = self._begin(number, "undo", done.plan, done.stage)
        decision = self._decision(done.plan, done.plan.hash)
        try:
            receipt = catalogue.undo(self.system, done.plan, done.receipt, decision, done.stage)
        except ToolError as error:
            return self._end(begun, None, str(error))
        return self._end(begun, receipt)

    def put_on_record(self, settings: Settings, operations: Path) -> list[str]:
        """Have what ended so far in the record of each incident that was open then: of those over
        these operations, else of those over none, of today, that name what was acted on. Which
        ones are new to it. Raises StoreError."""
        from ..record.store import Store  # only once what had to be done is done
        from .configuration import recall
        from .lifecycle import change_in

        done = [entry for entry in self.journal.entries() if entry.ended]
        if not done or (isinstance(settings.database, Path) and not settings.database.exists()):
            return []
        store, changed = Store.open(settings.database, settings.key_file), list[str]()
        over = {row.id: recall(settings, row.id).operations for row in store.incidents()[:NEWEST]}
        here = [id_ for id_, file in over.items() if file == operations.resolve()]
        for id_ in here or [id_ for id_, file in over.items() if file is None]:
            document = store.load(id_)
            end = ended(document) or utc_now()
            known = {(act.number, act.undo, act.at) for act in document.by_hand}
            during = [act for act in done if document.opened_at <= act.at <= end]
            during = [act for act in during if here or _concerns(document, act)]
            acts = [act for act in during if act.key not in known]
            with store.durable.begin() as connection:
                for act in acts:
                    change_in(connection, id_, act.who, "recover", act.file)
            changed += [id_] if acts else []
        return changed

    def _decision(self, plan: ActionPlan, approved: str) -> Decision:
        if approved != plan.hash:
            raise InputError("another plan was approved than this one: look at it anew")
        verdict = Verdict.approved
        return Decision(subject=plan.hash, verdict=verdict, by=self.who.name, at=utc_now())

    def _begin(
        self, number: int, does: Literal["execute", "undo"], plan: ActionPlan, stage: int
    ) -> Entry:
        KEY.set(f"recover:{does}:{number}:{plan.hash}")
        return self.journal.add(
            Entry(
                number=number,
                does=does,
                ended=False,
                at=utc_now(),
                by=str(self.who),
                plan=plan,
                stage=stage,
                before="",
            )
        )

    def _end(self, begun: Entry, receipt: Receipt | None, error: str = "") -> Entry:
        kept = receipt.model_dump(mode="json") if receipt is not None else {}
        said = {"ended": True, "at": utc_now(), "receipt": kept, "error": error}
        return self.journal.add(begun.model_copy(update=said))


DAY = timedelta(days=1)
"""An alert that fired longer ago is of another trouble, or of a recording."""


def _concerns(document: Incident, act: Entry) -> bool:
    """Whether what was acted on is named by an incident of today, whatever system it is of."""
    named = {document.alert.service, *(service.name for service in document.services)}
    return act.plan.target in named and act.at - document.fired < DAY
