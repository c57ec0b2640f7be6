"""How the process ends: exit codes that a program may rely on, an error in one line on stderr."""

import errno
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

from ..errors import ApprovalError, InputError, NotFound, WarroomError
from ..incident.document import Incident
from ..incident.lifecycle import OVER


class Exit(IntEnum):
    """0 also means: the alert was noise, or joined an incident that runs already."""

    done = 0
    failed = 1  # Warroom itself could not go on: its store, its drill
    bad_input = 2  # what was given cannot be used: an alert, a bundle, an option, an approval
    not_found = 3  # no such incident, plan or drill
    waiting = 4  # a person has to decide before it can go on
    unresolved = 5  # the response ended and telemetry does not confirm a recovery
    drifted = 6  # a replay answers otherwise than the record
    interrupted = 130


def of_error(error: WarroomError) -> Exit:
    """The code for an error that reaches the edge of the process."""
    if isinstance(error, (InputError, ApprovalError)):
        return Exit.bad_input
    return Exit.not_found if isinstance(error, NotFound) else Exit.failed


def of_incident(document: Incident, waiting: bool) -> Exit:
    """The code for an incident as it stands when the response stops."""
    if waiting:
        return Exit.waiting
    return Exit.done if document.state in OVER else Exit.unresolved


RIGHTS = "give yourself the right to it, or name another"
GONE = "it was there before: put it back, or name another"
ROOM = "make room on the disk, then `warroom resume` goes on"
TO_DO = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EACCES: RIGHTS,
    errno.EPERM: RIGHTS,
    errno.EROFS: RIGHTS,
    errno.ENOENT: GONE,
    errno.ENOTDIR: GONE,
    errno.EIO: "the disk does not answer as it should: check it",
}
"""What a person can do about a file that the system refuses."""


def report(error: Exception) -> Exit:
    """Print one line; the exit code. What we did not expect is written to a file."""
    if isinstance(error, WarroomError):
        _say(f"warroom: {_one_line(str(error))}")
        return of_error(error)
    if isinstance(error, BrokenPipeError):
        sys.stderr.close()  # whoever read our output has left: nobody to tell
        return Exit.failed
    if isinstance(error, OSError) and error.errno in TO_DO:
        what = error.filename or "a file"
        _say(f"warroom: {_one_line(f'{what}: {error.strerror}; {TO_DO[error.errno]}')}")
        return Exit.failed
    where = _write("".join(traceback.format_exception(error)))
    name = type(error).__name__
    _say(f"warroom: unexpected {name}: {_one_line(str(error))}; details are in {where}")
    return Exit.failed


def _write(details: str) -> Path:
    name = f"warroom-error-{datetime.now(UTC):%Y%m%d-%H%M%S}.txt"
    for folder in (_home(), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(details, encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return Path("nowhere: no folder could be written")


def _home() -> Path:
    from ..settings import Settings

    try:
        return Settings().home
    except ValueError:  # the settings themselves may be what is wrong
        return Path(tempfile.gettempdir())


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _one_line(text: str) -> str:
    from .screen import here, shown

    return here(shown(text, 600))
