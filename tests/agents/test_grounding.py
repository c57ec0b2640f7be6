"""What a careful reader says of recorded tables holds; what the tables do not say does not."""

from typing import Any

import pytest

from warroom.agents.reasoning.cells import time_shown
from warroom.agents.reasoning.complaints import complaints
from warroom.agents.reasoning.proof import Proof
from warroom.agents.reasoning.replies import Cited, Claim, SkepticReply
from warroom.incident.evidence import Evidence, Quote, check_quotes
from warroom.tests.support.grounding import proof_of, stated

WEAK = (
    "15% of the rows of stock",  # true: the table does not say whose it is
    "ai-primary succeeded and was never",  # false: a healthy 0% stands in that row too
)
"""Judged wrongly so far, and why."""
ONSET = 1_795_259_172.358
"""11:06:12.358 UTC."""


@pytest.mark.parametrize("table", ["claims.yaml", "claims-later.yaml"])
def test_claims_about_recorded_tables_are_judged_as_people_judge_them(table: str) -> None:
    known = {name: proof_of(name) for name in {case.recording for case in stated(table)}}
    judged = [(case, known[case.recording].judge(case.claim)) for case in stated(table)]
    wrong = [(case, found.reasons) for case, found in judged if bool(found.reasons) is case.holds]
    assert [case for case, _ in wrong if not case.claim.statement.startswith(WEAK)] == []
    assert len(wrong) < 3


def test_what_holds_resolves_when_it_is_filed() -> None:
    filed = 0
    for case in stated("claims.yaml"):
        proof = proof_of(case.recording)
        finding = proof.finding(case.claim)
        if finding:
            check_quotes(finding.quotes, proof.evidence, proof.payload)
            filed += 1
    assert filed > 30


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("11:06:12", True),
        ("11:06", True),
        ("2026-11-21T11:06:12Z", True),
        ("2026-11-20T11:06:12Z", False),
        ("+0.0s", True),
        ("1795259172", True),
        ("11:06:14", False),
        ("+1.0s", False),
        ("1795259190", False),
        ("soon", False),
    ],
)
def test_a_time_is_cited_as_it_is_shown(text: str, shown: bool) -> None:
    assert time_shown(ONSET, text, ONSET) is shown


def claim(text: str, *cites: tuple[str, str], service: str = "checkout") -> Claim:
    cited = [Cited(evidence=evidence, value=value) for evidence, value in cites]
    return Claim(statement=text, service=service, cites=cited)


def reply(said: Claim) -> SkepticReply:
    return SkepticReply(refuted=False, why="", against=[said], causes=[])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            claim("it fails", ("E7", "0.175")),
            "0.175 in row 2 about recommendations, not checkout",
        ),
        (claim("it fails", ("E7", "0.42")), "near: "),
        (claim("it fails", ("E10", "count")), "it is a column: cite count=value"),
        (claim("inventory fails 27", ("E1", "27"), service="inventory"), "leave `service` empty"),
        (claim("it fails 40%", ("E7", "0.333")), "no cited row holds 40%"),
        (claim("it fell", ("E7", "0.333")), "“fell”, and the cited row went up"),
        (claim("it fails", ("E7", "checkout")), "a name alone proves nothing"),
        (claim("it fails", ("E99", "1")), "there is no evidence 'E99'"),
    ],
)
def test_a_complaint_says_what_is_wrong_and_what_would_be_right(said: Claim, why: str) -> None:
    proof = proof_of("bad-deploy")
    told = complaints(reply(said), proof)
    assert told.startswith(f"- “{said.statement}”: ")
    assert why in told
    assert proof.unproven == []  # it may yet be mended


def test_a_reply_that_holds_is_not_complained_about() -> None:
    true = claim("checkout fails 33% of requests", ("E7", "0.333"))
    assert complaints(reply(true), proof_of("bad-deploy")) == ""


@pytest.mark.parametrize(
    ("pointer", "far"),
    [
        ("/rows/0/current", 1.0),  # error rate 0 -> 0.333, worse
        ("/rows/7/current", 0.0),  # latency that fell
        ("/summary", 1.0),
    ],
)
def test_a_row_counts_as_far_as_it_is_from_usual(pointer: str, far: float) -> None:
    quote = Quote(evidence="E7", pointer=pointer, value=0.333)
    assert proof_of("bad-deploy").deviation(quote) == far


def asked(onset: float | None) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """One table of changes, asked for from an onset of the caller's."""
    proof = proof_of("bad-deploy")
    record = proof.evidence["E18"].model_copy(update={"query": {"onset": onset}})
    return {"E18": record}, {"E18": proof.payload("E18")}


@pytest.mark.parametrize(("onset", "holds"), [(None, True), (ONSET, True), (ONSET + 60, False)])
def test_what_follows_from_the_callers_own_question_proves_nothing(
    onset: float | None, holds: bool
) -> None:
    proof = proof_of("bad-deploy")
    proof.evidence, payloads = asked(onset)
    proof.payload = payloads.__getitem__
    judged = proof.judge(claim("deployed 1.4 s before", ("E18", "1.4"), ("E18", "v1.4.2")))
    assert (judged.reasons == ()) is holds


def table(tool: str, rows: list[dict[str, Any]], **query: str) -> Proof:
    """One piece of evidence, E1, as a tool gave it."""
    record = (
        proof_of("bad-deploy")
        .evidence["E7"]
        .model_copy(
            update={"id": "E1", "tool": tool, "query": query, "summary": f"{len(rows)} rows"}
        )
    )
    payload = {"rows": rows, "summary": record.summary}
    return Proof({"E1": record}, {"E7": payload}.__getitem__, onset=ONSET)


SERIES: list[dict[str, Any]] = [
    {"service": "cart", "signal": "error_rate", "ts": ONSET + n, "value": value}
    for n, value in [(-20, 0.0), (-10, 0.02), (5, 0.01), (10, 0.24)]
]


@pytest.mark.parametrize(("row", "far"), [(2, 0.0), (3, pytest.approx(0.92, abs=0.01))])
def test_a_point_of_a_series_counts_by_what_was_before(row: int, far: float) -> None:
    quote = Quote(evidence="E1", pointer=f"/rows/{row}/value", value=SERIES[row]["value"])
    assert table("signal_series", SERIES).deviation(quote) == far


def test_a_span_that_did_not_fail_counts_little() -> None:
    spans: list[dict[str, Any]] = [
        {"service": "cart", "status": status, "duration_ms": 5.0} for status in ("ok", "error")
    ]
    proof = table("trace", spans)
    quotes = [Quote(evidence="E1", pointer=f"/rows/{n}/duration_ms", value=5.0) for n in (0, 1)]
    assert proof.deviation(quotes[0]) < 0.5 < proof.deviation(quotes[1])


ROWS: list[dict[str, Any]] = [
    {"service": "cart", "n": 57, "share": 0.4, "state": "down", "at_most": 4}
]


@pytest.mark.parametrize(
    ("sql", "said", "holds"),
    [
        ("SELECT service, count(*) AS n FROM logs GROUP BY 1", "cart wrote 57 lines", True),
        ("SELECT count(*) AS n FROM logs WHERE service = 'cart'", "cart wrote 57 lines", True),
        ("SELECT count(*) AS n FROM logs", "cart wrote 57 lines", False),  # whose they are
        ("SELECT service, 57 AS n FROM logs", "cart wrote 57 lines", False),
        ("SELECT service, count(*) AS n FROM logs GROUP BY 1", "cart took 57 s", False),
        ("SELECT service, count(*) AS n FROM logs GROUP BY 1", "57% of requests fail", False),
    ],
)
def test_a_query_proves_what_it_read_of_the_record(sql: str, said: str, holds: bool) -> None:
    proof = table("query_telemetry", ROWS, sql=sql)
    judged = proof.judge(claim(said, ("E1", "57"), service="cart"))
    assert (judged.reasons == ()) is holds


def test_the_name_that_a_query_gives_a_column_says_nothing_of_its_unit() -> None:
    sql = "SELECT service, avg(value) AS share FROM metrics WHERE name = 'queue_depth' GROUP BY 1"
    judged = table("query_telemetry", ROWS, sql=sql).judge(
        claim("cart fails 40% of requests", ("E1", "0.4"), service="cart")
    )
    assert judged.reasons


def test_an_empty_table_is_cited_by_its_heading() -> None:
    proof = table("saturation", [])
    proof.evidence["E1"].summary = "no utilisation metrics with limits for any service"
    cited = ("E1", "no utilisation metrics with limits")
    assert proof.judge(claim("no utilisation is recorded for cart", cited, service="cart")).quotes
    assert proof.judge(claim("utilisation metrics are recorded", cited, service="")).reasons


def test_words_of_the_question_in_a_heading_prove_nothing() -> None:
    proof = table("search_logs", [], pattern="database deleted")
    proof.evidence["E1"].summary = "3 of 57 lines match database deleted"
    assert proof.judge(claim("it is gone", ("E1", "database deleted"), service="")).reasons
    assert proof.judge(claim("3 of 57 lines match", ("E1", "3 of 57 lines"), service="")).quotes


def test_a_claim_that_names_no_service_is_about_nobody_where_its_evidence_names_none() -> None:
    found = proof_of("bad-deploy").finding(claim("27 fail", ("E1", "27"), service="inventory"))
    assert found is not None and found.service == ""
