"""One file a kind: complete, typed, explained where it is wrong, and enough to add another."""

import pytest

from warroom.agents.causes.moves import MOVES
from warroom.errors import TableError
from warroom.evals.rca.cases import rca_cases
from warroom.evals.rca.floor import respond_to
from warroom.faults import Fault, Remedy, fault_of, faults, parse_fault
from warroom.incident.finding import FaultKind
from warroom.incident.severity import Category, IncidentType
from warroom.settings import Settings
from warroom.telemetry.signal_catalogue import CATALOGUE, MEASURED
from warroom.tests.support.scenario_folder import Scenario, write_scenario

OPEN = {FaultKind.unknown, FaultKind.no_fault}
ODD_CLOCK = """---
kind: leap second
type: infrastructure failure
category: infrastructure
named: \\bleap second
search: leap second, clock
by_hand: Restart what spins, and smear the next one.
lasting: Smear leap seconds instead of stepping the clock
systemic: one step of the clock reached every process at once
told_by:
- statement: a leap second confuses {service}
  words: leap second|time went backwards
  explained_by: clock
---
# Leap second

## Symptoms
- Processes spin from the second on.

## Checks
- search_logs: leap second.

## First moves
- Restart what spins.

## Verification
- Processor use is back.
"""

SPINNING = Scenario(
    name="a second too many",
    alert=("billing", "errors", "billing fails requests"),
    edges=[("shop", "billing")],
    metrics={"billing|errors": (0, 30), "billing|requests": (100, 100), "shop|errors": (0, 12)},
    logs=[("billing", "error", "watchdog: leap second inserted, time went backwards")] * 8,
    commits=[],
    culprit="none",
    decoys=[],
)


@pytest.fixture
def leap_second(monkeypatch):
    """A kind of a team's own, while the test lasts."""
    monkeypatch.setitem(faults(), "leap second", parse_fault("leap-second", ODD_CLOCK))


def test_every_kind_that_code_names_has_its_file():
    assert {kind.value for kind in FaultKind} <= set(faults())
    assert all(fault.kind == kind for kind, fault in faults().items())


def test_every_remedy_is_made_and_asked_for():
    assert set(MOVES) == set(Remedy)
    assert {remedy for fault in faults().values() for remedy in fault.remedies} == set(Remedy)


@pytest.mark.parametrize("fault", faults().values(), ids=lambda fault: fault.id)
def test_a_kind_can_be_told_cured_and_learned_from(fault: Fault):
    assert fault.remedies or fault.by_hand
    if fault.kind in OPEN:
        return
    assert IncidentType.unknown is not fault.type
    assert Category.unknown is not fault.category
    assert fault.lesson
    assert fault.lasting
    assert fault.systemic != Fault.model_fields["systemic"].default
    assert fault.named
    assert fault.named.search(fault.kind), "a text that says its name names it"


def test_a_kind_that_nobody_knows_is_an_unknown_cause():
    assert fault_of("gremlins") is fault_of("unknown")
    with pytest.raises(ValueError, match="gremlins"):
        FaultKind("gremlins")


def test_one_file_adds_a_kind(leap_second, tmp_path):
    kind = FaultKind("leap second")
    assert FaultKind("leap second") is kind
    (case,) = rca_cases(write_scenario(tmp_path, SPINNING))
    document = respond_to(case, Settings())
    (found,) = [h for h in document.hypotheses if h.kind is kind]
    assert found.statement == "a leap second confuses billing"
    assert found.support[0].quotes
    assert document.model_validate_json(document.model_dump_json()) == document


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("by_hand: Restart what spins, and smear the next one.\n", "", "faults/x.md:2: .*remedies"),
        (
            "type: infra",
            "typ: infra",
            "faults/x.md:3: typ: there is no such key",
        ),
        ("words: leap second|", "words: (leap second|", "not a regular expression"),
        ("## Checks\n", "## Check\n", "lacks a list under ## Checks"),
        ("---\nkind", "kind", "begin with front matter"),
    ],
)
def test_a_wrong_file_says_what_to_write_instead(wrong, right, said):
    assert wrong in ODD_CLOCK
    with pytest.raises(TableError, match=said):
        parse_fault("x", ODD_CLOCK.replace(wrong, right))


def test_telltales_and_warnings_are_signals_of_the_catalogue():
    recorded = {"certificate_seconds_left"}  # a metric of some exporters, as it is
    for kind, fault in faults().items():
        assert fault.telltale in ("", *MEASURED), kind
        named = set(fault.lesson.signals) if fault.lesson else set()
        assert named <= set(CATALOGUE) | recorded, kind
