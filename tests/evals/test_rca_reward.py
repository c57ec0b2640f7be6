"""The graded reward beside the commit, by hand, and why an answer says what it says."""

import pytest

from warroom.evals.rca.answers import RcaAnswer, blamed
from warroom.evals.rca.marks import jaccard, marks_of, remedy_right
from warroom.evals.rca.truth import RcaTruth
from warroom.incident.evidence import Evidence, EvidenceStatus, Quote
from warroom.incident.finding import Argument, FaultKind, Hypothesis
from warroom.tests.support.incidents import T0, minimal

SHA, INNOCENT = "abcdef1234567890", "1234567abcdef890"
TRUTH = RcaTruth(
    **{"set": "s", "id": "1", "service": "cart", "culprit_commit": SHA, "decoys": (INNOCENT,)},
    **{"blast_radius": ("web", "bank"), "remediation": "rollback"},
)
HALF = {"scores": {"cart": 1.0}, "affected": ["cart", "web"], "remedy": "roll back"}


@pytest.mark.parametrize(
    ("answer", "worth"),
    [
        ({"commit": SHA}, 1),
        ({"commit": INNOCENT, **HALF}, 0),
        ({"commit": "", **HALF}, 0.5 * (0.5 + 0.3 / 2 + 0.2)),  # hurt: web of web and bank
        ({"commit": "none", **HALF, "remedy": "restart"}, 0.5 * (0.5 + 0.3 / 2)),
        ({"commit": "", "scores": {"web": 1.0}, "affected": ["web", "bank"]}, 0.5 * 0.3 / 2),
        ({"commit": "", "affected": ["web", "bank"]}, 0.5 * 0.3),
        ({"commit": ""}, 0),
        ({"commit": None, **HALF}, None),
    ],
)
def test_what_an_answer_is_worth(answer, worth):
    found = marks_of([RcaAnswer(**answer)], TRUTH).reward
    assert found == (None if worth is None else pytest.approx(worth))


def test_shares_by_hand():
    assert jaccard("ab", "bc") == pytest.approx(1 / 3)
    assert (jaccard("", "a"), jaccard("", "")) == (0, 1)


def test_only_actions_of_ours_can_be_right():
    assert remedy_right("switch provider", "failover")
    assert remedy_right("feature flag off", "config-revert")
    assert not remedy_right("repair rows from backup", "purge-bad-data")
    assert not remedy_right("", "")
    assert not remedy_right("scale", "an unknown word")


def test_reasons_know_whose_signals_they_rest_on():
    rows = {"rows": [{"service": "db", "signal": "cpu"}, {"caller": "web", "callee": "db"}]}
    known = {"E1": "d1"}
    document = minimal()
    document.evidence = [
        Evidence(
            **{"id": name, "tool": "compare_signals", "query": {}, "collected_at": T0},
            **{"collected_by": "a test", "status": EvidenceStatus.ok, "digest": digest},
        )
        for name, digest in known.items()
    ]

    def quote(evidence, pointer, value):
        return Quote(evidence=evidence, pointer=pointer, value=value)

    cited = [quote("E1", "/rows/0/signal", "cpu"), quote("E1", "/rows/1/callee", "db")]
    nowhere = [quote("E2", "/rows/0/x", 1), quote("E1", "/rows/9/x", 1), quote("E1", "", "cpu")]
    document.hypotheses = [
        Hypothesis(
            **{"id": "H1", "statement": "db is slow", "service": "db", "kind": FaultKind.database},
            support=[Argument(text="slow", weight=1.0, quotes=cited)],
            contradiction=[Argument(text="idle", weight=-2.0, quotes=nowhere)],
            **{"missing": ["logs"], "confidence": 0.5},
        )
    ]
    (found,) = blamed(document, lambda digest: rows)
    assert [(r.text, r.seen) for r in found.reasons] == [
        ("slow", [("db", "cpu"), ("db", "calls from web")]),
        ("idle", []),
    ]
    assert found.seen() == [("db", "cpu"), ("db", "calls from web")]
    assert (found.service, found.kind, found.missing) == ("db", "database fault", ["logs"])
