"""incident.md and the postmortem, in both languages, keep the rules of how we write."""

import re

import pytest

from warroom.agents.reporting.incident_page import incident_markdown
from warroom.agents.reporting.wording import prose
from warroom.incident.timeline import EventKind
from warroom.tests.support import incidents, readings
from warroom.tests.support.house import ROOT
from warroom.tests.support.readings import in_document

BUILT = (
    incidents.minimal,
    incidents.declared,
    incidents.running,
    incidents.full,
    incidents.security,
    incidents.noise,
    incidents.inconclusive,
)


@pytest.mark.parametrize("build", BUILT)
def test_every_document_of_a_built_incident_keeps_the_rules(build):
    assert [(name, b.rule, b.sentence, b.why) for name, b in readings.in_documents(build())] == []


def test_only_what_somebody_is_asked_for_can_be_approved():
    document = incidents.running()
    document.decisions, document.executions = [], []
    plan = document.proposals[0]
    assert "**Proposed:** " in (page := incident_markdown(document))
    assert "`warroom approve" not in page
    asks = f"asks the commander: {plan.title} (risk medium, plan {plan.short_hash})"
    event = document.timeline[0].model_copy(update={"kind": EventKind.proposal, "text": asks})
    document.timeline.append(event)
    assert f"`warroom approve {document.id} {plan.short_hash}`" in incident_markdown(document)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("It began at 09:23:50 UTC.", "clock"),
        ("It was over after 23 s.", "length of time"),
        ("Since 2026-11-30 it fails.", "dated"),
        ("gateway fails 123.7m of requests", "figure"),
        ("Release v1.4.2 did it (confidence 100%).", "certain"),
        ("H1 is ruled out", "inner"),
        ("checkout -> payments takes longer", "inner"),
        ("checkout error_rate fell.", "machine"),
        ("31.67% failed.", "precision"),
        ("It all failed at once.\n\nIt all failed at once.", "repeated"),
        ("word " * 1001, "length"),
    ],
)
def test_what_each_rule_finds(text, rule):
    assert rule in {breach.rule for breach in in_document(f"# X\n\n{text}\n", "en")}


def test_folds_timeline_dates_and_quotations_are_not_judged():
    text = "| Do it | 2026-12-02 |\n\n<details>\nH1 23 s\n</details>\n\n“-> 31.67%” v1.4.22\n"
    assert in_document(text + "\n## Timeline\n\nstep 1, 12:00:01\n", "en") == []


@pytest.mark.parametrize(
    ("ours", "read"),
    [
        ("checkout error_rate rose", "checkout error rate rose"),
        ("81.7% of requests at the edge", "82% of requests"),
        ("rows of cart_items, “cart_items”", "rows of “cart_items”, “cart_items”"),
        ("turned 2 s before it", "turned less than a minute before it"),
        ("a -> b since 12:02:29", "a to b since 12:02"),
    ],
)
def test_words_of_ours_become_the_readers(ours, read):
    assert prose(ours) == read


SAMPLES = (ROOT / "docs/examples/documents.md").read_text(encoding="utf-8").split("\n---\n\n")[1:]


def test_there_are_ten_samples():
    assert len(SAMPLES) == 10
    heads = {re.split(r"\W", sample[3:], maxsplit=1)[0] for sample in SAMPLES}
    assert heads == {"Postmortem", "事后复盘", "INC"}


@pytest.mark.parametrize("number", range(10))
def test_a_sample_keeps_the_rules(number):
    text = SAMPLES[number].replace("\n### ", "\n## ")
    language = "zh" if "事后复盘" in text else "en"
    assert [(b.rule, b.sentence) for b in in_document(text, language, readings.KNOWN)] == []
