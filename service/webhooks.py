"""POST /hooks/{receiver}: where systems send their alerts.

2xx means that the delivery is durable. 503 means that it is not, and that sending it again will do.
Every other refusal is final: 401 (not known, and not told why), 413, 415, and for a body that
cannot be read, which is kept, what its sender needs in order to stop.
"""

import asyncio
import logging
import time
import zlib

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ..errors import StoreError
from ..intake import authentication
from ..intake.configuration import Receiver
from ..intake.receiving import Reader, Received
from ..intake.reception import Reception
from ..telemetry.alerts import MOST_BYTES

LOG = logging.getLogger(__name__)
MEDIA = ("application/json", "text/plain")
"""And whatever ends in +json. SNS says text/plain of its JSON."""
INFLATED = {"": None, "identity": None, "gzip": 47, "deflate": 47}
"""zlib's window bits by Content-Encoding: gzip and zlib are told apart by their heads."""
SMALL = 65_536
"""Bytes that are read before anybody is asked who sends them."""
KEEP_S = 10.0
"""Longest wait for a commit."""
RETRY_S = 5
"""After which a sender that got 503 may try again."""

router = APIRouter()


class Refused(Exception):
    """The answer is this status and nothing else."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@router.post("/hooks/{receiver}", include_in_schema=False, max_body_size=MOST_BYTES)
async def take(receiver: str, request: Request) -> Response:
    """Keep what was sent, then say so."""
    reception: Reception = request.app.state.reception
    reader = reception.readers.get(receiver)
    if reader is None:
        return Response(status_code=404)
    try:
        received = await _received(reader, request)
        if received.confirm:
            await run_in_threadpool(reader.confirm, received.confirm)
        kept = asyncio.wrap_future(reception.committer.put(received.delivery))
        await asyncio.wait_for(kept, KEEP_S)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody hears it
    except Refused as refused:
        return Response(status_code=refused.status)
    except (StoreError, OSError, TimeoutError) as error:
        LOG.warning("receiver %s answers 503: %s", receiver, error)
        return Response(status_code=503, headers={"Retry-After": str(RETRY_S)})
    unread = received.delivery.problem and not received.delivery.alerts
    return Response(status_code=reader.refuses if unread else 200)


async def _received(reader: Reader, request: Request) -> Received:
    headers = {name.lower(): value for name, value in request.headers.items()}
    window = _window(headers)
    if not _small(headers):  # a stranger's is not even read
        unread = authentication.Request(headers, b"")
        if not await run_in_threadpool(reader.receiver.knows, unread):
            raise Refused(401)
    body = await request.body()
    return await run_in_threadpool(_read, reader, headers, body, window)


def _read(reader: Reader, headers: dict[str, str], body: bytes, window: int | None) -> Received:
    """In a thread: a storm takes a second to parse."""
    whole = authentication.Request(headers, _inflated(body, window, reader.receiver.most_bytes))
    if not reader.admits(whole, time.time()):
        raise Refused(401)
    return reader.read(whole)


def _small(headers: dict[str, str]) -> bool:
    length = headers.get("content-length", "")
    return length.isdecimal() and len(length) < 7 and int(length) <= SMALL


def _window(headers: dict[str, str]) -> int | None:
    media = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in INFLATED or not (media in MEDIA or media.endswith("+json")):
        raise Refused(415)
    return INFLATED[encoding]


def _inflated(body: bytes, window: int | None, most: int) -> bytes:
    """The body, never larger than `most` bytes."""
    if window is not None:
        try:
            body = zlib.decompressobj(window).decompress(body, most + 1)
        except zlib.error:
            raise Refused(400) from None
    if len(body) > most:
        raise Refused(413)
    return body


PASTE = """\
receivers:
  - name: warroom
    webhook_configs:
      - url: {url}/hooks/{name}
        send_resolved: true
        http_config:
          authorization:
            credentials_file: {file}"""
"""For alertmanager.yml."""


def paste(receiver: Receiver, url: str) -> str:
    """What makes an Alertmanager send to this receiver; empty for one of another kind, or whose
    secret does not lie in one file."""
    known = receiver.authorization
    if receiver.type != "alertmanager" or known is None or known.credentials_file is None:
        return ""
    return PASTE.format(url=url, name=receiver.name, file=known.credentials_file)
