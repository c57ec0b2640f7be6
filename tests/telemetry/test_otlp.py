"""OpenTelemetry's spans as lines of a bundle: names, ids, what is broken."""

import base64
import json

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status, TracesData

from warroom.errors import TelemetryError
from warroom.telemetry.sources.otlp import MOST_ATTRIBUTES, from_protobuf, span_rows

TRACE, SPAN, ABOVE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
BASE64 = {text: base64.b64encode(bytes.fromhex(text)).decode() for text in (TRACE, SPAN, ABOVE)}


def pairs(**facts) -> list[dict]:
    kinds = {str: "stringValue", int: "intValue", bool: "boolValue", float: "doubleValue"}
    return [
        {"key": key.replace("__", "."), "value": {kinds[type(value)]: value}}
        for key, value in facts.items()
    ]


def document(*spans: dict, **resource) -> dict:
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": pairs(service__name="checkout", **resource)},
                "scopeSpans": [{"spans": list(spans)}],
            }
        ]
    }


def span(**facts) -> dict:
    times = {"startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000012500000"}
    return {"traceId": TRACE, "spanId": SPAN, "name": "POST /pay"} | times | facts


def only(*spans: dict, **resource) -> dict:
    (row,) = span_rows(document(*spans, **resource))
    return row


def test_a_span_is_a_line_of_a_bundle():
    status = {"code": 2, "message": "declined"}
    row = only(span(parentSpanId=ABOVE, kind=3, status=status), k8s__pod__name="checkout-7f9")
    assert row == {
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_id": ABOVE,
        "service": "checkout",
        "instance": "checkout-7f9",
        "name": "POST /pay",
        "kind": "client",
        "start": 1_700_000_000.0,
        "duration_ms": 12.5,
        "status": "error",
        "status_message": "declined",
    }


def test_enumerations_and_ids_come_in_two_spellings():
    named = {"kind": "SPAN_KIND_SERVER", "status": {"code": "STATUS_CODE_OK"}}
    ids = {"traceId": BASE64[TRACE], "spanId": BASE64[SPAN], "parentSpanId": "0" * 16}
    row = only(span(**named, **ids))
    assert (row["kind"], row["status"]) == ("server", "ok")
    assert (row["trace_id"], row["span_id"], "parent_id" in row) == (TRACE, SPAN, False)


def test_older_names_become_todays():
    old = pairs(http__status_code="503", http__method="POST", net__peer__name="stock")
    old += pairs(db__statement="SELECT 1", otel__scope__name="noise")
    row = only(span(attributes=old), service__version="1.4", telemetry__sdk__name="noise")
    assert row["attributes"] == {
        "http.response.status_code": 503,
        "http.request.method": "POST",
        "server.address": "stock",
        "db.query.text": "SELECT 1",
        "service.version": "1.4",
    }


def test_of_two_names_of_one_thing_the_first_counts():
    both = pairs(http__response__status_code=200, http__status_code=500)
    assert only(span(attributes=both))["attributes"] == {"http.response.status_code": 200}


@pytest.mark.parametrize(
    ("address", "kind", "peer"),
    [
        ("stock.shop.svc.cluster.local", 3, "stock"),
        ("stock.shop.svc", 3, "stock"),
        ("stock.shop.svc", 2, None),  # a server's own address
        ("api.stripe.example", 3, None),
        ("stock", 3, None),  # said well enough by server.address
    ],
)
def test_who_is_called_inside_kubernetes(address, kind, peer):
    row = only(span(kind=kind, attributes=pairs(server__address=address)))
    assert row["attributes"].get("peer.service") == peer


def test_the_last_exception_is_lifted_onto_its_span():
    events = [
        {"name": "exception", "attributes": pairs(exception__type="First")},
        {"name": "exception", "attributes": pairs(exception__type="Timeout", other="x")},
        {"name": "retry", "attributes": pairs(exception__type="No")},
    ]
    assert only(span(events=events))["attributes"] == {"exception.type": "Timeout"}


def test_protobuf_says_the_same_as_json():
    found = span(kind=2, status={"code": 2}, attributes=pairs(http__route="/pay", retries=3))
    message = TracesData()
    made = message.resource_spans.add()
    made.resource.attributes.add(key="service.name").value.string_value = "checkout"
    sent = made.scope_spans.add().spans.add(name="POST /pay", kind=2)
    sent.trace_id, sent.span_id = bytes.fromhex(TRACE), bytes.fromhex(SPAN)
    sent.start_time_unix_nano, sent.end_time_unix_nano = 1700000000000000000, 1700000000012500000
    sent.status.code = Status.STATUS_CODE_ERROR
    sent.attributes.add(key="http.route").value.string_value = "/pay"
    sent.attributes.add(key="retries").value.int_value = 3
    assert list(span_rows(from_protobuf(message.SerializeToString()))) == [only(found)]


def test_what_is_no_protobuf_is_said():
    with pytest.raises(TelemetryError, match="no OTLP protobuf"):
        from_protobuf(b"<html>")


@pytest.mark.parametrize(
    "broken",
    [None, [], "x", 3, {"resourceSpans": 1}, {"resourceSpans": [None, {"scopeSpans": "x"}]}],
)
def test_what_holds_no_spans_gives_none(broken):
    assert list(span_rows(broken)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"startTimeUnixNano": "soon"},
        {"startTimeUnixNano": "9" * 400, "endTimeUnixNano": 1e308},
        {"attributes": pairs(http__status_code="9" * 19_000)},
        {"endTimeUnixNano": None},
        {"kind": {"a": 1}, "status": [], "name": None},
        {"attributes": [None, {"key": None, "value": 3}, {"value": {"arrayValue": "x"}}]},
        {"events": [{"name": "exception", "attributes": "x"}]},
        {"traceId": 5, "spanId": ["x"], "parentSpanId": {}},
    ],
)
def test_what_is_wrong_in_a_span_does_no_harm(wrong):
    row = only(span(**wrong))
    assert row["service"] == "checkout"
    json.dumps(row, allow_nan=False)


def test_a_span_has_its_bounds():
    deep: dict = {"stringValue": "x"}
    for _ in range(500):
        deep = {"arrayValue": {"values": [deep]}}
    many = [{"key": f"k{i}", "value": {"stringValue": "y" * 10**6}} for i in range(100)]
    row = only(span(attributes=[{"key": "deep", "value": deep}, *many]))
    assert row["attributes"]["deep"] == [[[None]]]
    assert len(row["attributes"]) == MOST_ATTRIBUTES
    assert len(json.dumps(row)) < 2 * 10**6
