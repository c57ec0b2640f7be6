"""How every backend over HTTP is asked: what goes there, and what is said when it goes wrong."""

import gzip
import json
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from pydantic import ValidationError

from warroom.errors import TelemetryError
from warroom.incident.evidence import BackendLoad
from warroom.telemetry.sources import http
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.http import HttpApi
from warroom.tests.support.http_backends import HttpBackend, Question, Reply
from warroom.tests.support.incidents import minimal


class Echo(HttpBackend):
    """Says what it was asked."""

    def answer(self, question: Question) -> Reply:
        return Reply({"path": question.path, "params": question.params})


@pytest.fixture
def backend() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


def api(backend: HttpBackend, **facts) -> HttpApi:
    given = {"name": "prom", "type": "prometheus", "url": backend.where, "timeout": "5s"}
    return HttpApi(Datasource.model_validate(given | facts))


def test_text_of_an_alert_is_a_parameter_or_one_segment(backend):
    asked = api(backend, url=f"{backend.where}/base/")
    hostile = "a/../b?c=d#e&f\r\nHost: evil"
    found = asked.json("api", hostile, params={"query": hostile})
    assert found["path"] == f"/base/api/{hostile}"
    assert found["params"] == {"query": [hostile]}
    assert backend.asked[0].headers["host"] == backend.where.removeprefix("http://")
    for name in ("..", ".", ""):
        with pytest.raises(TelemetryError, match="no name"):
            asked.json("api", name, params={})


@pytest.mark.parametrize(
    ("given", "header", "said"),
    [
        ({"authorization": {"credentials_file": "FILE"}}, "authorization", "Bearer one"),
        (
            {"basic_auth": {"username": "me", "password_file": "FILE"}},
            "authorization",
            "Basic bWU6b25l",
        ),
        ({"http_headers": {"X-Key": {"files": ["FILE"]}}}, "x-key", "one"),
        ({"http_headers": {"X-Scope-OrgID": {"values": ["team"]}}}, "x-scope-orgid", "team"),
    ],
)
def test_we_are_known_as_configured(backend, tmp_path, given, header, said):
    (tmp_path / "secret").write_text("one\n")
    filled = json.loads(json.dumps(given).replace("FILE", str(tmp_path / "secret")))
    api(backend, **filled).json("api", params={})
    assert backend.asked[0].headers[header] == said


def test_a_secret_is_read_at_each_use_and_told_to_nobody(backend, tmp_path):
    secret: Path = tmp_path / "secret"
    asked = api(backend, authorization={"credentials_file": secret})
    with pytest.raises(TelemetryError, match="secret cannot be read"):
        asked.json("api", params={})
    for text in ("first", "second"):
        secret.write_text(text)
        backend.failing = "401"
        with pytest.raises(TelemetryError) as caught:
            asked.json("api", params={})
        assert backend.asked[-1].headers["authorization"] == f"Bearer {text}"
        assert text not in str(caught.value)
    assert len(backend.asked) == 2


@pytest.mark.parametrize(
    ("failing", "said", "times"),
    [
        ("401", "does not accept our credentials", 1),
        ("403", "forbids it (403): give this login the right to read: not you", 1),
        ("404", "is it really prometheus?", 1),
        ("429", "left alone for now (429), for 30 s", 1),
        ("502", "answered HTTP 502 at", 2),
        ("garbage", "'<html>sign in</html>' and no JSON", 1),
        ("partial", "broke off", 2),
        ("redirect", "sends us elsewhere (302)", 1),
        ("slow", "did not answer within 0.2 s", 1),
    ],
)
def test_what_is_wrong_is_said_with_its_place(backend, failing, said, times):
    backend.failing = failing
    with pytest.raises(TelemetryError) as caught:
        api(backend, timeout=0.2 if failing == "slow" else 60).json("api", params={"token": "s3"})
    assert said in str(caught.value)
    assert f"{backend.where}/api" in str(caught.value)
    assert "s3" not in str(caught.value)
    assert len(backend.asked) == times


def test_what_is_down_is_said(backend):
    backend.close()
    with pytest.raises(TelemetryError, match="cannot be reached"):
        api(backend).json("api", params={})


def test_a_body_is_bounded_also_inside_gzip(backend, monkeypatch):
    monkeypatch.setattr(http, "MOST_BYTES", 2**20)
    bomb = Reply(gzip.compress(b" " * 2**22), headers={"Content-Encoding": "gzip"})
    monkeypatch.setattr(backend, "answer", lambda question: bomb)
    with pytest.raises(TelemetryError, match="more than 1 MB"):
        api(backend).json("api", params={})


@pytest.mark.parametrize(("ahead", "said"), [(0, ""), (-3600, "behind ours"), (400, "ahead of")])
def test_a_wrong_clock_is_said(backend, monkeypatch, ahead, said):
    monkeypatch.setattr(http.time, "time", lambda: 1_700_000_000.0)
    backend.extra = {"Date": formatdate(1_700_000_000 + ahead, usegmt=True)}
    asked = api(backend)
    asked.json("api", params={})
    assert (said in asked.clock()) if said else asked.clock() == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": "prometheus:9090"}, "write http://host:port"),
        ({"url": "http://me:secret@host"}, "keep user, password"),
        ({"url": "http://host/?token=x"}, "keep user, password"),
        ({"timeout": "soon"}, "write a duration"),
        (
            {
                "authorization": {"credentials_file": "f"},
                "basic_auth": {"username": "u", "password_file": "f"},
            },
            "they are the same header",
        ),
    ],
)
def test_a_datasource_that_cannot_be_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        Datasource.model_validate(
            {"name": "prom", "type": "prometheus", "url": "http://host"} | given
        )


def test_what_is_asked_is_counted(backend):
    asked = api(backend)
    bodies = [asked.ask("api", params={"query": "x" * size}) for size in (1, 1000)]
    backend.close()
    with pytest.raises(TelemetryError):
        asked.ask("api")
    load = asked.loaded()
    assert (load.datasource, load.bytes) == ("prom", sum(map(len, bodies)))
    assert load.requests == 4  # what cannot be reached is tried once more
    assert asked.loaded().requests == 0
    incident = minimal()
    for told in (load, load, BackendLoad(datasource="logs", requests=1)):
        incident.charge([told])
    assert [(one.datasource, one.requests) for one in incident.loads] == [("prom", 8), ("logs", 1)]
