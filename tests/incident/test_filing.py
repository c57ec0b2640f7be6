"""Filing: what resolves stays, what does not is dropped and said so; once, in order."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warroom.errors import GroundingError, LifecycleError, StoreError
from warroom.incident.document import Incident
from warroom.incident.evidence import (
    EvidenceStatus,
    Quote,
    canonical,
    check_quotes,
    digest,
    resolve,
    same,
)
from warroom.incident.filing import file_report, with_proven
from warroom.incident.finding import Argument, FaultKind, Finding, Gap, Hypothesis, merged, numbered
from warroom.incident.lifecycle import ALLOWED, State
from warroom.incident.report import InvestigationReport, SweepReport
from warroom.incident.timeline import Event, EventKind, utc_now
from warroom.record.store import Store
from warroom.tests.support.evidence_shelf import PAYLOAD, shelf
from warroom.tests.support.incidents import full, minimal


def sweep(**changes: Any) -> SweepReport:
    return SweepReport(
        specialist="observability", conclusion="concluded", summary="swept", **changes
    )


def finding(quote: Quote, statement: str = "checkout fails") -> Finding:
    return Finding(statement=statement, service="checkout", quotes=[quote])


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        (Quote(evidence="E9", value=1), "no evidence E9"),
        (Quote(evidence="E1", pointer="/rows/0/error_rate", value=0.9), "not 0.9"),
        (Quote(evidence="E1", pointer="/rows/7/error_rate", value=0.2341), "nothing at"),
        (Quote(evidence="E1", pointer="/rows/0/missing", value=0.2341), "nothing at"),
        (Quote(evidence="E1", value="payments"), "does not contain"),
        (Quote(evidence="E1", pointer="/rows/0/note", value="x"), "not 'x'"),
        (Quote(evidence="E1", pointer="/rows/0/ok", value=1), "not 1"),
    ],
)
def test_a_quote_that_does_not_resolve_is_refused(quote: Quote, reason: str) -> None:
    evidence, payload = shelf()
    with pytest.raises(GroundingError, match=reason):
        check_quotes([quote], evidence, payload)


@pytest.mark.parametrize(
    "quote",
    [
        Quote(evidence="E1", pointer="/rows/0/error_rate", value=0.2341),
        Quote(evidence="E1", pointer="/rows/0/error_rate", value=0.234),  # rounded
        Quote(evidence="E1", value="checkout"),
        Quote(evidence="E1", pointer="/rows/0/ok", value=True),
    ],
)
def test_a_quote_that_resolves_passes(quote: Quote) -> None:
    evidence, payload = shelf()
    assert check_quotes([quote], evidence, payload) is None  # it raises otherwise


def test_a_failed_call_proves_nothing() -> None:
    evidence, payload = shelf()
    evidence["E1"] = evidence["E1"].model_copy(update={"status": EvidenceStatus.failed})
    with pytest.raises(GroundingError, match="failed call"):
        check_quotes([Quote(evidence="E1", value="checkout")], evidence, payload)


def test_what_does_not_resolve_is_dropped_and_listed() -> None:
    document = minimal()
    evidence, payload = shelf()
    document.evidence = list(evidence.values())
    good = finding(Quote(evidence="E1", value="checkout"))
    bad = finding(Quote(evidence="E1", value="payments"), "payments fails")
    file_report(document, sweep(findings=[good, bad]), payload)
    assert [f.statement for f in document.findings] == ["checkout fails"]
    assert document.findings[0].specialist == "observability"
    assert [d.statement for d in document.dropped] == ["payments fails"]


def test_a_step_measured_again_keeps_what_an_earlier_round_found() -> None:
    document = minimal()
    evidence, payload = shelf()
    document.evidence = list(evidence.values())
    quote = Quote(evidence="E1", value="checkout")
    for attempt, text in ((1, "first round"), (2, "not back yet"), (2, "back")):
        file_report(document, sweep(attempt=attempt, findings=[finding(quote, text)]), payload)
    assert [f.statement for f in document.findings] == ["first round", "back"]


def test_an_unproven_argument_leaves_its_hypothesis() -> None:
    document = minimal()
    evidence, payload = shelf()
    document.evidence = list(evidence.values())
    held = Argument(text="it fails", weight=2, quotes=[Quote(evidence="E1", value="checkout")])
    made_up = Argument(text="it is Tuesday", weight=2, quotes=[Quote(evidence="E7", value="Tue")])
    guess = hypothesis("checkout", FaultKind.bad_deploy, support=[held, made_up])
    report = InvestigationReport(
        specialist="debugger", conclusion="concluded", summary="found", hypotheses=[guess]
    )
    file_report(document, report, payload)
    assert [a.text for a in document.hypotheses[0].support] == ["it fails"]
    assert [d.statement for d in document.dropped] == ["it is Tuesday"]


def test_a_hypothesis_without_any_proof_left_has_no_confidence() -> None:
    document = minimal()
    made_up = Argument(text="it is Tuesday", weight=2, quotes=[Quote(evidence="E7", value="Tue")])
    guess = hypothesis("checkout", FaultKind.bad_deploy, support=[made_up])
    report = InvestigationReport(
        specialist="debugger", conclusion="concluded", summary="found", hypotheses=[guess]
    )
    file_report(document, report, shelf()[1])
    assert document.hypotheses[0].confidence == 0


@given(st.lists(st.tuples(st.sampled_from("123"), st.floats(0, 1)), max_size=6))
def test_what_actions_proved_leaves_no_cause_surer_than_certain(
    found: list[tuple[str, float]],
) -> None:
    """Several causes may be true at once, and one may come twice: ended, and found again."""
    document = full()
    assert document.proven == ["H1"]
    again = [
        hypothesis("checkout", FaultKind.bad_deploy, sure, explains=[]).model_copy(
            update={"id": f"H{number}"}
        )
        for number, sure in found
    ]
    assert all(0 <= h.confidence <= 1 for h in with_proven(document, again))


def test_a_report_filed_twice_counts_once() -> None:
    document = minimal()
    evidence, payload = shelf()
    document.evidence = list(evidence.values())
    report = sweep(
        findings=[finding(Quote(evidence="E1", value="checkout"))],
        gaps=[Gap(what="traces", why="none")],
    )
    file_report(document, report, payload)
    file_report(document, report, payload)
    assert len(document.findings) == len(document.gaps) == len(document.reports) == 1


def hypothesis(service: str, kind: FaultKind, confidence: float = 0.5, **more: Any) -> Hypothesis:
    return Hypothesis(
        id="", statement=f"{service} {kind.value}", service=service, kind=kind,
        confidence=confidence, **more,
    )  # fmt: skip


kinds = st.sampled_from(list(FaultKind))
hypotheses = st.lists(
    st.builds(hypothesis, st.sampled_from("abc"), kinds, st.floats(0, 1)), max_size=6,
    unique_by=lambda h: (h.service, h.kind),
)  # fmt: skip


@given(st.lists(hypotheses, max_size=5))
def test_a_hypothesis_keeps_its_id_for_good(rounds: list[list[Hypothesis]]) -> None:
    known: list[Hypothesis] = []
    ids: dict[tuple[str, FaultKind], str] = {}
    for new in rounds:
        known = merged(known, new)
        for h in known:
            assert ids.setdefault((h.service, h.kind), h.id) == h.id
    assert len(set(ids.values())) == len(ids)
    assert {h.id for h in numbered(known, known)} == {h.id for h in known}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=10)
    | st.floats(allow_nan=False, allow_infinity=False, width=32),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=5), json_values, min_size=1, max_size=4))
def test_every_value_of_a_payload_can_be_quoted(payload: dict[str, Any]) -> None:
    evidence, fetch = shelf(payload)
    for key, value in payload.items():
        pointer = "/" + key.replace("~", "~0").replace("/", "~1")
        assert resolve(payload, pointer) == value
        if isinstance(value, (str, int, float, bool)) and value not in ("", " "):
            quote = Quote(evidence="E1", pointer=pointer, value=value)
            if not isinstance(value, str) or value.strip():
                check_quotes([quote], evidence, fetch)


@given(json_values)
def test_the_digest_ignores_the_order_of_keys(value: Any) -> None:
    assert canonical({"a": value, "b": 1}) == canonical({"b": 1, "a": value})


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_two_numbers_are_the_same_only_when_they_are_close(a: float, b: float) -> None:
    assert same(a, b) == (abs(a - b) <= 0.005 * max(abs(a), abs(b)))


@given(st.lists(st.sampled_from(list(State)), max_size=12))
def test_the_lifecycle_is_never_left(path: list[State]) -> None:
    document = minimal()
    for state in path:
        before = document.state
        if state in ALLOWED[before] or state is before:
            document.move(state, utc_now(), "test", "a reason")
        else:
            with pytest.raises(LifecycleError, match="choose one of"):
                document.move(state, utc_now(), "test", "a reason")
    changes = [event for event in document.timeline if event.kind is EventKind.state]
    assert len(changes) == len(document.transitions)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store.open(tmp_path_factory.mktemp("store") / "warroom.db")


def forget(document: Incident) -> None:
    """What nobody may do: take the first entry off the timeline."""
    document.timeline.pop(0)


def event(text: str) -> Event:
    return Event(at=utc_now(), actor="test", kind=EventKind.note, text=text)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6, unique=True))
def test_the_timeline_only_grows_and_survives_the_store(store: Store, texts: list[str]) -> None:
    document = minimal()
    document = document.model_copy(update={"id": f"INC-{digest(texts)[:12]}", "timeline": []})
    if document.id not in {row.id for row in store.incidents()}:
        store.create(document)
    for text in texts:
        store.update(document.id, lambda doc, text=text: doc.record(event(text)))
    kept = store.load(document.id)
    assert [e.text for e in kept.timeline][-len(texts) :] == texts
    with pytest.raises(StoreError, match="only grows"):
        store.update(document.id, forget)
    assert store.load(document.id) == kept


def test_evidence_comes_back_as_it_was_kept(store: Store, tmp_path: Path) -> None:
    document = minimal().model_copy(update={"id": "INC-evidence"})
    store.create(document)
    record, _ = shelf()
    first = store.add_evidence("INC-evidence", record["E1"], PAYLOAD)
    second = store.add_evidence("INC-evidence", record["E1"], {"rows": []})
    assert (first.id, second.id) == ("E1", "E2")
    assert store.payload(first.digest) == PAYLOAD
    assert [e.id for e in store.load("INC-evidence").evidence] == ["E1", "E2"]
