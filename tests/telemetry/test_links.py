"""Where people open what was asked: the host is the configuration's, the rest is encoded."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from warroom.telemetry.model import Window
from warroom.telemetry.sources.datasource import Datasource, JsonData
from warroom.telemetry.sources.http import HttpApi
from warroom.telemetry.sources.jaeger import Jaeger
from warroom.telemetry.sources.links import LONGEST, backend_queries, link_of
from warroom.telemetry.sources.source import About, Asked, Scope
from warroom.telemetry.sources.tempo import Tempo

WINDOW = Window(1_700_000_000.0, 1_700_003_600.0)
HOSTILE = '{job="a"} |= ") [x](https://evil.example) #&?=\n<script>"'


def source(kind: str, url: str = "http://backend:1234/base", **json_data: str) -> Datasource:
    return Datasource.model_validate(
        {"name": "mine", "type": kind, "url": url, "jsonData": json_data}
    )


def opened(link: str) -> tuple[str, dict]:
    """The host of an Explore link, and its one pane."""
    parts = urlsplit(link)
    assert parts.path.endswith("/explore")
    return parts.netloc, json.loads(parse_qs(parts.query)["panes"][0])["a"]


@pytest.mark.parametrize(
    ("kind", "path", "name", "until"),
    [
        ("prometheus", "/base/graph", "g0.expr", "2023-11-14 23:14:00"),
        ("victorialogs", "/base/select/vmui/", "query", "2023-11-14T23:14:00Z"),
    ],
)
def test_a_query_is_shown_by_its_backend_where_there_is_no_grafana(kind, path, name, until):
    parts = urlsplit(link_of(source(kind), Asked("x", HOSTILE), WINDOW))
    assert (parts.netloc, parts.path) == ("backend:1234", path)
    for shown in map(parse_qs, (parts.query, parts.fragment.removeprefix("/?"))):
        assert shown[name] == [HOSTILE]
        assert shown["g0.end_input"] == [until]
        assert shown["g0.range_input"] == ["3640s"]


@pytest.mark.parametrize("kind", ["prometheus", "loki", "tempo", "jaeger", "victorialogs"])
def test_grafana_opens_it_with_its_window(kind):
    link = link_of(source(kind), Asked("x", HOSTILE), WINDOW, "https://grafana.example.org/sub")
    host, pane = opened(link)
    assert host == "grafana.example.org"
    assert HOSTILE in pane["queries"][0].values()
    assert pane["range"] == {"from": "1700000000000", "to": "1700003600000"}
    assert pane["datasource"] == pane["queries"][0]["datasource"]["uid"] == "mine"


def test_a_source_behind_grafanas_proxy_is_opened_there():
    proxied = source("loki", "https://g.example.org/api/datasources/proxy/uid/P8E80F9AEF21F6940")
    host, pane = opened(link_of(proxied, Asked("logql", "{}"), WINDOW))
    assert (host, pane["datasource"]) == ("g.example.org", "P8E80F9AEF21F6940")


def test_the_sources_own_words_win():
    own = source("loki", grafana="https://own.example.org", uid="abc")
    host, pane = opened(link_of(own, Asked("logql", "{}"), WINDOW, "https://other.example.org"))
    assert (host, pane["datasource"]) == ("own.example.org", "abc")


def test_what_has_no_page_has_no_link():
    assert link_of(source("loki"), Asked("logql", "{}"), WINDOW) == ""
    assert link_of(source("git", "/srv/mirror"), Asked("git", "x", ("commit", "a")), WINDOW) == ""
    long = Asked("promql", "x" * (LONGEST + 1), ("graph",))
    assert link_of(source("prometheus"), long, WINDOW, "https://grafana.example.org") == ""


def test_a_commit_has_its_page():
    sha = "a" * 40
    git = source("git", "/srv/mirror", external_url="https://code.example.org/shop/shop/")
    page = link_of(git, Asked("git", "x", ("commit", sha)), WINDOW)
    assert page == f"https://code.example.org/shop/shop/commit/{sha}"
    for url, people in (
        ("https://api.github.com", "https://github.com"),
        ("https://git.example.org/api/v3", "https://git.example.org"),
    ):
        asked = Asked("git", "x", ("shop", "shop", "commit", "../x"))
        link = link_of(source("github", url), asked, WINDOW)
        assert link == f"{people}/shop/shop/commit/..%2Fx"


def test_traces_are_opened_by_id():
    about = About(WINDOW, frozenset(["cart"]), traces=("ab12",))
    jaeger = Jaeger(HttpApi(source("jaeger", "http://jaeger:16686")))
    assert [one.link for one in backend_queries([jaeger], {"traces"}, about)] == [
        "http://jaeger:16686/trace/ab12"
    ]
    tempo = Tempo(HttpApi(source("tempo")))
    assert [one.query for one in backend_queries([tempo], {"traces"}, about)] == ["ab12"]
    assert not backend_queries([tempo], {"logs"}, about)


@pytest.mark.parametrize("name", ["grafana", "external_url"])
@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "https://u:p@host", "https://host/?x=1", "https://host/ x", "host"],
)
def test_an_address_for_people_is_a_plain_one(name, address):
    with pytest.raises(ValidationError):
        JsonData.model_validate({name: address})


def test_a_scope_is_narrowed_to_what_is_meant():
    everything, some = Scope(), Scope(frozenset(["a", "b"]))
    assert everything.within(frozenset(["c"])) == Scope(frozenset(["c"]))
    assert some.within(frozenset(["b", "c"])) == Scope(frozenset(["b"]))
    assert some.within(frozenset()) == some
    assert some.within(frozenset(["c"])) is None
