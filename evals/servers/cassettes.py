"""Tapes of what real model servers answered, for tests that replay them without any server.

A tape holds no header but the content type, so no key either; a request that is not on it fails.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import vcr
from vcr.cassette import Cassette

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "cassettes"
MATCH = ("method", "scheme", "host", "port", "path", "words")
KEPT = "content-type"
INSTALLED = re.compile(r"/[^\s\"']*/(site-packages/)")
"""Where packages are installed on the machine that recorded: servers quote it in their errors."""
TEMPORARY = re.compile(rb"/tmp/\w+/")
"""Where recorded drills ran: their stack traces name it."""
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
    text = TEMPORARY.sub(b"/srv/", response["body"]["string"]).decode()
    body = {"string": INSTALLED.sub(r"\1", text).encode()}
    return {**response, "headers": headers, "body": body}
