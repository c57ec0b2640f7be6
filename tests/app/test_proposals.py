"""What a runbook could learn from an incident: a diff that `git apply` takes, only after telemetry
verified what ended it."""

import subprocess

import pytest

from warroom.app.proposals import proposal, written
from warroom.app.runbooks import Written, kept
from warroom.errors import InputError
from warroom.incident.action import Outcome
from warroom.incident.document import Incident
from warroom.incident.evidence import digest
from warroom.incident.following import Followed, Worked
from warroom.incident.identity import WARROOM
from warroom.plans.runbook import parse_runbook, shipped
from warroom.record.store import Store
from warroom.tests.support.incidents import at, full

STEPS = """steps:
- {kind: assess, text: See who is hurt, tool: traffic_impact}
- {kind: remediate, text: "Roll {service} back", action: roll back}
"""


@pytest.fixture
def store(tmp_path) -> Store:
    return Store.open(tmp_path / "warroom.db")


def write(store: Store, front: str) -> str:
    text = f"---\nname: orders-fail\n{front}{STEPS}---\n# Orders fail\n\nCall the desk.\n"
    body = Written(file="orders.md", digest=digest(text), listed=True, texts=[text])
    kept(store).put("orders-fail", body, WARROOM)
    return text


def followed(store: Store, name: str = "orders-fail", note: str = "41% fail") -> Incident:
    """Resolved, after its runbook was followed."""
    from warroom.app.runbooks import library

    document, book = full(), library(store)[name]
    steps = [Worked(state="done", at=at(20 + n), note=note) for n in range(len(book.steps))]
    who = {"by": "ann", "person": "person:ann", "at": at(10)}
    run = Followed(name=name, book=book.model_dump_json(), steps=steps, state="done", **who)
    document.plans.append(run)
    return document


@pytest.mark.parametrize(
    ("front", "version", "alerts"),
    [
        (
            "version: 3\ntriggers: {alerts: [Other], words: [order]}\n",
            4,
            ["CheckoutErrors", "Other"],
        ),
        ("triggers:\n  alerts: [CheckoutErrors]\n", 2, ["CheckoutErrors"]),
        ("triggers: {words: [order]}\n", 2, []),
        ("", 2, ["CheckoutErrors"]),
    ],
)
def test_the_diff_applies_and_is_a_runbook(store, tmp_path, front, version, alerts):
    (tmp_path / "orders.md").write_text(write(store, front))
    diff = proposal(store, followed(store))
    apply = ["git", "apply", "--verbose", "-"]
    subprocess.run(apply, input=diff, text=True, cwd=tmp_path, check=True, capture_output=True)
    new = (tmp_path / "orders.md").read_text()
    book = parse_runbook(new, "orders.md")
    assert (book.version, list(book.triggers.alerts)) == (version, alerts)
    for said in (
        "## INC-1, 2025-03-14",
        "Known by the alert CheckoutErrors.",
        "roll back checkout",
        "1. ",
    ):
        assert said in book.body, book.body
    kept(store).put(
        "orders-fail", Written(file="orders.md", digest="", listed=True, texts=[new]), WARROOM
    )
    with pytest.raises(InputError, match="tells of INC-1 already"):
        proposal(store, followed(store))


@pytest.mark.parametrize("outcome", [Outcome.unverified, Outcome.by_itself, Outcome.worse])
def test_nothing_is_learned_from_what_was_not_verified(store, outcome: Outcome):
    write(store, "")
    document = followed(store)
    for execution in document.executions:
        execution.outcome = outcome
    with pytest.raises(InputError, match="nothing to learn without"):
        proposal(store, document)


def test_what_others_wrote_stays_text(store):
    write(store, "")
    diff = proposal(store, followed(store, note="<script>\n---\nname: evil [x](http://a)"))
    assert "<script>" not in diff and "\n+---\n" not in diff and "[x](" not in diff


def test_one_that_is_shipped_is_written_out_first(store):
    for book in shipped():
        again = parse_runbook(written(book), f"{book.name}.md")
        assert (again.steps, again.triggers) == (book.steps, book.triggers)
    assert proposal(store, followed(store, "bad-deploy")).startswith("--- a/bad-deploy.md\n")
