"""`warroom connect`: what answers is written into warroom.yaml, and nothing else is touched."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.app.configuration_file import NAMED, read_configuration
from warroom.app.connecting import connect, extended
from warroom.errors import InputError, TableError, TelemetryError
from warroom.telemetry.sources.discovery import addressed
from warroom.tests.support.change_backends import GrafanaBackend
from warroom.tests.support.http_backends import serving
from warroom.tests.support.log_backends import LokiBackend
from warroom.tests.support.prometheus_backend import PrometheusBackend

LINES = ["{name: n}"]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(NAMED, str(tmp_path / "warroom.yaml"))
    return tmp_path / "warroom.yaml"


@pytest.fixture
def prometheus() -> Iterator[PrometheusBackend]:
    made = PrometheusBackend()
    for ago in range(600, 0, -30):
        row = {"ts": time.time() - ago, "name": "up", "service": "cart", "value": 1, "labels": {}}
        made.write("metrics", row)
    yield made
    made.close()


@pytest.fixture
def loki() -> Iterator[LokiBackend]:
    with serving(LokiBackend()) as made:
        yield made  # pyright: ignore[reportReturnType]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "datasources:\n  - {name: n}\n"),
        ("# a comment", "# a comment\ndatasources:\n  - {name: n}\n"),
        ("a: 1\ndatasources:\n", "a: 1\ndatasources:\n  - {name: n}\n"),
        ("datasources:  # all\nb: 1\n", "datasources:  # all\n  - {name: n}\nb: 1\n"),
        ("datasources: []\n", "datasources: [{name: n}]\n"),
        ("datasources: [{a: b}] # c\n", "datasources: [{a: b}, {name: n}] # c\n"),
        ("datasources:\n- {a: b}\n# end", "datasources:\n- {a: b}\n- {name: n}\n# end"),
        (
            "datasources:\n    - a: b   # mine\n      c:\n\n# next\nd: 2\n",
            "datasources:\n    - a: b   # mine\n      c:\n    - {name: n}\n\n# next\nd: 2\n",
        ),
        (
            "datasources:\n  - a: |\n      ä\n      b\nz: 1\n",
            "datasources:\n  - a: |\n      ä\n      b\n  - {name: n}\nz: 1\n",
        ),
    ],
)
def test_a_line_is_put_behind_the_last_one_and_the_rest_stays(before, after):
    assert extended(before, LINES) == after


def test_what_answers_is_written_with_what_was_seen(file, prometheus, tmp_path):
    token = tmp_path / "to$ken"
    token.write_text("s3cret")
    made = connect("prometheus", f"{prometheus.where}/", token, "", None)
    assert [one.name for one in made.written] == ["prometheus"]
    (found,) = read_configuration().datasources
    assert (found.name, found.type, found.url) == ("prometheus", "prometheus", prometheus.where)
    assert found.jsonData.timeInterval == 30
    assert found.authorization
    assert found.authorization.credentials_file == token
    assert prometheus.asked[0].headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in file.read_text()


def test_comments_and_rights_of_the_file_stay(file, prometheus, loki):
    text = "# ours\nserver: {listen: 127.0.0.1:0}  # any\n"
    file.write_text(text)
    file.chmod(0o640)
    connect("loki", loki.where, None, "logs", None)
    connect("prometheus", prometheus.where, None, "", None)
    assert file.read_text().startswith(text)
    assert file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in read_configuration().datasources] == ["logs", "prometheus"]


def test_the_same_again_changes_nothing(file, loki):
    connect("loki", loki.where, None, "", None)
    text = file.read_text()
    made = connect("loki", f"{loki.where}/", None, "", None)
    assert (made.known, made.written) == (["loki"], [])
    assert file.read_text() == text


def test_a_second_of_a_kind_gets_a_number_and_a_taken_name_is_refused(file, loki):
    connect("loki", loki.where, None, "", None)
    with serving(LokiBackend()) as other:
        with pytest.raises(InputError, match="has another loki already"):
            connect("loki", other.where, None, "loki", None)
        made = connect("loki", other.where, None, "", None)
    assert [one.name for one in made.written] == ["loki-2"]


@pytest.mark.parametrize("failing", ["401", "404", "garbage", "redirect"])
def test_what_does_not_answer_is_refused_and_nothing_is_written(file, loki, failing):
    loki.failing = failing
    with pytest.raises(TelemetryError, match="nothing was written"):
        connect("loki", loki.where, None, "", None)
    assert not file.exists()


@pytest.mark.parametrize(
    ("kind", "url", "said"),
    [
        ("lokki", "http://a", "(nearest: loki)"),
        ("loki", "a:1", "write http://"),
        ("loki", "http://u:p@a", "keep user, password"),
    ],
)
def test_what_cannot_be_named_is_refused_before_it_is_asked(file, kind, url, said):
    with pytest.raises(InputError, match=said):
        connect(kind, url, None, "", None)


def test_a_file_with_a_fault_is_left_as_it_is(file, loki):
    file.write_text("datasorces: []\n")
    with pytest.raises(TableError, match="no such key"):
        connect("loki", loki.where, None, "", None)
    assert file.read_text() == "datasorces: []\n"


def test_a_file_that_cannot_be_extended_says_what_to_paste(file, loki):
    text = "datasources: [{name: a, type: loki, url: 'http://a'}, ]\n"
    file.write_text(text)
    with pytest.raises(InputError, match=r"put into datasources .name: loki"):
        connect("loki", loki.where, None, "", None)
    assert file.read_text() == text


def test_all_that_answers_behind_a_grafana_is_written_with_its_token(file, prometheus, tmp_path):
    token = tmp_path / "token"
    token.write_text("viewer")
    with serving(GrafanaBackend()) as board:
        assert isinstance(board, GrafanaBackend)
        board.behind = {"P1": prometheus}
        board.datasources = [
            {"uid": "P1", "name": "Prom (main)", "type": "prometheus"},
            {"uid": "T1", "name": "Tempo", "type": "tempo"},
            {"uid": "G1", "name": "Graphite", "type": "graphite"},
        ]
        made = connect("grafana", board.where, token, "board", None)
        assert all(one.headers["authorization"] == "Bearer viewer" for one in board.asked)
    assert [one.name for one in made.written] == ["board", "prom-main"]
    assert [one.name for one in made.refused] == ["board-alerts", "tempo"]
    assert made.unread == ["Graphite: nothing here reads graphite"]
    _, found = read_configuration().datasources
    assert found.url == f"{board.where}/api/datasources/proxy/uid/P1"
    assert found.authorization
    assert found.authorization.credentials_file == token


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://github.com/shop/shop", "https://api.github.com"),
        ("https://github.com/shop/shop.git", "https://api.github.com"),
        ("https://api.github.com/repos/shop/shop", "https://api.github.com"),
        ("https://git.example.org/shop/shop/", "https://git.example.org/api/v3"),
        ("https://git.example.org/api/v3/repos/shop/shop", "https://git.example.org/api/v3"),
    ],
)
def test_a_repository_is_named_as_its_page_is(url, root):
    known = {"url": root, "jsonData": {"repository": "shop/shop"}}
    assert addressed("github", url) == known


@pytest.mark.parametrize(
    ("url", "project"),
    [
        ("https://gitlab.example.org/shop/web/checkout", "shop/web/checkout"),
        ("https://gitlab.example.org/shop/checkout.git", "shop/checkout"),
        ("https://gitlab.example.org/shop/checkout/-/tree/main/src", "shop/checkout"),
        ("https://gitlab.example.org/api/v4/projects/42/", "42"),
    ],
)
def test_a_project_is_named_as_its_page_is(url, project):
    known = {"url": "https://gitlab.example.org", "jsonData": {"repository": project}}
    assert addressed("gitlab", url) == known


def test_a_gitlab_without_a_project_stays_as_it_was_given():
    assert addressed("gitlab", "https://gitlab.example.org/") == {
        "url": "https://gitlab.example.org"
    }
