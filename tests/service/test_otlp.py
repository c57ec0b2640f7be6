"""OTLP over HTTP: what is taken, what is refused and how, that nothing sent does harm."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from warroom.intake.configuration import Authorization
from warroom.service import otlp
from warroom.service.otlp import JSON, PROTOBUF
from warroom.telemetry import rolling
from warroom.tests.support.bundles import START
from warroom.tests.support.otlp_backend import OtlpBackend, document

ROW = {"start": START, "service": "cart", "name": "GET /", "duration_ms": 3.0}
ROW |= {"trace_id": "a" * 32, "span_id": "b" * 16}
LOG = {"ts": START, "service": "cart", "message": "hello"}


@pytest.fixture
def backend(tmp_path: Path):
    made = OtlpBackend(tmp_path / "kept")
    yield made
    made.store.close()


def rows(backend: OtlpBackend, modality: str = "traces") -> list[dict]:
    texts = [path.read_text() for path in backend.files(modality)]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def protobuf(spans: int = 1, **facts) -> bytes:
    message = ExportTraceServiceRequest()
    part = message.resource_spans.add()
    part.resource.attributes.add(key="service.name").value.string_value = "cart"
    for number in range(spans):
        span = part.scope_spans.add().spans.add(name="GET /", **facts)
        span.trace_id, span.span_id = b"a" * 16, b"%08d" % number
        span.start_time_unix_nano = span.end_time_unix_nano = int(START * 1e9)
    return message.SerializeToString()


@pytest.mark.parametrize("packed", [False, True])
def test_protobuf_and_json_plain_and_gzipped(backend, packed):
    headers = {"content_encoding": "gzip"} if packed else {}
    for media, body in (
        (PROTOBUF, protobuf()),
        (JSON, json.dumps(document("traces", ROW)).encode()),
    ):
        answer = backend.post("traces", gzip.compress(body) if packed else body, media, **headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
        assert answer.content == (b"" if media == PROTOBUF else b"{}")
    assert [row["name"] for row in rows(backend)] == ["GET /", "GET /"]


def test_what_was_not_taken_is_counted_with_the_reason(backend):
    old, nameless = ROW | {"start": START - 30_000}, ROW | {"service": ""}
    answer = backend.post(
        "traces", json.dumps(document("traces", ROW, old, old, nameless)).encode()
    )
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"] == {
        "rejectedSpans": "3",
        "errorMessage": "2 spans older than the 6 h that are kept; 1 spans without service.name",
    }
    assert len(rows(backend)) == 1
    whole = ExportTraceServiceRequest()
    whole.resource_spans.add().scope_spans.add().spans.add(name="x")
    answer = backend.post("traces", whole.SerializeToString(), PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (partial.rejected_spans, partial.error_message) == (1, "1 spans without service.name")


def counted(backend: OtlpBackend, name: str) -> float:
    text = backend.client.get("/metrics").text
    return sum(float(li.split()[-1]) for li in text.splitlines() if li.startswith(f"{name}{{"))


def test_metrics_tell_what_came(backend):
    names = [f"warroom_otlp_{name}_total" for name in ("rows", "rejected_rows", "requests")]
    before = [counted(backend, name) for name in names]
    backend.post("traces", json.dumps(document("traces", ROW, ROW, ROW | {"service": ""})).encode())
    backend.post("traces", b"{")
    after = [counted(backend, name) for name in names]
    assert [b - a for a, b in zip(before, after, strict=True)] == [2, 1, 2]
    assert 'status="400"' in backend.client.get("/metrics").text


def test_an_empty_request_is_taken(backend):
    answer = backend.post("logs", b"", PROTOBUF)
    assert answer.status_code == 200
    assert not ExportLogsServiceResponse.FromString(answer.content).HasField("partial_success")


BOMB = gzip.compress(b"\0" * 50_000_000)
WHOLE = gzip.compress(json.dumps(document("traces", ROW)).encode())


@pytest.mark.parametrize(
    ("status", "signal", "body", "headers", "words"),
    [
        (404, "profiles", b"{}", {}, "send to /v1/traces"),
        (415, "traces", b"{}", {"media": "text/plain"}, "send application/x-protobuf or"),
        (415, "traces", b"{}", {"content_encoding": "zstd"}, "with gzip"),
        (400, "traces", b"<html>", {}, "no JSON"),
        (400, "traces", b"[]", {}, "no object"),
        (400, "traces", b"\xff\xfe{", {}, "no JSON"),
        (400, "traces", b"[" * 100_000, {}, "no JSON"),
        (400, "traces", b"<html>", {"media": PROTOBUF}, "no OTLP protobuf"),
        (400, "traces", b"{}", {"content_encoding": "gzip"}, "no gzip"),
        (400, "traces", WHOLE[:-20], {"content_encoding": "gzip"}, "breaks off"),
        (413, "traces", BOMB, {"content_encoding": "gzip"}, "inflates to more than"),
        (413, "traces", b" " * (otlp.MOST_BODY + 1), {}, "send less at once"),
        (413, "traces", b'{"a": [' + b"[]," * 2_000_001, {}, "send less at once"),
    ],
)
def test_what_is_refused_for_good_says_why(backend, status, signal, body, headers, words):
    answer = backend.post(signal, body, **headers)
    assert answer.status_code == status
    assert "retry-after" not in answer.headers
    if answer.headers["content-type"] == JSON:
        assert words in answer.json()["message"]
    else:
        assert words in Status.FromString(answer.content).message
    assert backend.files("traces") == []


def test_a_bomb_is_never_inflated(backend):
    tracemalloc.start()
    backend.post("traces", BOMB, content_encoding="gzip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * otlp.MOST_BODY


def test_a_body_that_does_not_say_its_length_is_cut_off(backend):
    parts = (b" " * 2**20 for _ in range(20))
    answer = backend.client.post("/v1/logs", content=parts, headers={"content-type": JSON})
    assert answer.status_code == 413


def test_only_who_knows_the_secret_may_send(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    known = Authorization.model_validate({"credentials_file": secret})
    backend = OtlpBackend(tmp_path / "kept", known)
    for given in ({}, {"authorization": "Bearer wrong"}, {"authorization": "s3cret"}):
        answer = backend.post("logs", b"{}", **given)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert backend.post("logs", b"{}", authorization="Bearer s3cret").status_code == 200
    assert backend.client.get("/metrics").status_code == 401
    secret.unlink()  # while it is changed
    answer = backend.post("logs", b"{}", authorization="Bearer s3cret")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    backend.store.close()


def test_a_full_disk_is_no_loss(backend, monkeypatch):
    body = json.dumps(document("logs", LOG)).encode()
    monkeypatch.setattr(rolling, "LEAST_FREE", 2**62)
    answer = backend.post("logs", body)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "the disk has less than" in answer.json()["message"]
    monkeypatch.undo()
    assert backend.post("logs", body).status_code == 200
    assert len(rows(backend, "logs")) == 1


def test_more_than_can_be_taken_comes_again_later(backend):
    body = json.dumps(document("logs", LOG)).encode()
    backend.receiver.at_once = otlp.MOST_AT_ONCE
    answer = backend.post("logs", body)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    backend.receiver.at_once, backend.receiver.bytes = 1, otlp.MOST_BYTES
    assert backend.post("logs", body).status_code == 429
    backend.receiver.at_once = 0  # one is always taken, however large
    assert backend.post("logs", body).status_code == 200
    assert (backend.receiver.at_once, backend.receiver.bytes) == (0, otlp.MOST_BYTES)


def test_what_takes_too_much_memory_is_refused(backend, monkeypatch):
    def out_of_memory(_document):
        raise MemoryError
        yield

    monkeypatch.setattr(otlp, "span_rows", out_of_memory)
    answer = backend.post("traces", protobuf(), PROTOBUF)
    assert answer.status_code == 413
    assert "too much memory" in Status.FromString(answer.content).message


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/cron.d/x", "a\nb", "x" * 5000, "\0"])
def test_a_name_is_data_and_no_path(backend, name):
    backend.write("traces", ROW | {"service": name, "name": name})
    files = [path.name for path in Path(backend.where).rglob("*") if path.is_file()]
    assert sorted(files) == ["1699999980-000.jsonl", "lock"]
    assert rows(backend)[0]["service"] == name
