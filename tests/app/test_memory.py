"""Old postmortems read in; forgetting, and taking a text out, wherever it was told on."""

from pathlib import Path

import pytest

from warroom.app.memory import forget, read_in, read_postmortem, redact
from warroom.errors import InputError, NotFound
from warroom.incident.evidence import Quote
from warroom.incident.finding import Argument
from warroom.incident.identity import at_terminal
from warroom.incident.lifecycle import State
from warroom.incident.memory import precedents, signs_of
from warroom.incident.report import InvestigationReport, Sentence
from warroom.record.memories import catch_up, like, listed
from warroom.record.store import Store
from warroom.tests.support.consoles import kept
from warroom.tests.support.incident_parts import evidence
from warroom.tests.support.incidents import at, full

BY = at_terminal("administrator")
GOOGLE = """# Checkout lost its prices

**Date:** 2024-11-29
**Authors:** ann
**Severity:** SEV-1

## Services affected

checkout, payments and search-api

## Summary

For four minutes orders failed with an AttributeError.

## Root Cause

A release did not expect an empty coupon.

## Action items

| do | who |
|---|---|
| canary first | release engineering |
"""
TABLE = """# Postmortem: database full

| Date | 2025-01-31 |
| Impacted services | orders-db |
| Priority | P2 |

### What happened
The disk filled.

### Trigger and cause
A debug log.
"""


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def test_the_usual_shapes_are_read():
    found, signs, lacks = read_postmortem(GOOGLE, "a.md")
    assert (found.title, found.cause) == (
        "Checkout lost its prices",
        "A release did not expect an empty coupon.",
    )
    assert found.at == 1732838400.0 and found.imported and not found.tried
    assert set(signs) == {
        *("checkout hurt", "payments hurt", "search-api hurt"),
        "error AttributeError",
    }
    assert found.notes[0] == "severity: SEV-1" and "canary first" in found.notes[-1]
    assert lacks == []
    found, signs, lacks = read_postmortem(TABLE, "b.md")
    assert (found.service, found.cause, lacks) == ("orders-db", "A debug log.", ["actions"])


def test_what_is_not_understood_is_said_and_not_guessed():
    found, signs, lacks = read_postmortem("It broke. We fixed it.", "2023-13-29.md")
    assert (found.title, found.at, signs) == ("2023-13-29.md", None, [])
    assert lacks == ["title", "date", "severity", "services", "summary", "cause", "actions"]
    for text in ("", " \n", "a\0b", "x" * 1_000_001):
        with pytest.raises(InputError, match="no Markdown"):
            read_postmortem(text, "c.md")


def test_an_import_is_shown_as_one_and_the_same_text_is_one(store: Store):
    read_in(store, GOOGLE, "a.md", BY)
    found, _lacks = read_in(store, GOOGLE, "a.md", BY)
    assert [one.id for one in listed(store.engine, None)] == [found.id]
    assert "imported and verified by nobody" in found.account


def told(store: Store) -> Store:
    """INC-1 is remembered; INC-2 was told of it, and a cause of it is backed by that."""
    kept(store, full())
    store.update("INC-1", lambda doc: doc.move(State.closed, at(300), "ann", "done"))
    later = full().model_copy(update={"id": "INC-2", "state": State.investigating})
    account = listed(store.engine, None)[0].account
    later.evidence.append(evidence(8, "seen_before"))
    quote = Quote(evidence="E8", pointer="/rows/0/id", value="INC-1")
    later.hypotheses[0].support.append(Argument(text="INC-1 was so", weight=0.5, quotes=[quote]))
    report = InvestigationReport(specialist="debugger", conclusion="concluded", summary="s")
    report.seen_before = [Sentence(text=account, evidence=["E8"])]
    later.reports.append(report)
    kept(store, later)
    return store


def test_what_is_forgotten_is_gone_from_search_table_and_what_was_told_of_it(store: Store):
    told(store)
    proof = store.load("INC-2").evidence[-1].digest
    assert store.payload(proof)
    with pytest.raises(InputError, match="say why"):
        forget(store, "INC-1", " ", BY)
    forget(store, "INC-1", "the customer asked", BY)
    later = store.load("INC-2")
    assert precedents(later) == [] and "INC-1" not in later.hypotheses[0].model_dump_json()
    assert later.hypotheses[0].support  # today's own reasons stay
    with pytest.raises(NotFound):
        store.payload(proof)
    catch_up(store.engine)
    assert listed(store.engine, None) == []
    assert like(store.engine, None, "", signs_of(full())) == []
    with pytest.raises(NotFound, match="nothing is remembered as INC-1"):
        forget(store, "INC-1", "again", BY)


def test_a_text_is_taken_out_everywhere_and_does_not_come_back(store: Store):
    told(store)
    read_in(store, GOOGLE.replace("empty coupon", "coupon of Ann Müller"), "a.md", BY)
    assert redact(store, "ANN MÜLLER", "she asked", BY) == 1
    assert all("Müller" not in one.model_dump_json() for one in listed(store.engine, None))
    assert redact(store, "Bad Deploy", "a test", BY) == 1
    assert precedents(store.load("INC-2")) == []
    store.update("INC-1", lambda doc: doc.record(doc.timeline[0].model_copy(update={"text": "x"})))
    assert "[taken out] at checkout" in listed(store.engine, None, "INC-1")[0].cause
    with pytest.raises(InputError, match="3 characters"):
        redact(store, "a", "why", BY)
