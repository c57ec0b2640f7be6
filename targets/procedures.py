"""Commands that an operator wrote down in operations.json, run as written: no shell, no environment
but what is named, bounded in time, killed with all that they started.
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, model_validator

from ..actions.capabilities import KEY, Platform
from ..actions.catalogue import CATALOGUE
from ..actions.inventory import Inventory, Procedure
from ..actions.procedures import Prepared, Procedures, Ran
from ..errors import Halfway, ToolFailed
from ..incident.action import ActionKind
from ..incident.evidence import digest
from ..text_safety.lines import one_line

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KEPT = 4096
"""Bytes of the end of what a command says."""
CHECK_S = 10.0
"""Seconds that a check may take: it is asked each time that somebody looks."""
DONE, NOT_DONE = 0, 1
"""What a check ends with; anything else says nothing."""


class Written(BaseModel):
    """One procedure as the operator wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    does: ActionKind = Field(description="renew certificate, clear cache, free space, …")
    target: str = Field(min_length=1, description="the service, cache or volume that it is for")
    run: list[str] = Field(min_length=1, description="program by its whole path, and arguments")
    back: list[str] = Field(default=[], description="the same for what takes it back")
    check: list[str] = Field(
        default=[], description="the same for what ends with 0 where it is done, with 1 where not"
    )
    seconds: float = Field(default=60.0, gt=0, le=170, description="it is killed after so long")
    environment: list[str] = Field(default=[], description="variables that it is handed on")
    folder: Path = Field(default=Path("/"), description="where it runs")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """A kind that there is, its way back where it has one, and programs that are there."""
        action = CATALOGUE.get(self.does)
        if action is None or not issubclass(action, Prepared):
            kinds = [kind for kind, known in CATALOGUE.items() if issubclass(known, Prepared)]
            raise ValueError(f"{self.does!r} is not prepared by a command: {', '.join(kinds)} are")
        if action.reversible() is not bool(self.back):
            wanted = "needs `back`, which undoes it" if action.reversible() else "has no way back"
            raise ValueError(f"{self.does} {wanted}")
        for words in filter(None, (self.run, self.back, self.check)):
            _program(Path(words[0]))
        return self


def _program(file: Path) -> None:
    """Raises ValueError where others could exchange it, or where it cannot be run."""
    if not file.is_absolute():
        raise ValueError(f"{file}: write its whole path")
    if not (file.is_file() and os.access(file, os.X_OK)):
        raise ValueError(f"{file} is no program that can be run")
    if file.stat().st_mode & 0o002:
        raise ValueError(f"{file} can be written by everybody: chmod o-w {file}")


class Commands(Procedures, Platform):
    """The procedures of one operations.json."""

    section = "procedures"

    def __init__(self, written: dict[str, Written]) -> None:
        self.written = written

    @classmethod
    def configured(cls, given: JsonValue) -> Self:
        """From the section's content. Raises ValueError with what to correct."""
        return cls(TypeAdapter(dict[str, Written]).validate_python(given))

    def inventory(self) -> Inventory:
        """All of them; each that has a check is asked."""
        return Inventory(procedures={name: _seen(one) for name, one in self.written.items()})

    def run(self, procedure: str) -> Ran:
        """Run it, unless its check says that it is done."""
        one = self._find(procedure)
        if _done(one):
            return Ran(procedure=procedure, changed=False, note="its check says that it was so")
        return _ran(procedure, one.run, one)

    def run_back(self, procedure: str) -> Ran:
        """Run its way back."""
        one = self._find(procedure)
        return _ran(procedure, one.back, one)

    def _find(self, procedure: str) -> Written:
        if procedure not in self.written:
            raise ToolFailed(f"{procedure} is prepared no more; known: {', '.join(self.written)}")
        return self.written[procedure]


def _seen(one: Written) -> Procedure:
    written = digest(one.model_dump(mode="json"))
    return Procedure(does=one.does, target=one.target, written=written, done=_done(one))


def _done(one: Written) -> bool | None:
    """What its check says; None: it has none, or that does not say."""
    if not one.check:
        return None
    ended = _Process(one.check, one).ended(CHECK_S)
    return ended == DONE if ended in (DONE, NOT_DONE) else None


def _ran(procedure: str, words: list[str], one: Written) -> Ran:
    """Raises Halfway where it failed or did not end: what it did until then nobody knows."""
    began = time.monotonic()
    process = _Process(words, one)
    ended = process.ended(one.seconds)
    seconds = round(time.monotonic() - began, 1)
    receipt = Ran(procedure=procedure, exit=ended, seconds=seconds, said=process.said())
    if ended == 0:
        return receipt
    how = f"ended with {ended}" if ended is not None else f"was killed after {one.seconds:g} s"
    last = f": {receipt.said.splitlines()[-1]}" if receipt.said else ""
    raise Halfway(f"{procedure} {how}{last}", receipt)


class _Process:
    """A command that runs, in a group of its own."""

    def __init__(self, words: list[str], one: Written) -> None:
        named = {name: os.environ[name] for name in one.environment if name in os.environ}
        environment = {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "WARROOM_EFFECT": KEY.get(), **named}
        try:
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=one.folder,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise ToolFailed(f"{words[0]} cannot be run: {error.strerror}") from error
        assert self.process.stdout is not None
        self.tail = b""
        self.reader = Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def _read(self, stream: IO[bytes]) -> None:
        """The end is kept, however much there is of it."""
        while part := os.read(stream.fileno(), KEPT):
            self.tail = (self.tail + part)[-KEPT:]

    def ended(self, seconds: float) -> int | None:
        """What it ended with; None: it was killed. Nothing of what it started is left."""
        try:
            ended = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            ended = None
        finally:
            _kill(self.process.pid)
            self.process.wait()
            self.reader.join(1)
        return ended

    def said(self) -> str:
        """The end of it, as plain lines."""
        text = self.tail.decode(errors="replace")
        return "\n".join(filter(None, (one_line(line)[:400] for line in text.splitlines())))


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):  # nothing of it is left
        os.killpg(group, signal.SIGKILL)
