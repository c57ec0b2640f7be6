# ruff: noqa: RUF001 (Chinese punctuation)
"""Every message of ours, in both languages and all stages, keeps the rules of how we write."""

import pytest

from warroom.agents.comms import communicate
from warroom.agents.reasoning.style import breaches, by_rule
from warroom.agents.reporting.briefing import brief
from warroom.faults import faults
from warroom.incident.communication import Audience, MessageState
from warroom.incident.report import InvestigationReport
from warroom.prompts.render import FOLDER, render
from warroom.tests.support import incidents, readings
from warroom.tests.support.messages import message

BUILT = (
    incidents.minimal,
    incidents.declared,
    incidents.running,
    incidents.full,
    incidents.security,
    incidents.noise,
    incidents.inconclusive,
)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("build", BUILT)
def test_every_message_of_a_built_incident_keeps_the_rules(build, language):
    assert [
        (m.name, b.rule, b.sentence, b.why)
        for m, b in readings.found(build(), incidents.at(200), language)
    ] == []


@pytest.mark.parametrize(
    ("text", "language", "rule"),
    [
        ("Detected 09:23:50 UTC.", "en", "seconds"),
        ("It lasted 23 s.", "en", "seconds"),
        ("Since 2026-11-30 09:23 UTC.", "en", "calendar"),
        ("checkout fails 43.97% of requests.", "en", "precision"),
        ("Priority 56.0 of 100.", "en", "score"),
        ("About 9.6% of requests were affected.", "en", "share outside"),
        ("It is slow [E18].", "en", "reference"),
        ("Please quote INC-20261130-092350-46c6.", "en", "id outside"),
        ("We expect to be back at about 10:51 UTC.", "en", "forecast"),
        ("- Scope: checkout, gateway", "en", "form"),
        ("**Likely cause:** unknown", "en", "form"),
        ("checkout error_rate fell.", "en", "machine"),
        ("服务慢,正在处理。", "zh", "half width"),
        ("原因：release of checkout。", "zh", "English"),
    ],
)
def test_what_each_rule_finds(text, language, rule):
    assert rule in {breach.rule for breach in by_rule(text, language, True, ["checkout"])}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("It fails. We look.\n\nIt fails. News by 10:00 UTC.\n", "repeated"),
        (f"{'very ' * 40}long.\n", "sms"),
        ("One. Two. Three. Four.\n", "opening"),
        (f"One.\n\n{'A long story. ' * 90}\n", "length"),
    ],
)
def test_what_no_pattern_tells(body, rule):
    assert rule in {breach.rule for breach in breaches(message("P1 checkout", body))}


def test_outside_no_name_of_ours_and_no_promise():
    told = {"audience": Audience.status_page, "channels": ["status page"]}
    text = message("Trouble", "pricing-db fails. It will not happen again.\n", **told)
    assert {b.rule for b in breaches(text, ["pricing-db"])} == {"inside", "promise"}


def test_an_update_says_what_is_new_and_nothing_else():
    document = incidents.declared()
    told = {m.audience: m for m in communicate(document, incidents.at(10)).messages}
    document.communications = [
        m.model_copy(update={"state": MessageState.sent}) for m in told.values()
    ]
    calm = {m.audience: m for m in communicate(document, incidents.at(910)).messages}
    first, news = told[Audience.engineering].body, calm[Audience.engineering].body
    assert "Nothing else has changed since our message of 10:00 UTC." in news
    assert "Affected:" in first
    assert "Affected:" not in news
    document = incidents.running().model_copy(update={"communications": document.communications})
    news = {m.audience: m for m in communicate(document, incidents.at(910)).messages}
    assert "we restarted checkout; it changed nothing" in news[Audience.engineering].body
    assert "Nothing else" not in news[Audience.engineering].body


def test_how_long_it_takes_is_said_where_history_tells():
    document = incidents.running()
    investigated = document.report(InvestigationReport)
    assert investigated
    investigated.minutes_before = [9.0, 5.0]
    assert "cannot be said yet" in render(
        "declared.en.md", **vars(brief(document, incidents.at(9)))
    )
    investigated.minutes_before = [9.0, 5.0, 30.0]
    told = render("declared.en.md", **vars(brief(document, incidents.at(9))))
    assert "Incidents like it took from 5 minutes to 30 minutes." in told
    assert readings.found(document, incidents.at(200), "zh") == []


def test_every_kind_of_fault_has_a_chinese_word():
    part = (FOLDER / "parts" / "cause.zh.md").read_text(encoding="utf-8")
    nameless = {"no fault", "telemetry lost", "unknown"}  # none of them is told as a cause
    assert {kind for kind in faults() if f'"{kind}": "' not in part} == nameless


def test_what_was_never_sent_was_never_told():
    document = incidents.declared()
    document.communications = communicate(document, incidents.at(10)).messages  # drafts
    (page,) = [
        m
        for m in communicate(document, incidents.at(910)).messages
        if m.audience is Audience.status_page
    ]
    assert "We are looking for the cause." in page.body
