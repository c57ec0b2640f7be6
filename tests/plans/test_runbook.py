"""Runbooks: read with line and cure, and shipped for the common faults."""

import re
from datetime import UTC, datetime

import pytest

from warroom.actions.catalogue import CATALOGUE
from warroom.agents.causes.moves import MOVES
from warroom.errors import TableError
from warroom.faults import fault_of, faults
from warroom.incident.severity import Category, Severity
from warroom.plans.matching import match, score
from warroom.plans.runbook import Runbook, Step, When, parse_runbook, shipped
from warroom.tests.support.incidents import declared, full
from warroom.tools.base import REGISTRY
from warroom.tools.logs import matches

OWN = """---
name: orders-fail
version: 3
owner: payments
triggers: {alerts: [CheckoutErrors], words: [basket], labels: {tier: gold}}
services: [checkout]
steps:
- {kind: assess, text: "See who is hurt at {service}", tool: traffic_impact}
- kind: contain
  text: Sell without vouchers
  action: feature flag off
  target: vouchers
  when: {severity: [P0, P1], hours: Mon-Fri 09:00-17:00, time_zone: Europe/Berlin}
- {kind: verify, text: Orders are placed again, tool: slo_state, expect: some}
---
# Orders fail

Call the shop's desk.
"""


def test_it_is_read():
    book = parse_runbook(OWN, "orders.md")
    assert (book.name, book.version, book.title) == ("orders-fail", 3, "Orders fail")
    assert [step.kind for step in book.steps] == ["assess", "contain", "verify"]
    assert book.sections["First moves"] == "Sell without vouchers"


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("kind: contain", "kind: conteyn", r"orders.md:9: steps.1.kind: .*'contain'"),
        ("  target: vouchers", "  targt: vouchers", r"orders.md:12: .*nearest: target"),
        ("{service}", "{customer}", r"orders.md:8: steps.0: no value is called customer: write"),
        ("{alerts: [C", "{faults: [gremlins], alerts: [C", r"orders.md:5: .*gremlins: write one"),
        ("tool: slo_state", "action: restart", r"orders.md:14: steps.2: tools are of assess"),
        ("name: orders-fail\n", "", r"orders.md:2: .*lacks `name`"),
        ("Mon-Fri 09:00-17:00", "office hours", r"orders.md:13: "),
        ("---\nname", "name", "begin with front matter"),
        ("owner: payments", "body: x", r"body: write that below"),
    ],
)
def test_a_wrong_one_says_file_line_and_cure(wrong: str, right: str, said: str):
    assert wrong in OWN
    with pytest.raises(TableError, match=said):
        parse_runbook(OWN.replace(wrong, right), "orders.md")


def test_the_schema_is_published():
    schema = Runbook.model_json_schema()
    assert {"name", "steps"} <= set(schema["required"])
    assert "remediate" in schema["$defs"]["Step"]["properties"]["kind"]["enum"]


@pytest.mark.parametrize("book", shipped(), ids=lambda book: book.name)
def test_what_is_shipped_can_be_followed_and_copied(book: Runbook):
    assert {"assess", "diagnose", "verify"} <= {step.kind for step in book.steps}
    assert any(step.kind in ("contain", "remediate") for step in book.steps)
    for step in book.steps:
        if step.tool:
            REGISTRY[step.tool].parse(step.arguments)
        if pattern := step.arguments.get("pattern"):
            assert not matches(str(pattern), ["all is well"])[0]
    lists = (book.sections["Checks"], book.sections["Verification"])
    lines = [line for lines in lists for line in lines.split("\n")]
    named = [line for line in lines if re.split(r"\W", line)[0] in REGISTRY]
    assert len([step for step in book.steps[1:] if step.tool]) == len(named)
    assert Runbook.model_validate_json(book.model_dump_json()) == book


@pytest.mark.parametrize("book", shipped(), ids=lambda book: book.name)
def test_what_is_shipped_asks_for_exactly_the_moves_of_its_fault(book: Runbook):
    """A step's action is one of the catalogue, or how the names of a move's actions begin."""
    (kind,) = book.triggers.faults
    asked = [step.action for step in book.steps if step.action]
    drawn = [{action.kind for action in MOVES[r].actions} for r in fault_of(kind).remedies]
    found = [{kind for kind in CATALOGUE if kind.startswith(action)} for action in asked]
    assert found == drawn


COMMON = {
    "database connection refused": "database",
    "too many connections, pool exhausted": "pool-exhaustion",
    "checkout was OOM killed, out of memory": "memory-leak",
    "dns: no such host": "network",
    "AI provider outage": "provider-outage",
    "quota of the model provider exceeded": "provider-quota",
    "cost budget exceeded": "provider-quota",
    "gpu out of memory": "model-fault",
    "model latency": "model-fault",
    "quality drift": "model-fault",
    "error rate after a deploy": "bad-deploy",
    "certificate expired": "certificate",
    "disk full, no space left": "disk-full",
    "traffic surge": "traffic-surge",
    "upstream dependency unavailable": "dependency-outage",
    "credential stuffing": "credential-attack",
    "corrupt data": "data-corruption",
}


@pytest.mark.parametrize(("told", "name"), COMMON.items())
def test_section_8_every_common_fault_has_a_runbook(told: str, name: str):
    best = sorted(shipped(), key=lambda book: -score(book, told))[:3]
    assert name in [book.name for book in best]
    assert len(shipped()) == len(faults())


def test_triggers_say_why_they_fit():
    book, document = parse_runbook(OWN, "orders.md"), full()
    document.alert.labels = {"tier": "gold"}
    document.alert.summary = "no basket can be paid"
    found = match(document, book)
    assert found.why == ("the alert CheckoutErrors", "the labels tier=gold", "the words basket")
    assert match(document, book.model_copy(update={"services": ("search",)})).score == 0
    cause = document.leading()
    assert cause and cause.confidence >= 0.5
    own = next(each for each in shipped() if cause.kind.value in each.triggers.faults)
    assert f"the cause {cause.kind.value}" in match(document, own).why
    cause.confidence = 0.12
    document.alert.summary = "it burns its error budget: quota, cost, provider, rate limit"
    fits = {each.name: match(document, each) for each in shipped()}
    assert fits[own.name].why[0] == f"a cause that stands, {cause.kind.value} (12%)"
    assert fits[own.name].score > fits["provider-quota"].score > 0
    assert fits["runaway-agent"].why == ("the words cost",)


WEDNESDAY = datetime(2026, 12, 2, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (When(), ""),
        (When(severity=(Severity.P0, Severity.P1)), "only at P0, P1; it is P2"),
        (When(category=(Category.security,)), "only at security; it is application"),
        (When(hours="Mon-Fri 09:00-17:00", time_zone="Europe/Berlin"), ""),
        (When(hours="Sat-Sun 09:00-17:00"), "only Sat-Sun 09:00-17:00 UTC"),
        (When(hours="Mon-Fri 09:00-17:00", time_zone="Asia/Tokyo"), "only Mon-Fri .* Asia/Tokyo"),
    ],
)
def test_a_step_is_taken_where_its_conditions_hold(when: When, said: str):
    import re

    assert re.fullmatch(said, when.why_not(declared(Severity.P2), WEDNESDAY))


def test_a_step_names_values_of_the_incident_and_they_stay_data():
    step = Step(
        kind="contain", text="Restart {service}", action="restart", parameters={"a": "{change}"}
    )
    hostile = '", "action": "repair rows'
    filled = step.filled({"service": hostile, "change": "{incident}"})
    assert (filled.text, filled.target) == (f"Restart {hostile}", "")
    assert (filled.action, filled.parameters) == ("restart", {"a": "{incident}"})
