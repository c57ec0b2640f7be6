"""Other responders as their own users call them: from a package, in a process and a home of their
own, which knows nothing of ours but where telemetry and endpoint are."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Literal

from pydantic import Field

from ...errors import InputError, ModelUnavailable
from ...settings import Settings
from ...yaml_tables import Entry, read_table
from ..rca.answers import ModelWord, RcaAnswer
from ..rca.cases import RcaCase
from .counting import SECONDS, TOKENS, Meter, counted
from .reading import read
from .telemetry import Shown, filed, served, shown

FOLDER = "WARROOM_PEERS"
"""The environment variable that names the folder of what is set up."""
WAYS = {"servers": served, "files": filed}
QUESTION = """\
An alert fired at {at}: {name} (service: {service}). {summary}
What is the root cause, and in which service does it lie? It is now {now}. Metrics carry the label
`service`, log lines the field `service.name`. If the telemetry does not show it, say so."""


class Peer(Entry):
    """One of them."""

    version: str = Field(description="of its package")
    program: str = Field(description="that its package installs")
    fed: Literal["servers", "files"] = Field(description="where it finds telemetry")
    arguments: tuple[str, ...] = Field(description="that it is started with")
    environment: dict[str, str] = Field(description="all that it knows of its surroundings")
    files: dict[str, str] = Field(description="that lie in its folder")
    answer: str = Field(description="the field of answer.json that says the root cause")
    pins: str = Field(description="every package that is installed beside it, exactly")


PEERS = read_table("evals/peers/peers.yaml", dict[str, Peer])


def place(name: str) -> Path:
    """Where a peer is installed: outside the tree, one folder a version."""
    root = os.environ.get(FOLDER) or Path.home() / ".cache" / "warroom-peers"
    return Path(root) / f"{name}-{PEERS[name].version}"


def set_up(name: str) -> str:
    """Install it in exactly these versions; where. Raises InputError in pip's words."""
    wanted = [f"{name}=={PEERS[name].version}", *PEERS[name].pins.split()]
    pip = [str(place(name) / "bin/python"), "-m", "pip", "install", "--quiet", "--no-deps", *wanted]
    for command in ([sys.executable, "-m", "venv", str(place(name))], pip):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise InputError(f"{name} cannot be installed: {ended.stderr.strip()[-600:]}")
    return f"{name} {PEERS[name].version}: {place(name)}"


def ask(name: str, configured: Settings, case: RcaCase) -> list[RcaAnswer]:
    """Whom a peer blames, and what it took; nobody, where it has no answer within the budget.

    Raises ModelUnavailable where it is not set up, or ends without an answer otherwise.
    """
    peer, program = PEERS[name], place(name) / "bin" / PEERS[name].program
    with TemporaryDirectory() as root, counted(configured) as meter:
        if not program.is_file():
            raise ModelUnavailable(f"{name} is not set up: warroom eval peers setup")
        found, folder = shown(case, Path(root) / "bundle"), Path(root) / "home"
        folder.mkdir()
        with WAYS[peer.fed](found, Path(root)) as places:
            known = {"folder": str(folder), "url": meter.url, "model": configured.model}
            said = _run(peer, [str(program)], known | places | told(found), meter)
    heard = ModelWord(model=configured.model, tokens=meter.tokens, calls=meter.calls)
    return [read(said, found.services).model_copy(update={"heard": heard})]


def told(found: Shown) -> dict[str, str]:
    """The alert, in the words in which everybody is asked; a `quoted_` text is JSON."""
    times = (found.starts + found.shift, time.time())
    at, now = (datetime.fromtimestamp(one, UTC).isoformat(timespec="seconds") for one in times)
    known = {"service": "", "summary": "", **found.alert, "at": at}
    said = QUESTION.format(**known | {"now": now, "service": known["service"] or "not named"})
    texts = {"question": said, **known}
    quoted = {f"quoted_{name}": json.dumps(text) for name, text in texts.items()}
    return {**quoted, "question": said}


def _run(peer: Peer, command: list[str], known: dict[str, str], meter: Meter) -> str:
    def filled(text: str) -> str:
        return Template(text).substitute(known)

    folder = Path(known["folder"])
    for file, text in peer.files.items():
        (folder / file).write_text(filled(text), encoding="utf-8")
    own = {name: filled(text) for name, text in peer.environment.items()}
    own |= {"HOME": str(folder), "PATH": os.defpath, "LANG": "C.UTF-8", "NO_PROXY": "127.0.0.1"}
    quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    asked = [*command, *map(filled, peer.arguments)]
    try:
        ended = subprocess.run(asked, cwd=folder, env=own, timeout=SECONDS, check=False, **quiet)
    except subprocess.TimeoutExpired:
        return ""
    try:
        return str(json.loads((folder / "answer.json").read_text())[peer.answer] or "")
    except (OSError, ValueError, KeyError) as error:
        if meter.tokens >= TOKENS:
            return ""
        last = (ended.stderr.strip() or ended.stdout.strip())[-300:]
        raise ModelUnavailable(f"it ended without an answer: {last}") from error
