# ruff: noqa: RUF001 (Chinese punctuation)
"""The postmortem: from the record only, tied to it, blameless; and honest when it knows little."""

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warroom.agents.follow_ups.action_items import hardening_report
from warroom.agents.follow_ups.monitoring import monitoring_report
from warroom.agents.postmortem import authors, compose, draft, write_postmortem
from warroom.agents.reporting.narrator import Narrator, chronicle
from warroom.agents.reporting.wording import shown
from warroom.faults import OptionalSource
from warroom.incident.action import Outcome
from warroom.incident.evidence import EvidenceStatus
from warroom.incident.finding import FaultKind, Gap
from warroom.incident.lifecycle import State
from warroom.incident.people import Duty, Participant
from warroom.incident.report import DetectionReport
from warroom.incident.severity import Severity
from warroom.incident.timeline import Event, EventKind
from warroom.tests.support import incidents
from warroom.tests.support.desks import Desk, Shelf
from warroom.tests.support.incidents import at
from warroom.tests.support.markdown import section
from warroom.text_safety.blame_language import blame_marks
from warroom.tools.base import Result
from warroom.tools.change_feed import ChangeRecord

NOW = at(200)
BUILDERS = [
    incidents.minimal,
    incidents.declared,
    incidents.running,
    incidents.full,
    incidents.security,
    incidents.noise,
    incidents.inconclusive,
]
SECTIONS = [
    "## Summary",
    "## Impact",
    "## Root causes and trigger",
    "## Detection",
    "## Resolution",
    "## Action items",
    "## Lessons learned",
    "### What went well",
    "### What could be better",
    "### Where we got lucky",
    "## Timeline",
    "## Supporting evidence",
]


def test_it_has_the_sections_of_the_sre_book_in_order():
    markdown = draft(incidents.full(), NOW).markdown
    places = [markdown.index(f"\n{title}\n") for title in SECTIONS]
    assert places == sorted(places)


@pytest.mark.parametrize("build", BUILDERS)
def test_every_draft_passes_the_blame_check(build):
    made = draft(build(), NOW)
    assert (made.marks, made.left) == ([], [])


@pytest.mark.parametrize("kind", list(FaultKind))
def test_the_lessons_of_every_kind_pass_the_blame_check(kind):
    made = draft(incidents.full(kind), NOW)
    assert made.left == []
    assert "{" not in section(made.markdown, "## Action items")


@pytest.mark.parametrize("build", BUILDERS)
def test_every_claim_is_tied_to_something_in_the_record(build):
    document = build()
    markdown = draft(document, NOW).markdown
    told = markdown.split("## Action items")[0] + section(markdown, "## Lessons learned")
    claims = [
        line for line in told.split("\n") if re.match(r"- (?!Nothing in|The record )|\d\. ", line)
    ]
    assert claims
    targets = set(re.findall(r'<a id="(\w+)">', markdown))
    for line in claims:
        refs = re.findall(r"\[([ETGD]\d+)\]", line)
        assert refs, line
        assert {ref.lower() for ref in refs} <= targets, line


def test_what_the_record_says_is_told():
    markdown = draft(incidents.full(), NOW).markdown
    assert "For 3 minutes, between 09:59 and 10:02 UTC, about 2 in 10 requests failed." in markdown
    assert "Cause, almost certain (91%): bad deploy at checkout. [E4]" in markdown
    assert (
        "**Trigger.** Checkout v1.1.0 was deployed less than a minute before the errors began. [E5]"
        in markdown
    )
    assert "about 2 in 10 requests failed (412 of 2,000)" in section(markdown, "## Impact")
    assert "- At 10:00 UTC we restarted checkout; it changed nothing. [E6]" in markdown
    better = section(markdown, "### What could be better")
    assert "- Restart checkout did not help: nothing changed. [E6]" in better
    assert "traces (payments begin after the alert). [G1]" in better
    assert "Claims that no evidence bore out, and that were left out: 1. [D1]" in better
    well = section(markdown, "### What went well")
    assert "The alert came less than a minute after it began" in well  # by the alert's own time
    assert "restored 3 minutes after the alert; the target of P0 is 1 hour. [T" in well
    assert "The longest wait for an approval was less than a minute." in well
    assert "P0 was set less than a minute after the alert; the target is 5 minutes." in well  # §1
    assert "could be taken back" in section(markdown, "### Where we got lucky")


def test_targets_that_were_missed_are_told_as_such():
    document = incidents.full()
    document.alert.starts_at = document.opened_at
    document.onset = document.opened_at - timedelta(minutes=9)
    document.transitions[-1].at = document.opened_at + timedelta(hours=2)
    document.decisions[0].at = at(30 + 600)
    better = section(draft(document, NOW).markdown, "### What could be better")
    assert "The alert came 9 minutes after it began; the target is 5 minutes." in better
    assert "Service was restored 2 hours after the alert; the target of P0 is 1 hour." in better
    assert "The longest wait for an approval was 10 minutes." in better
    assert "passed without a message to stakeholders; the cadence is 15 minutes." in better


def test_what_a_person_called_over_is_not_told_as_restored():
    document = incidents.full()
    document.executions, document.reports = [], []
    document.ended_by = document.transitions[-1].actor = "ann"
    text = draft(document, NOW).markdown
    assert "was restored" not in text and "It was over" not in text
    better = section(text, "### What could be better")
    assert "called over 3 minutes after the alert, by a person; no measurement confirms" in better
    assert "测量结果证实" in draft(document, NOW, None, "zh").markdown


def test_an_action_that_made_it_worse_and_was_undone_is_to_its_credit():
    document = incidents.full()
    document.executions[0].outcome = Outcome.worse
    document.executions[0].undone = True
    well = section(draft(document, NOW).markdown, "### What went well")
    assert "Trying restart checkout made things worse and was undone. [E6]" in well


def test_failed_calls_are_told():
    document = incidents.full()
    document.evidence[2].status = EvidenceStatus.failed
    better = section(draft(document, NOW).markdown, "### What could be better")
    assert "- Questions to telemetry that got no answer, each a tool call: 1. [E3]" in better


def test_action_items_have_owner_date_and_priority():
    rows = section(draft(incidents.full(), NOW).markdown, "## Action items").split("\n")
    cells = [row.split(" | ") for row in rows if row.startswith("| ")][2:]
    assert len(cells) == 3
    for _title, why, owner, due in cells:
        assert re.search(r"\w.* \[E\d", why)
        assert owner in ("orders", "on-call commander")
        assert re.fullmatch(r"2025-\d\d-\d\d \|", due)


def test_follow_ups_of_other_steps_are_in_the_table():
    document = incidents.full()
    document.follow_ups = monitoring_report(document, NOW).follow_ups
    document.follow_ups += hardening_report(document, NOW).follow_ups
    table = section(draft(document, NOW).markdown, "## Action items")
    for first in ("Review this draft", "Alert when", "Automate the runbook", "Roll "):
        assert f"\n| {first}" in table
    rows = [line for line in table.split("\n") if line.startswith("| ")][2:]
    assert len(rows) == 6  # a list that long gets done
    assert re.search(r"\d+ more are in the incident's record", table)
    assert '(rate(http_requests_total{service="checkout",code=~"5.*' in table


@pytest.mark.parametrize("build", BUILDERS)
def test_the_draft_is_short_and_lists_only_evidence_that_it_cites(build):
    document = build()
    document.follow_ups = monitoring_report(document, NOW).follow_ups
    markdown = draft(document, NOW).markdown
    assert len(re.sub(r"<details>.*?</details>", "", markdown, flags=re.S).split()) < 1000
    listed = set(re.findall(r'<a id="(e\d+)">', markdown))
    assert listed == {ref.lower() for ref in re.findall(r"\[(E\d+)\] ?(?!:)", markdown)}


def test_the_timeline_says_once_what_happened_in_one_second():
    document = incidents.full()
    document.timeline = [
        incidents.event(0, "alertmanager", EventKind.alert, "errors", []),
        incidents.event(1, "comms", EventKind.message, "M1 to engineering by chat: s", []),
        incidents.event(1.2, "comms", EventKind.message, "M2 to support by chat: s", []),
        incidents.event(1.4, "comms", EventKind.message, "M3 to status page: s", []),
        incidents.event(2, "triage", EventKind.finding, "step 3: roll back", ["E1"]),
        incidents.event(3, "debugger", EventKind.hypothesis, "H1 leads", ["E4"]),
        incidents.event(3, "debugger", EventKind.state, "state: identified — H1 leads", []),
        incidents.event(4, "remediation", EventKind.action, "restart x", []),
        incidents.event(4.5, "remediation", EventKind.action, "restart x: carried out", []),
    ]
    assert [entry.event.text for entry in chronicle(document)] == [
        "errors",
        "sent M1 to engineering, M2 to support and M3 to status page: s",
        "H1 leads; now identified",
        "restart x: carried out",
    ]


def test_machine_words_become_plain():
    sha = "fb20945097ba915bd3f3d65d78fd6b03730d34bd"
    assert shown(f"after {sha}") == "after fb2094509"
    assert shown("KeyError at /srv/a/v1/shop/pricing.py:16 total") == (
        "KeyError at shop/pricing.py:16 total"
    )
    assert shown("roll back x (to_version=v1.0.0)") == "roll back x to v1.0.0"
    plan = "block source edge (sources=['10.0.0.1', '10.0.0.2'], good_share=0.0)"
    assert shown(plan) == "block source edge (sources 10.0.0.1, 10.0.0.2)"


def test_gaps_that_could_not_have_helped_share_a_line():
    document = incidents.full()
    document.gaps = [
        Gap(what=OptionalSource.certificates.value, why="no metric"),
        Gap(what="logs", why="absent"),
    ]
    better = section(draft(document, NOW).markdown, "### What could be better")
    assert "- Telemetry gap: logs (absent). [G2]" in better
    assert "- Not seen, as this telemetry has none: certificates. [G1]" in better


def test_noise_makes_a_short_draft():
    made = draft(incidents.noise(), NOW)
    assert "was noise: telemetry does not back it, and nothing was changed. [E2]" in made.markdown
    assert "## Root causes" not in made.markdown
    assert "Nothing was changed in the system." in made.markdown


def test_an_open_cause_is_called_open():
    made = draft(incidents.inconclusive(), NOW)
    assert "The cause is not known yet." in made.markdown
    assert "Cause, " not in made.markdown
    assert "settle the cause" in made.markdown
    assert "it was not over when this was written" in made.markdown


def test_blame_in_the_record_is_reworded_and_listed():
    document = incidents.full()
    document.hypotheses[0].support[0].text = "Jane Doe forgot to run the tests"
    document.gaps = [Gap(what="logs", why="the operator was careless")]
    made = draft(document, NOW)
    assert made.left == []
    assert "Jane" not in made.markdown
    assert "careless" not in made.markdown
    assert any("careless" in mark for mark in made.marks)
    assert "withheld" in made.markdown


def test_a_fact_about_a_system_is_kept():
    document = incidents.full()
    document.findings[0].statement = "checkout failed to respond"
    document.hypotheses[0].support[0].text = "checkout failed to respond"
    made = draft(document, NOW)
    assert made.marks == []
    assert "Checkout failed to respond. [E4]" in made.markdown


def change_by(author: str) -> ChangeRecord:
    return ChangeRecord(0.0, 12.0, "deploy", "", "", "v1.1.0", "", author, "", "", "")


def test_authors_of_changes_are_kept_out():
    document = incidents.full()
    document.timeline[2].text = "deploy v1.1.0, author okonkwo"
    rows = [change_by(author) for author in ("okonkwo", "deploy-bot", "", "ci")]
    people = authors(rows)
    assert people == ["okonkwo"]
    made = compose(Narrator(document, people), NOW, [])
    assert "okonkwo" not in made.markdown
    assert "deploy v1.1.0, author the change's author" in made.markdown
    assert made.left == []


def test_a_case_gets_its_report():
    changes = Result("E8", EvidenceStatus.ok, [change_by("okonkwo")], "1 change")
    desk = Desk(incidents.full(), Shelf({"recent_changes": changes}))
    report = write_postmortem(desk)  # type: ignore[arg-type]
    assert report.conclusion == "concluded"
    assert report.blame_marks == []
    assert {item.owner for item in report.follow_ups} == {"orders", "on-call commander"}
    assert all(item.due > NOW for item in report.follow_ups)


def test_an_open_cause_makes_an_inconclusive_report():
    nothing = Result("E8", EvidenceStatus.empty)
    desk = Desk(incidents.inconclusive(), Shelf({"recent_changes": nothing}))
    assert write_postmortem(desk).conclusion == "inconclusive"  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=120), st.text(max_size=120))
def test_any_text_in_the_record_leaves_a_blameless_draft(one, two):
    document = incidents.full()
    document.title = document.findings[0].statement = one
    document.timeline[0].text = document.hypotheses[0].statement = two
    made = draft(document, NOW)
    assert made.left == []
    assert blame_marks(made.markdown, ["checkout"]) == []


@pytest.mark.parametrize(
    ("apart_s", "told"),
    [
        (15, "When it began: 2025-03-14 between 09:59:30 and 09:59:45 UTC (samples every 15 s)."),
        (0.2, "When it began: 2025-03-14 09:59:30 UTC."),
    ],
)
def test_the_onset_is_told_as_exactly_as_samples_are(apart_s, told):
    document = incidents.full()
    document.onset_between = (at(-30), at(-30 + apart_s))
    assert told in section(draft(document, at(200)).markdown, "## Timeline")


def test_owners_and_dates_stay_blank_where_nobody_is_known():
    document = incidents.inconclusive()
    document.services, document.command.technical_lead = [], ""
    table = section(draft(document, NOW).markdown, "## Action items")
    assert re.search(r"settle the cause \| [^|]+ \|  \| 2025-", table)


def test_in_chinese_all_but_what_the_record_has_in_english_is_chinese():
    markdown = draft(incidents.full(), NOW, language="zh").markdown
    assert "## 摘要" in markdown and "[E4]: #e4" in markdown
    assert "09:59 至 10:02 UTC 期间（历时 3 分钟），约二成请求失败。" in markdown
    assert "失败的请求多从这里开始。 [E4]" in section(markdown, "## 根本原因与触发因素")
    assert "10:00 UTC 已重启 checkout，未见变化。 [E6]" in section(markdown, "## 解决")
    assert "第一" not in section(markdown, "### 做得好的地方")


def test_people_had_a_hand_in_it_so_the_draft_does_not_say_that_nobody_did():
    document = incidents.declared(Severity.P1)
    document.timeline.append(
        Event(at=at(60), actor="ann", kind=EventKind.person, text="rows of carriers put back")
    )
    made = draft(document, at(300)).markdown
    assert "The response itself took no action." in made
    assert "No action was taken" not in made and "Nothing was changed" not in made


def test_who_took_the_duty_commands_and_what_they_say_ended_it_is_told_as_theirs():
    document = incidents.running()
    document.participants = [Participant(name="ann", duty=Duty.commander, since=at(9), by="ann")]
    document.ended_by = "ann"
    document.move(State.resolved, at(200), "ann", "carrier rows were cut short; put back by hand")
    made = draft(document, at(300)).markdown
    assert "in command ann" in made and "on-call commander" not in made.partition("Action items")[0]
    theirs = made.index("ann called it over: “carrier rows were cut short; put back by hand”")
    assert theirs < made.index("As Warroom had it, unconfirmed")


def test_each_level_is_told_with_its_own_time_and_reason():
    document = incidents.declared(Severity.P1)
    [first] = document.reports
    assert isinstance(first, DetectionReport)
    first.rule = "48% of requests fail"
    document.severity = Severity.P0
    text = "severity raised from P1 to P0: 77% of requests fail"
    document.record(Event(at=at(149), actor="triage", kind=EventKind.severity, text=text))
    made = draft(document, at(300)).markdown
    assert "It was rated P1: 48% of requests fail." in made
    assert f"At {at(149):%H:%M} UTC it was raised from P1 to P0: 77% of requests fail." in made
    assert "rated P0" not in made and "Severity P0 was set" not in made


def test_a_quotation_is_not_cut_at_its_colon():
    document = incidents.running()
    document.hypotheses[0].statement = "labels fails (“Unterminated string starting at: line 1”)"
    assert "- Line 1”" not in draft(document, at(300)).markdown
    document.hypotheses[0].statement = "labels fails: its rows are cut (“at: line 1”)"
    assert "- Its rows are cut (“at: line 1”)." in draft(document, at(300)).markdown
