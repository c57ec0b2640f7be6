"""Queries that a model wrote: what is understood and in the scope is asked, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.errors import ToolRetry
from warroom.telemetry.sources.query_check import Owned, parsed, promql
from warroom.telemetry.sources.query_grammar import OWNERS, logql, traceql
from warroom.telemetry.sources.source import EVERYTHING, Scope
from warroom.tests.support.prometheus_backend import promql_parser

SCOPE = Scope(frozenset(["checkout", "cart-db"]))
METRICS = Owned(frozenset(["service", "job"]), SCOPE)
LINES = Owned(frozenset(["service_name", "app"]), SCOPE)
SPANS = Owned(frozenset(OWNERS), SCOPE)


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ('up{service="checkout"}', 0),
        ('sum by (code) (rate(http_requests_total{service=~"checkout|cart-db"}[5m]))', 300),
        ('a{job="checkout"} / on (x) group_left b{service="checkout", code!~"2.."} offset 1m', 60),
        ('100 * a{service="checkout"} > 5', 0),
        ('topk(3, quantile_over_time(0.9, a{service="checkout"}[1m]))', 60),
        ('max_over_time(rate(a{service="checkout"}[1m])[10m:30s])', 660),
        ('a{service="checkout", x=~"(.*)\\\\d"}', 0),
        ("a{service=`checkout`}", 0),
        ('a{service=~"cart\\\\-db"}', 0),
    ],
)
def test_promql_within_the_scope_is_asked(text, reach):
    checked = promql(text, METRICS)
    assert checked.reach_s == reach
    assert str(promql_parser.parse(checked.text)) == str(promql_parser.parse(text))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("up", "does not say whose"),
        ('up{service="payments"}', "does not say whose"),
        ('up{service!="payments"}', "does not say whose"),
        ('up{service=~"checkout|.*"}', "does not say whose"),
        ('up{service=~"checkout|"}', "does not say whose"),
        ('up{service=~"check.ut"}', "does not say whose"),
        ('up{service="checkout"} or up', "does not say whose"),
        ('up{service="checkout" or job!="x"}', "or"),
        ('up{service="checkout"} @ 0', "@"),
        ('up{service="checkout"} offset -1h', "future"),
        ('up{service="checkout"} # up', "comments"),
        ("up{service='checkout'}", "texts"),
        ('up{service="checkout",x="\\x41"}', "no text"),
        ("up{", "no PromQL"),
        (" + ".join(['up{service="checkout"}'] * 70), "60 parts"),
        ("(" * 300 + 'up{service="checkout"}' + ")" * 300, "60 parts"),
        ('up{service="checkout",' + ",".join(['x=~"(a{900})"'] * 11) + "}", "10 regular"),
        ("97", "prove nothing"),
        ("vector(97)", "prove nothing"),
        ('up{service="checkout"} * 97', "change a unit"),
        ('up{service="checkout"} * 0 + 97', "change a unit"),
        ('-up{service="checkout"}', "sign in front"),
        ('up{service="checkout"} > bool 0', "bool"),
        ('up{service="checkout"} - up{service="checkout"}', "different"),
        ('a{service="checkout"} / b{service="cart-db"}', "same service"),
        ('label_replace(a{service="checkout"}, "service", "x", "", "")', "not offered"),
        ('clamp_min(a{service="checkout"}, 9)', "not offered"),
        ('count_values("x", a{service="checkout"})', "not offered"),
        ("x" * 3000, "characters"),
        ('up{service="\ud800"}', "one line of text"),
    ],
)
def test_promql_beyond_it_is_refused_in_words(text, says):
    with pytest.raises(ToolRetry, match=says):
        promql(text, METRICS)


@given(st.text())
def test_no_text_of_a_matcher_opens_another_selector(text):
    """Whatever stands in a quoted text, the query that is sent has the one checked selector."""
    query = f'up{{service="checkout", x={json.dumps(text, ensure_ascii=False)}}}'
    try:
        sent = promql_parser.parse(promql(query, METRICS).text)
    except ToolRetry:
        return
    assert isinstance(sent, promql_parser.VectorSelector)
    assert {one.name: one.value for one in sent.matchers.matchers}["service"] == "checkout"


@pytest.mark.parametrize(
    ("text", "written", "reach"),
    [
        ('{app="checkout"}', '{app="checkout"}', 0),
        (
            '{app="checkout",level=~"e.*"}|="a \\"b\\""!~`\\d+`|json|status>=500|path="/x"',
            '{app="checkout", level=~"e.*"} |= "a \\"b\\"" !~ "\\\\d+" | json | status >= 500'
            ' | path = "/x"',
            0,
        ),
        (
            'sum by(pod)(count_over_time({app="checkout"}|="x"[5m]))',
            'sum by (pod) (count_over_time({app="checkout"} |= "x" [5m]))',
            300,
        ),
        ('rate({service_name="cart-db"} [1m])', 'rate({service_name="cart-db"} [1m])', 60),
    ],
)
def test_logql_that_is_understood_is_written_anew(text, written, reach):
    checked = logql(text, LINES)
    assert (checked.text, checked.reach_s) == (written, reach)
    assert checked.series == (not written.startswith("{"))
    assert logql(checked.text, LINES) == checked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{app="payments"}',
        '{app=~".+"}',
        '{level="error"}',
        '{app="checkout"} |= "x" or {app="payments"}',
        '{app="checkout"} | line_format "{{.x}}"',
        '{app="checkout"} | json x="y"',
        '{app="checkout"} # {',
        '{app="checkout"} |~ "("',
        '{app="checkout"',
        'topk(3, rate({app="checkout"}[1m]))',
        'sum(rate({app="checkout"}[1m])) / sum(rate({app="payments"}[1m]))',
        'rate({app="checkout"}[1x])',
        'count_over_time({app="checkout"}[5m] offset 1h)',
    ],
)
def test_other_logql_is_refused(text):
    with pytest.raises(ToolRetry):
        logql(text, LINES)


@pytest.mark.parametrize(
    "text",
    [
        '{ resource.service.name = "checkout" }',
        '{ resource.service.name = "checkout" && status = error && duration > 2s }',
        '{ .service.name = "cart-db" && (span.http.status_code >= 500 || name =~ "GET.*") }',
        '{ (rootServiceName = "checkout") && kind = server && span.ok != true }',
    ],
)
def test_traceql_that_is_understood_is_written_anew(text):
    checked = traceql(text, SPANS)
    assert checked.text == text
    assert not checked.series


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{ status = error }",
        '{ resource.service.name = "payments" }',
        '{ resource.service.name = "checkout" || status = error }',
        '{ (resource.service.name = "checkout" || status = error) && duration > 1s }',
        '{ resource.service.name = "checkout" } | count() > 2',
        '{ resource.service.name = "checkout" } >> { status = error }',
        '{ resource.service.name = "checkout" && 1 = 1 }',
        '{ resource.service.name = "checkout" && password = "x" }',
        "{ " + "(" * 40 + 'resource.service.name = "checkout"' + ")" * 40 + " }",
    ],
)
def test_other_traceql_is_refused(text):
    with pytest.raises(ToolRetry):
        traceql(text, SPANS)


def test_where_every_service_is_meant_none_has_to_be_named():
    whole = Owned(METRICS.labels, EVERYTHING)
    assert promql("sum(up)", whole).text == "sum(up)"
    assert logql('{level="error"}', whole).text == '{level="error"}'
    assert traceql("{ status = error }", whole).text == "{ status = error }"


@pytest.mark.parametrize("quote", ["{}", "'\"' + {} + '\"'", '# "\n{} # "', "`\\` + {} + `\\`"])
def test_what_the_parser_would_read_for_gigabytes_is_refused_before(quote):
    with pytest.raises(ValueError, match="60 parts"):
        parsed(quote.format("+".join(["a"] * 400)))
