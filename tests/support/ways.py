"""How a kind of source is tried: on a fake, on a real server, on what that answered once.

A real server's answers are recorded while it is tried, a tape for each test, and played where none
runs. A question that is not on the tape fails, and so does an answer that nobody asked for.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import vcr
from vcr.cassette import Cassette

from warroom.evals.conformance.servers import FOLDER, LIVE, TAPED
from warroom.tests.support.backends import BACKENDS, Backend, Row
from warroom.tests.support.fresh_files import FRESH
from warroom.tests.support.house import ROOT
from warroom.tests.support.http_backends import HttpBackend
from warroom.tests.support.real_servers import REAL

TAPES = ROOT / "tests" / "cassettes" / "sources"
NOWHERE = "http://127.0.0.1:1"
"""Where the servers on tape are: nobody listens there."""
KEPT = "content-type"
KNOWN = re.compile(rb"match%5B%5D=[^&]*&?")
"""Which metrics are asked for grows with the table of conventions: that is not compared."""
SPEAKS = {"OpenSearch": "elasticsearch/opensearch"}
"""The fake that a server is like, where there are several of its type."""
RUN = pytest.mark.skipif(FOLDER not in os.environ, reason="`make conformance` runs these")


@dataclass(frozen=True)
class Way:
    """One of them."""

    kind: str
    server: str = ""  # of the table of backends; empty: a fake
    live: bool = False
    taped: bool = True  # what it answers while it is live

    def __str__(self) -> str:
        return " ".join(filter(None, [self.kind, self.server and self.mode]))

    @property
    def mode(self) -> str:
        """In a word or two."""
        return f"{self.server} {'live' if self.live else 'played'}"

    @contextmanager
    def backend(self, root: Path, test: str) -> Iterator[Backend]:
        """What a source of the kind stands before in a test of that name."""
        with ExitStack() as stack:
            if not self.server:
                made = BACKENDS[self.kind](root)
                if isinstance(made, HttpBackend):
                    stack.callback(made.close)
            elif self.live:
                made = REAL[self.server](root)
                stack.callback(made.close)
                if self.taped:
                    stack.enter_context(tape(self.server, test, record=True))
            else:
                made = stack.enter_context(played(self.server, test))
            yield made


class Played:
    """A server on tape: what is written to it was written then."""

    where = NOWHERE

    def __init__(self, modality: str, stack: ExitStack) -> None:
        self.modality, self.stack = modality, stack

    def write(self, modality: str, *rows: Row) -> None:
        """Nothing is kept."""

    def fail(self) -> None:
        """From now on questions reach nobody."""
        self.stack.close()


PUSHED = ("/v1/traces", "/insert/jsonline")


@contextmanager
def played(server: str, test: str) -> Iterator[Played]:
    """What it answered in that test; all of it has to be asked for."""
    with ExitStack() as stack:
        held = stack.enter_context(tape(server, test))
        yield Played(REAL[server].modality, stack)
    assert held.all_played, f"{server} was asked for more when this was recorded: record it again"


@contextmanager
def tape(server: str, test: str, *, record: bool = False) -> Iterator[Cassette]:
    """Plays the tape of a test, or records it anew, which counts once the whole run is good."""
    path = TAPES / folder_of(server) / f"{named(test)}.yaml"
    if record:
        path = FRESH.place(path)
    mode = vcr.mode.ALL if record else vcr.mode.NONE
    held = vcr.VCR(
        match_on=("method", "uri", "body"),
        ignore_hosts=("localhost",),  # what is pushed into servers goes there
        decode_compressed_response=True,
        before_record_request=_asked,
        before_record_response=_answered,
    )
    with held.use_cassette(str(path), record_mode=mode, allow_playback_repeats=False) as cassette:
        yield cassette


def folder_of(server: str) -> str:
    """The folder of its tapes: of one version."""
    return f"{server}-{LIVE[server].version}".lower()


def named(test: str) -> str:
    """A test's name as a file's."""
    return re.sub(r"\W+", "-", test.removeprefix("test_")).strip("-")


def _asked(request: Any) -> Any:
    """The question without what says from where and to whom; None of what is pushed."""
    if request.path in PUSHED:
        return None
    request.uri = re.sub(r"^http://127\.0\.0\.1:\d+", NOWHERE, request.uri)
    if isinstance(request.body, bytes):
        request.body = KNOWN.sub(b"", request.body)
    request.headers = {k: v for k, v in request.headers.items() if k.lower() == KEPT}
    return request


def _answered(response: dict[str, Any]) -> dict[str, Any]:
    headers = {k: v for k, v in response["headers"].items() if k.lower() == KEPT}
    return {**response, "headers": headers}


def live(server: str, taped: bool) -> Any:
    """The parameter of a test that runs over a real server. One that is a package runs in CI too,
    where nothing is recorded."""
    program = LIVE[server].command
    if not LIVE[server].packaged or FOLDER in os.environ:
        marks = [pytest.mark.conformance, RUN]
    else:
        missing = pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not on PATH")
        marks, taped = [pytest.mark.thorough, missing], False
    return pytest.param(Way(spoken(server), server, live=True, taped=taped), marks=marks)


def spoken(server: str) -> str:
    """The kind of a real one."""
    return SPEAKS.get(server, LIVE[server].type)


def real_too(*kinds: str) -> pytest.MarkDecorator:
    """For a test that only writes rows and reads them: it runs over real servers of the kinds too,
    where there are any, and as it holds too many rows for a tape, over nothing else."""
    servers = [name for name in LIVE if spoken(name) in kinds]
    ways = [*map(Way, kinds), *(live(name, taped=False) for name in servers)]
    return pytest.mark.parametrize("way", ways, indirect=True, ids=str)


WAYS = [
    *map(Way, BACKENDS),
    *(live(name, taped=name in TAPED) for name in LIVE),
    *(Way(spoken(name), name) for name in TAPED),
]
