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

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "cassettes"
MATCH = ("method", "scheme", "host", "port", "path", "body")
KEPT = "content-type"
INSTALLED = re.compile(r"/[^\s\"']*/(site-packages/)")
"""Where packages are installed on the machine that recorded: servers quote it in their errors."""


@contextmanager
def tape(name: str, *, record: bool = False, folder: Path = FOLDER) -> Iterator[Cassette]:
    """Plays the tape of this name, or records it anew over the wire.

    While it plays nothing reaches the network; a request that is not on it raises, which a model
    reports as ModelUnavailable. `all_played` of the tape says whether something was left over.
    """
    path = folder / f"{name}.yaml"
    if record:
        path.unlink(missing_ok=True)
    mode = vcr.mode.ALL if record else vcr.mode.NONE
    with recorder().use_cassette(str(path), record_mode=mode, allow_playback_repeats=False) as held:
        yield held


def recorder() -> vcr.VCR:
    """How tapes are written and compared."""
    return vcr.VCR(
        match_on=MATCH,
        decode_compressed_response=True,
        before_record_request=asked,
        before_record_response=answered,
    )


def asked(request: Any) -> Any:
    """The request without its headers: a key, and details of the machine."""
    request.headers = {k: v for k, v in request.headers.items() if k.lower() == KEPT}
    return request


def answered(response: dict[str, Any]) -> dict[str, Any]:
    """The response without what says when and where it was recorded."""
    headers = {k: v for k, v in response["headers"].items() if k.lower() == KEPT}
    text = response["body"]["string"].decode()
    body = {"string": INSTALLED.sub(r"\1", text).encode()}
    return {**response, "headers": headers, "body": body}
