"""What a backend has computed itself counts by its expression, never by its name."""

from typing import Any

import numpy as np
import promql_parser
import pytest

from warroom.telemetry.model import Window
from warroom.telemetry.promql import SeriesScope
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.signal_catalogue import CATALOGUE
from warroom.telemetry.signals import read_signals
from warroom.telemetry.sources.computed import native, recorded
from warroom.telemetry.sources.conventions import CONVENTIONS
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected
from warroom.telemetry.sources.source import EVERYTHING, Scope
from warroom.tests.support.bundles import START
from warroom.tests.support.prometheus_backend import PrometheusBackend

SOURCE = Datasource.model_validate({"name": "prom", "type": "prometheus", "url": "http://prom"})
SHOP = Scope(frozenset(["shop"]))
ISTIO = 'istio_requests_total{reporter="destination"'
BAD = " / sum by (job) (rate(http_requests_total[5m]))"


def rule(query: str, name: str = "a:b:c", **labels: str) -> dict[str, Any]:
    return {"name": name, "query": query, "labels": labels, "type": "recording"}


def meant(*rules: dict[str, Any]) -> list[str]:
    return [one.signal for one in recorded([{"rules": list(rules)}], SHOP, SOURCE.whose)]


@pytest.mark.parametrize(
    ("query", "signal"),
    [
        ("sum by (job) (rate(http_requests_total[5m]))", "request_rate"),
        ("(sum(rate(http_requests_total[90s])) by (service))", "request_rate"),
        ("sum by (job) (irate(http_requests_total[5m]))", ""),
        ("sum by (job) (increase(http_requests_total[5m]))", ""),
        ("avg by (job) (rate(http_requests_total[5m]))", ""),
        ("sum by (job, code) (rate(http_requests_total[5m]))", ""),
        ("sum by (pod) (rate(http_requests_total[5m]))", ""),
        ("sum without (pod) (rate(http_requests_total[5m]))", ""),
        ('sum by (job) (rate(http_requests_total{route="/"}[5m]))', ""),
        ("sum by (job) (rate(http_requests_total[5m] offset 1d))", ""),
        ("sum by (job) (rate(other_requests_total[5m]))", ""),
        ('sum by (job) (rate(http_requests_total{code=~"5.."}[5m]))' + BAD, "error_rate"),
        ('sum by (job) (rate(http_requests_total{status=~"5.*"}[5m]))' + BAD, "error_rate"),
        ('sum by (job) (rate(http_requests_total{code="429"}[5m]))' + BAD, "throttled_rate"),
        ('sum by (job) (rate(http_requests_total{code=~"[45].."}[5m]))' + BAD, ""),
        (f"sum by (destination_app) (rate({ISTIO}}}[1m]))", "request_rate"),
        ("sum by (destination_app) (rate(istio_requests_total[1m]))", ""),
        (
            "histogram_quantile(0.95, sum by (le, job) "
            "(rate(http_server_request_duration_seconds_bucket[5m])))",
            "latency_p95",
        ),
        (
            "histogram_quantile(0.99, sum by (le, job) "
            "(rate(http_request_duration_seconds_bucket[5m])))",
            "",
        ),
        ("max by (job) (http_requests_in_flight)", ""),
        ("sum by (job) (http_requests_in_flight)", "in_flight"),
        ("this is another dialect", ""),
    ],
)
def test_a_rule_is_what_its_expression_says(query, signal):
    assert meant(rule(query)) == [signal] * bool(signal)
    assert not meant(rule("vector(1)", "job:http_requests:rate5m"))


def test_a_name_that_stands_for_two_things_stands_for_none():
    rate = "sum by (job) (rate(http_requests_total[5m]))"
    assert meant(rule(rate), rule("vector(1)")) == []
    (one,) = recorded([{"rules": [rule(rate, by="us")]}], SHOP, SOURCE.whose)
    assert one.query == '{__name__="a:b:c",job=~"(?:shop)",by="us"}'


def test_milliseconds_become_seconds():
    spent = "istio_request_duration_milliseconds_bucket"
    query = f'sum by (destination_app, le) (rate({spent}{{reporter="destination"}}[5m]))'
    (one,) = recorded([{"rules": [rule(f"histogram_quantile(0.5, {query})")]}], SHOP, SOURCE.whose)
    assert (one.signal, one.factor) == ("latency_p50", 0.001)


def test_a_signal_of_which_only_the_recorded_series_are_left_is_known_by_them():
    backend = PrometheusBackend()
    backend.rules = [rule("sum by (job) (rate(http_requests_total[5m]))", "job:requests:rate5m")]
    for second in range(0, 120, 5):
        row = {"ts": START + second, "name": "job:requests:rate5m", "service": "", "value": 7.0}
        backend.write("metrics", row | {"labels": {"job": "shop"}})
    given = SOURCE.model_copy(update={"url": backend.where})
    made = Recorder(connected([given]), clock=lambda: START + 120)
    made.focus("shop", START)
    (signal,) = read_signals(made.advance(), Window(START + 60, START + 120), ["shop"])
    assert (signal.name, signal.source, np.nanmax(signal.values)) == ("request_rate", "backend", 7)
    (coverage,) = (one for one in made.recording.coverage() if one.modality == "metrics")
    assert "request_rate by job:requests:rate5m, a recording rule" in coverage.problem
    made.close()
    backend.close()


def test_a_summary_is_no_native_histogram():
    series = {"__name__": "http_request_duration_seconds", "job": "shop"}
    assert [one.signal for one in native([series], SHOP, SOURCE.whose, "5m")]
    assert not list(native([series | {"quantile": "0.5"}], SHOP, SOURCE.whose, "5m"))


def test_every_query_of_metrics_parses():
    hostile = Scope(frozenset(['a"b\\', "c|d\n", "é"]))
    queries = [known.recipe.promql(SeriesScope('a"b\\')) for known in CATALOGUE.values()]
    for convention in CONVENTIONS:
        for whose in convention.whose(SOURCE.whose):
            for scope in (hostile, SHOP, EVERYTHING):
                queries.append(convention.selector(convention.named, whose, scope))
            series = {whose.label: "shop", **convention.where}
            found = [{"__name__": name, **series} for name in convention.native]
            queries += [one.query for one in native(found, SHOP, SOURCE.whose, "75s")]
    assert len(queries) > 200
    for query in queries:
        promql_parser.parse(query)
