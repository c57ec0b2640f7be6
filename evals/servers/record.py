"""Records what real model servers answer: `python -m warroom.evals.servers.record`.

Starts each server of model_server.py and keeps its answers in tests/cassettes/, where tests
replay them. Needs the extras `model` and `dev`, and takes some minutes.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import vcr
from vcr.cassette import Cassette

from ...errors import WarroomError
from ...incident.document import Incident
from .model_server import serving
from .wire_asks import PORTS, learnt, model, outcomes
from .wire_response import CALLING, KIND, investigation, response

THREADS = 2
"""Nothing else should run meanwhile."""


def boundary(kind: str) -> None:
    """The asks of wire_asks.py, and what was learnt from them."""
    with serving(kind, PORTS[kind]), tape(f"wire-{kind}", record=True):
        asked = model(kind)
        for name, outcome in outcomes(asked):
            print(f"{kind}: {name}: {outcome.answer or outcome.error!r}")
        print(f"{kind}: {learnt(asked)}")


def whole() -> None:
    """A whole response over a recorded drill."""
    with serving(KIND, PORTS[KIND]), tape("response", record=True):
        document = response()
    _told(document)


def deep() -> None:
    """The steps that look further and meet the skeptic."""
    with serving(CALLING, PORTS[CALLING], THREADS), tape("investigation", record=True):
        document = investigation()
    _told(document)


def _told(document: Incident) -> None:
    for call in document.model_calls:
        print(f"step {call.step}: {call.specialist}: {call.outcome}: {call.note}", flush=True)


def main() -> None:
    """Record all."""
    for kind in PORTS:
        boundary(kind)
    deep()
    whole()


FOLDER = Path(__file__).resolve().parents[2] / "tests" / "cassettes"
MATCH = ("method", "scheme", "host", "port", "path", "words")
KEPT = "content-type"
INSTALLED = re.compile(r"/[^\s\"']*/(site-packages/)")
"""Where packages are installed on the machine that recorded: servers quote it in their errors."""
TEMPORARY = re.compile(rb"/tmp/\w+/")
"""Where recorded drills ran: their stack traces name it."""
DATED = re.compile(rb'"id": ?"chatcmpl-[^"]*", ?|"created": ?\d+, ?|: ping - [^\r\n]*[\r\n]+')
"""What each piece of a stream says of its own date; nobody reads it."""
NUMBERED = re.compile(r'(?:\b|(?<=\\n))E\d+\b|(?<="max_tokens":)\d+')
"""Specialists work side by side: whose evidence gets which number differs from run to run, and by
its digits the room that is left for the answer."""


@contextmanager
def tape(name: str, *, record: bool = False, folder: Path = FOLDER) -> Iterator[Cassette]:
    """Plays the tape of this name, or records it anew over the wire.

    While it plays nothing reaches the network: a request that is not on it raises vcrpy's own
    CannotOverwriteExistingCassetteException, which no fallback catches. `all_played` says whether
    everything on the tape was asked for.
    """
    path = folder / f"{name}.yaml"
    if record:
        path.unlink(missing_ok=True)
    mode = vcr.mode.ALL if record else vcr.mode.NONE
    with recorder().use_cassette(str(path), record_mode=mode, allow_playback_repeats=False) as held:
        yield held


def recorder() -> vcr.VCR:
    """How tapes are written and compared."""
    held = vcr.VCR(
        match_on=MATCH,
        decode_compressed_response=True,
        before_record_request=asked,
        before_record_response=answered,
    )
    held.register_matcher("words", same_words)
    return held


def same_words(one: Any, other: Any) -> None:
    """Bodies are equal byte for byte, but for what NUMBERED says. Raises AssertionError."""
    assert words(one) == words(other)


def words(request: Any) -> str:
    """The body without such numbers."""
    body = request.body or b""
    return NUMBERED.sub("#", body.decode() if isinstance(body, bytes) else body)


def asked(request: Any) -> Any:
    """The request without its headers (a key, details of the machine) and without folders."""
    if isinstance(request.body, bytes):
        request.body = TEMPORARY.sub(b"/srv/", request.body)
    request.headers = {k: v for k, v in request.headers.items() if k.lower() == KEPT}
    return request


def answered(response: dict[str, Any]) -> dict[str, Any]:
    """The response without what says when and where it was recorded."""
    headers = {k: v for k, v in response["headers"].items() if k.lower() == KEPT}
    text = TEMPORARY.sub(b"/srv/", DATED.sub(b"", response["body"]["string"])).decode()
    body = {"string": INSTALLED.sub(r"\1", text).encode()}
    return {**response, "headers": headers, "body": body}


if __name__ == "__main__":
    try:
        main()
    except WarroomError as problem:
        sys.exit(str(problem))
