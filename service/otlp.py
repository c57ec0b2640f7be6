"""POST /v1/traces, /v1/logs and /v1/metrics: OpenTelemetry's protocol over HTTP.

200 means that what was sent outlives this process, but for what the answer counts as rejected. 429
and 503 mean that it is to be sent again; any other refusal is final. GET /metrics tells what came.
"""

import asyncio
import json
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar

from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client import Counter as Growing
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ..errors import StoreUnavailable, TelemetryError
from ..intake import authentication
from ..intake.configuration import Authorization, read_secrets
from ..telemetry.rolling import MINUTE_S, RollingStore
from ..telemetry.sources.otlp import from_protobuf, span_rows
from ..telemetry.sources.otlp_logs import log_rows
from ..telemetry.sources.otlp_metrics import MetricRows

T = TypeVar("T")
PROTOBUF, JSON = "application/x-protobuf", "application/json"
ANSWERS: dict[str, tuple[Any, str]] = {
    "traces": (ExportTraceServiceResponse, "spans"),
    "logs": (ExportLogsServiceResponse, "log_records"),
    "metrics": (ExportMetricsServiceResponse, "data_points"),
}
"""By signal: the answer, and what is counted in it."""
MOST_BODY = 16 * 2**20
"""Bytes of a request, and of what it inflates to."""
MOST_AT_ONCE, MOST_BYTES = 32, 24 * 2**20
"""Requests that wait, and about how many bytes: what a core translates while their senders wait."""
SHRUNK = 8
"""So many bytes of telemetry gzip makes one of."""
MOST_OBJECTS = 2_000_000
"""Brackets of JSON in one request: memory is many times the body's."""
BODY_S = 10.0
"""A body has to come within."""
RETRY = {"Retry-After": "5"}
ROWS = Growing("warroom_otlp_rows", "Spans, log records, data points taken in.", ["signal"])
LEFT = Growing("warroom_otlp_rejected_rows", "Those that were not; senders know why.", ["signal"])
ASKED = Growing("warroom_otlp_requests", "Requests, by what was answered.", ["signal", "status"])
MOST_SAID = 5


class Refused(Exception):
    """An answer that is no success; its words go to the sender."""

    def __init__(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.status, self.headers = status, headers


class Receiver:
    """Takes telemetry into a store. One thread translates and writes; others wait, or come again.

    authorization: how senders are known; None: whoever can reach it may send.
    """

    def __init__(self, store: RollingStore, authorization: Authorization | None) -> None:
        self.store, self.authorization = store, authorization
        self.metrics = MetricRows()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="otlp")
        self.at_once = self.bytes = 0

    def app(self) -> Starlette:
        """The routes."""
        taking = Route("/v1/{signal}", self.answer, methods=["POST"])
        routes = [taking, Route("/metrics", self.exposition, methods=["GET"])]
        return Starlette(routes=routes, lifespan=self._lifespan)

    async def exposition(self, request: Request) -> Response:
        """What came, in Prometheus' format, for who may send."""
        try:
            self._identified(request)
        except Refused as refused:
            return Response(str(refused), refused.status, refused.headers)
        except StoreUnavailable as error:
            return Response(str(error), 503, RETRY)
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def answer(self, request: Request) -> Response:
        """Take what was sent, and say what of it was not taken."""
        signal = request.path_params["signal"]
        response = await self._answered(request, signal)
        known = signal if signal in ANSWERS else "other"
        ASKED.labels(known, str(response.status_code)).inc()
        return response

    async def _answered(self, request: Request, signal: str) -> Response:
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            gzipped = self._admitted(request, signal, media)
            with self._room(request, gzipped):
                body = await _body(request)
                loop = asyncio.get_running_loop()
                work = loop.run_in_executor(self.thread, self._take, signal, media, body, gzipped)
                return _said(media, _answer(signal, await work))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        except Refused as refused:
            return _said(media, Status(message=str(refused)), refused.status, refused.headers)
        except StoreUnavailable as error:
            return _said(media, Status(message=f"{error}; send it again"), 503, RETRY)

    def _admitted(self, request: Request, signal: str, media: str) -> bool:
        """Whether the body is gzipped. Raises Refused before it is read, StoreUnavailable where a
        secret cannot be."""
        self._identified(request)
        if signal not in ANSWERS:
            raise Refused(404, f"send to {', '.join(f'/v1/{name}' for name in ANSWERS)}")
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if media not in (PROTOBUF, JSON) or encoding not in ("identity", "", "gzip"):
            raise Refused(415, f"send {PROTOBUF} or {JSON}, as it is or with gzip")
        return encoding == "gzip"

    def _identified(self, request: Request) -> None:
        if known := self.authorization:
            asked = authentication.Request(dict(request.headers), b"")
            if not authentication.bears(asked, known.type, read_secrets(known.files)):
                headers = {"WWW-Authenticate": known.type}
                raise Refused(401, "send the Authorization header that otlp: names", headers)

    @contextmanager
    def _room(self, request: Request, gzipped: bool) -> Iterator[None]:
        """Count a request in. Raises Refused where too much waits already."""
        length = request.headers.get("content-length", "")
        size = int(length) if length.isdecimal() and len(length) < 12 else MOST_BODY
        if size > MOST_BODY:
            raise Refused(413, f"a request may have {MOST_BODY} bytes: send less at once")
        size = min(MOST_BODY, size * (SHRUNK if gzipped else 1))
        if self.at_once >= MOST_AT_ONCE or (self.at_once and self.bytes + size > MOST_BYTES):
            raise Refused(429, "more comes than can be taken: send it again later", RETRY)
        self.at_once, self.bytes = self.at_once + 1, self.bytes + size
        try:
            yield
        finally:
            self.at_once, self.bytes = self.at_once - 1, self.bytes - size

    def _take(self, signal: str, media: str, body: bytes, gzipped: bool) -> Counter[str]:
        """Why rows are refused, and how many. In the one thread."""
        refused = Counter[str]()
        try:
            whole = _inflated(body) if gzipped else body
            document = from_protobuf(whole, signal) if media == PROTOBUF else _decoded(whole)
            if signal == "metrics":
                rows = self.metrics.rows(document, refused)
            else:
                rows = (span_rows if signal == "traces" else log_rows)(document)
            known, handed = refused.total(), Counter[str]()
            left = self.store.add(signal, _numbered(rows, handed), refused)
            ROWS.labels(signal).inc(handed.total() + known - left.total())
            LEFT.labels(signal).inc(left.total())
            return left
        except TelemetryError as error:
            raise Refused(400, str(error)) from error
        except MemoryError as error:
            raise Refused(413, "this takes too much memory: send less at once") from error

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        pruning = asyncio.create_task(self._prune())
        try:
            yield
        finally:
            pruning.cancel()
            self.thread.shutdown()
            self.store.close()

    async def _prune(self) -> None:
        """What is too old leaves although nothing comes."""
        while True:
            await asyncio.sleep(MINUTE_S)
            with suppress(OSError):
                await asyncio.get_running_loop().run_in_executor(self.thread, self.store.prune)


def _numbered(rows: Iterable[T], into: Counter[str]) -> Iterator[T]:
    for row in rows:
        into[""] += 1
        yield row


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BODY:
                    raise Refused(413, f"a request may have {MOST_BODY} bytes: send less at once")
    except TimeoutError as error:
        raise Refused(408, f"the body did not come within {BODY_S:g} s") from error
    return bytes(body)


def _inflated(body: bytes) -> bytes:
    """Never more than MOST_BODY of it. Raises Refused."""
    reading = zlib.decompressobj(31)
    try:
        whole = reading.decompress(body, MOST_BODY + 1)
    except zlib.error as error:
        raise Refused(400, "the body is no gzip") from error
    if len(whole) > MOST_BODY:
        raise Refused(413, f"the body inflates to more than {MOST_BODY} bytes: send less at once")
    if not reading.eof:
        raise Refused(400, "the body's gzip breaks off")
    return whole


def _decoded(body: bytes) -> Any:
    """JSON of bounded size. Raises Refused."""
    if body.count(b"{") + body.count(b"[") > MOST_OBJECTS:
        raise Refused(413, f"more than {MOST_OBJECTS} objects: send less at once")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "the body is no JSON") from error
    if not isinstance(document, dict):
        raise Refused(400, "the body is no request of OTLP: it is no object")
    return document


def _answer(signal: str, refused: Counter[str]) -> Any:
    """With what of it was not taken, and why."""
    make, what = ANSWERS[signal]
    answer = make()
    if refused:
        setattr(answer.partial_success, f"rejected_{what}", refused.total())
        words = [f"{count} {what.replace('_', ' ')} {why}" for why, count in refused.most_common()]
        answer.partial_success.error_message = "; ".join(words[:MOST_SAID])
    return answer


def _said(
    media: str, message: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """In the sender's own encoding."""
    if media == JSON:
        return Response(json.dumps(MessageToDict(message)), status, headers, JSON)
    return Response(message.SerializeToString(), status, headers, PROTOBUF)
