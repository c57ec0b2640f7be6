"""Logs of Elasticsearch and OpenSearch: their mappings, points in time and parts of answers, over
fakes of the published APIs."""

from collections.abc import Iterator
from typing import Any

import pytest

from warroom.telemetry.model import LogRecord
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected
from warroom.telemetry.sources.source import EVER
from warroom.tests.support.bundles import START
from warroom.tests.support.elasticsearch_backend import ElasticsearchBackend, OpenSearchBackend
from warroom.tests.support.http_backends import Question, Reply, serving

FLAVOURS = {"elasticsearch": ElasticsearchBackend, "opensearch": OpenSearchBackend}


@pytest.fixture(params=FLAVOURS)
def backend(request: pytest.FixtureRequest) -> Iterator[ElasticsearchBackend]:
    with serving(FLAVOURS[request.param]()) as made:
        yield made  # pyright: ignore


def write(backend: ElasticsearchBackend, at: float, text: str, **labels: str) -> None:
    known = {name.replace("__", "."): value for name, value in labels.items()}
    backend.write("logs", {"ts": START + at, "service": "shop", "message": text, "labels": known})


def read(backend: ElasticsearchBackend, **data: Any) -> tuple[list[LogRecord], str]:
    """The lines of a service, and what is said of them, ten minutes later."""
    given = {"name": "es", "type": "elasticsearch", "url": backend.where, "jsonData": data}
    recorder = Recorder(connected([Datasource.model_validate(given)]), clock=lambda: START + 600)
    recorder.focus("shop", START)
    recording = recorder.advance()
    (said,) = [one.problem for one in recording.coverage() if one.modality == "logs"]
    return recording.logs(EVER), said


def test_names_of_the_common_schema_are_known(backend):
    own = {"kubernetes__pod__name": "shop-1", "trace__id": "abc", "agent__type": "filebeat"}
    write(backend, 1, "card declined", log__level="ERROR", order="7", **own)
    (found,), said = read(backend)
    assert said == ""
    assert (found.message, found.level, found.trace_id) == ("card declined", "error", "abc")
    assert found.instance == "shop-1"
    assert found.attributes == {"order": "7"}


def test_names_of_opentelemetry_are_known(backend):
    backend.service = "resource.attributes.service.name"
    own = {"resource.attributes.k8s.pod.name": "shop-1", "attributes.http.route": "/pay"}
    labels = own | {"severity_text": "Warn", "trace_id": "abc"}
    row = {"ts": START + 1, "service": "shop", "message": "slow", "labels": labels}
    backend.write("logs", row)
    (found,), _ = read(backend)
    assert (found.service, found.level, found.trace_id) == ("shop", "warning", "abc")
    assert found.instance == "shop-1"
    assert found.attributes == {"http.route": "/pay"}


def test_indexes_that_name_a_service_differently_are_read_together(backend):
    write(backend, 1, "one")
    backend.service = "resource.attributes.service.name"
    write(backend, 2, "two")
    assert [one.message for one in read(backend)[0]] == ["one", "two"]


def test_an_index_that_has_the_service_as_text_does_not_hide_the_others(backend):
    backend.clashing = True
    write(backend, 1, "one")
    assert [one.message for one in read(backend)[0]] == ["one"]


def test_fields_of_ones_own_are_read(backend):
    write(backend, 1, "ignored", what="said", how="fatal")
    (found,), _ = read(backend, logMessageField="what", logLevelField="how")
    assert (found.message, found.level) == ("said", "critical")


def test_a_point_in_time_is_let_go_whatever_happens(backend):
    for number in range(20):
        write(backend, number, f"line {number}")
    assert len(read(backend, maxLines=7)[0]) == 20
    assert (backend.opened, backend.points) == (1, {})
    answer = backend.answer

    def failing(question: Question) -> Reply:
        return Reply(b"", 500) if question.path == "/_search" else answer(question)

    backend.answer = failing
    assert read(backend)[0] == []
    assert (backend.opened, backend.points) == (2, {})


def test_a_failed_shard_is_said_beside_what_there_is(backend):
    write(backend, 1, "one")
    backend.failed_shards = 2
    found, said = read(backend)
    assert [one.message for one in found] == ["one"]
    assert "answered in part: 2 of its shards failed" in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"index": "nope"}, "no such address (404)"),
        ({"timeField": "time"}, "holds no time in logs-*: name the datasource's jsonData.index"),
    ],
)
def test_where_there_are_no_logs_is_said(backend, data, said):
    write(backend, 1, "one")
    found, problem = read(backend, **data)
    assert found == []
    assert said in problem


def test_who_may_not_see_the_version_can_still_read():
    with serving(ElasticsearchBackend()) as backend:
        assert isinstance(backend, ElasticsearchBackend)
        write(backend, 1, "one")
        answer = backend.answer
        forbidden = Reply({"error": {"reason": "cluster:monitor/main"}}, 403)
        backend.answer = lambda question: forbidden if question.path == "/" else answer(question)
        assert [one.message for one in read(backend)[0]] == ["one"]
