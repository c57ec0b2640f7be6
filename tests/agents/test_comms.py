# ruff: noqa: RUF001 (Chinese punctuation)
"""Who is told what, when, through which channel; and what the customers lost."""

from dataclasses import replace
from typing import Any

import pytest

from warroom.agents.comms import announce, assess_customers, communicate
from warroom.agents.postmortem import draft, summarised
from warroom.agents.reporting.briefing import brief
from warroom.agents.reporting.impact import customer_report
from warroom.agents.reporting.incident_page import incident_markdown
from warroom.agents.reporting.incident_status import Stage, next_update, stage
from warroom.agents.runtime.gate import add_decision
from warroom.chat.answers import told as told_in_chat
from warroom.incident.action import Decision, Verdict
from warroom.incident.communication import REPLACED_BY, Audience, MessageState
from warroom.incident.evidence import EvidenceStatus
from warroom.incident.filing import file_report
from warroom.incident.finding import FaultKind, sureness
from warroom.incident.report import NO_THREAT
from warroom.incident.severity import Severity
from warroom.prompts.render import letter
from warroom.tests.support import incidents
from warroom.tests.support.desks import Desk, Shelf
from warroom.tests.support.incidents import at
from warroom.tools.base import Result
from warroom.tools.segments import SegmentImpact
from warroom.tools.traffic import RouteImpact

ROWS = [
    RouteImpact(
        service="gateway",
        route="*",
        requests=3600,
        failed=900,
        share=0.25,
        requests_before=900,
        failed_before=2,
        share_before=0.001,
        slow=None,
        clients=40,
        failed_clients=40,
    ),
    RouteImpact(
        service="gateway",
        route="POST /checkout",
        requests=1000,
        failed=880,
        share=0.88,
        requests_before=900,
        failed_before=2,
        share_before=0.002,
        slow=None,
        clients=40,
        failed_clients=38,
    ),
    RouteImpact(
        service="gateway",
        route="GET /catalog",
        requests=2600,
        failed=20,
        share=0.0077,
        requests_before=900,
        failed_before=2,
        share_before=0.001,
        slow=None,
        clients=40,
        failed_clients=2,
    ),
]
TRAFFIC = Result("E8", EvidenceStatus.ok, ROWS, "3 routes")
UNLABELLED = Result("E9", EvidenceStatus.empty, [], "no label tells customers apart")
GROUPS = Result(
    "E9",
    EvidenceStatus.ok,
    [
        SegmentImpact("tenant.id", "acme", 50, 40, 0.8, "POST /checkout"),
        SegmentImpact("tenant.id", "umbrella", 70, 0, 0.0, ""),
    ],
    "1 of 2 groups",
)


def told(document):
    report = communicate(document, at(200))
    return {message.audience: message for message in report.messages}


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (incidents.minimal, Stage.declared),
        (incidents.declared, Stage.declared),
        (incidents.running, Stage.update),
        (incidents.full, Stage.resolved),
        (incidents.noise, Stage.noise),
        (incidents.inconclusive, Stage.declared),
    ],
)
def test_the_stage_follows_from_the_document(build, expected):
    assert stage(build()) is expected


def test_after_the_declaration_was_drafted_an_update_follows():
    document = incidents.declared()
    document.communications = communicate(document, at(10)).messages
    assert stage(document) is Stage.update


@pytest.mark.parametrize(
    ("severity", "channels", "audiences"),
    [
        ("P0", ["email", "sms", "chat", "phone"], {"engineering", "support", "executives"}),
        ("P1", ["email", "chat"], {"engineering", "support", "executives"}),
        ("P2", ["chat"], {"engineering", "support"}),
        ("P3", ["email digest"], {"engineering"}),
    ],
)
def test_channels_and_audiences_by_severity(severity, channels, audiences):
    messages = told(incidents.declared(Severity(severity)))
    inside = {a.value for a, m in messages.items() if not m.external}
    assert inside == audiences
    assert messages[Audience.engineering].channels == channels
    assert f"{severity} (SEV-{int(severity[1]) + 1})" in messages[Audience.engineering].body  # §1
    assert (Audience.status_page in messages) is (severity in ("P0", "P1"))


@pytest.mark.parametrize(
    ("confidence", "called"),
    [
        (0.49, "not known"),
        (0.5, "leading but not sure"),
        (0.69, "leading but not sure"),
        (0.7, "likely"),
        (0.89, "likely"),
        (0.9, "almost certain"),
    ],
)
def test_every_text_calls_a_cause_as_sure_as_the_handbook_does(confidence, called):
    document = incidents.running()
    leading, *others = document.hypotheses
    leading.confidence, leading.confirmed = confidence, False
    for other in others:
        other.confidence = 0.01
    known = called not in ("not known", "leading but not sure")
    briefing = brief(document, at(100))
    assert (briefing.cause is not None) is (called != "not known")
    for public in ("status_page", "support_briefing"):
        text = letter(f"{public}.en.md", **vars(replace(briefing, stage="update", solution=None)))
        assert ("likely cause" in text) is known, public
        assert ("Identified" in text) is (known and public == "status_page")
    if briefing.cause:
        assert leading.how_sure == sureness(confidence) == called
        executives = letter("executive_summary.en.md", **vars(replace(briefing, moves=[])))
        assert f"Cause, {called}: " in executives and "Most likely" not in executives
        assert f"Cause, {called} (" in incident_markdown(document)
        assert called in told_in_chat(leading).lower()
        assert summarised(document, draft(document, at(100))).endswith(f", cause {called}")


def test_external_texts_wait_for_a_person_and_internal_ones_do_not():
    messages = told(incidents.full()).values()
    assert {message.external for message in messages} == {True, False}
    for message in messages:
        waiting = message.state is MessageState.awaiting_approval
        assert waiting is message.external


@pytest.mark.parametrize(
    ("severity", "minutes"), [("P0", 15), ("P1", 30), ("P2", 120), ("P3", None)]
)
def test_the_cadence_is_the_severitys(severity, minutes):
    document = incidents.declared(Severity(severity))
    due = next_update(document, at(0))
    assert due == (at(minutes * 60) if minutes else None)


def test_p3_hears_nothing_between_opening_and_resolution():
    document = incidents.declared(Severity.P3)
    document.communications = communicate(document, at(10)).messages
    assert communicate(document, at(4000)).messages == []


def test_customers_get_one_email_when_it_is_over():
    assert Audience.customers not in told(incidents.running())
    email = told(incidents.full())[Audience.customers]
    assert email.template.startswith("customer_email.en.md@")
    assert email.subject == "Resolved: checkout"


@pytest.mark.parametrize(
    ("by", "state", "resolved"),
    [
        ("on-call commander", MessageState.rejected, False),
        (REPLACED_BY, MessageState.rejected, True),  # nobody has refused anything
        ("on-call commander", MessageState.sent, True),
    ],
)
def test_who_was_not_told_that_it_began_is_not_told_that_it_ended(by, state, resolved):
    drafts = communicate(incidents.declared(), at(10)).messages
    begun = next(m for m in drafts if m.audience is Audience.status_page)
    document = incidents.full()
    document.communications = [begun.model_copy(update={"state": state})]
    if state is MessageState.rejected:
        refusal = Decision(subject=begun.hash, verdict=Verdict.rejected, by=by, at=at(40))
        document.decisions.append(refusal)
    assert (Audience.status_page in told(document)) is resolved


NO = "do not say investigating, Bob broke it"


def refused_text(document):
    """The status page's first text, to which a person said no; the document then has both."""
    document.communications = communicate(document, at(10)).messages
    begun = next(m for m in document.communications if m.audience is Audience.status_page)
    begun.state = MessageState.rejected
    no = Decision(subject=begun.hash, verdict=Verdict.rejected, by="ann", at=at(20), reason=NO)
    add_decision(document, no, at(20))
    return begun


def test_the_words_that_somebody_refused_are_not_asked_about_again_before_there_are_others():
    document = incidents.declared()
    refused_text(document)
    unchanged = {m.audience for m in communicate(document, at(1000)).messages}
    assert Audience.status_page not in unchanged
    document.hypotheses = incidents.full().hypotheses  # now there are other words
    messages = {m.audience: m for m in communicate(document, at(1000)).messages}
    again = messages[Audience.status_page]
    no = document.refused_text(again)
    assert no is not None
    assert no.reason == NO
    again.state = MessageState.rejected
    document.communications.append(again)
    document.decisions.append(document.decisions[-1].model_copy(update={"subject": again.hash}))
    later = communicate(document, at(1900)).messages
    assert Audience.engineering in {m.audience for m in later}
    assert Audience.status_page not in {m.audience for m in later}


def test_why_somebody_said_no_is_told_to_nobody():
    document = incidents.running()
    refused_text(document)
    assert any(NO in event.text for event in document.timeline)
    messages = communicate(document, at(1000)).messages
    assert not [m for m in messages if "Bob" in m.body or "investigating, Bob" in m.subject]


def test_nobody_is_told_twice_of_the_same_resolution():
    document = incidents.full()
    first = communicate(document, at(200))
    document.communications += first.messages
    assert len(first.messages) == 5
    assert communicate(document, at(260)).messages == []


def test_a_support_briefing_at_declaration_does_not_stand_for_the_one_at_the_end():
    document = incidents.full()
    document.communications = communicate(incidents.declared(), at(10)).messages
    assert Audience.support in told(document)


def test_a_security_incident_gets_a_disclosure_and_a_task_for_legal():
    report = communicate(incidents.security(), at(200))
    letter = next(m for m in report.messages if m.audience is Audience.customers)
    assert letter.template.startswith("security_disclosure.en.md@")
    assert letter.state is MessageState.awaiting_approval
    assert [(f.owner, f.due) for f in report.follow_ups] == [("legal", at(200 + 72 * 3600))]


def test_no_text_speaks_of_an_attack_that_security_does_not_see():
    report = communicate(incidents.security(threat=NO_THREAT), at(200))
    assert report.follow_ups == []
    assert not any("security" in message.template for message in report.messages)
    assert not any("attack" in message.body for message in report.messages if message.external)


def test_other_incidents_do_not_concern_legal():
    assert communicate(incidents.full(), at(200)).follow_ups == []


def test_noise_is_told_to_engineering_only():
    (message,) = communicate(incidents.noise(), at(200)).messages
    assert message.audience is Audience.engineering
    assert "does not hold" in message.body


def test_numbers_are_quoted_from_the_record():
    document = incidents.full()
    known = {record.id for record in document.evidence}
    for message in communicate(document, at(200)).messages:
        assert {quote.evidence for quote in message.quotes} <= known
        assert message.quotes[0].value == 412
    page = told(document)[Audience.status_page]
    assert [q.evidence for q in page.quotes] == ["E1"]
    assert "about 2 in 10 requests were affected" in page.body


def test_the_update_tells_decisions_and_what_came_of_them():
    body = told(incidents.running())[Audience.engineering].body
    assert "At 10:00 UTC we restarted checkout; it changed nothing." in body
    assert "Measured: error rate of checkout 41% before, 40% after (objective 0.5%)." in body
    assert "Next update by 10:19 UTC" in body  # 10:03:20 and a quarter of an hour


def test_the_status_page_names_no_supplier_and_no_database():
    document = incidents.declared()
    document.services[0].public_name = ""  # customers know nothing of it
    page = told(document)[Audience.status_page]
    assert page.subject == "Service disruption: our service"
    assert "checkout" not in page.body


def test_customers_are_told_what_they_may_meet():
    assert "slow or refused sign-ins" in told(incidents.security())[Audience.status_page].body
    assert "errors or slow pages" in told(incidents.declared())[Audience.status_page].body


def test_both_languages_on_request():
    report = communicate(incidents.declared(), at(10), languages=("en", "zh"))
    assert [m.language for m in report.messages] == ["en", "zh"] * 4
    assert [m.id for m in report.messages] == [f"M{n}" for n in range(1, 9)]
    chinese = report.messages[1]
    assert "约四成请求失败" in chinese.body
    assert chinese.subject == "P0 checkout：已宣布（INC-1）"


def test_names_of_people_become_roles():
    document = incidents.running()
    document.findings[1].statement = "checkout v1.1.0 was deployed by Jane Doe"
    document.hypotheses = []
    body = told(document)[Audience.engineering].body
    assert "Jane" not in body
    assert "deployed by the change's author" in body


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("change 0e95 in release v2 (a v1 -> v2: Accept): b", "change 0e95 in release v2"),
        ("x uses more memory: it starts again, “Oom: x”", "x uses more memory (“Oom: x”)"),
        ("it hangs since 10:00:42", "it hangs since 10:00"),
    ],
)
def test_a_cause_is_told_in_one_clause(statement, told):
    document = incidents.full()
    document.hypotheses[0].statement = statement
    cause = brief(document, at(200)).cause
    assert cause and cause.statement == told


def test_a_case_is_announced():
    desk = Desk(incidents.full(), Shelf({}))
    report = announce(desk)  # type: ignore[arg-type]
    assert report.step == 9
    assert "5 messages" in report.summary
    assert len(report.events) == 2


def test_customer_impact_counts_journeys_from_the_edge():
    desk = Desk(incidents.full(), Shelf({"traffic_impact": TRAFFIC, "hurt_segments": GROUPS}))
    report = assess_customers(desk)  # type: ignore[arg-type]
    assert desk.tools.asked == ["traffic_impact", "hurt_segments"]
    assert report.failed_requests == 900
    assert report.segments == [
        "POST /checkout: 880 of 1,000 failed (88%, 38 client addresses)"
    ]  # the catalog's rise of 0.67% is noise
    (finding,) = report.findings
    assert [(q.evidence, q.pointer, q.value) for q in finding.quotes] == [
        ("E8", "/rows/1/failed", 880),
        ("E8", "/rows/1/requests", 1000),
        ("E8", "/rows/1/share", 0.88),
    ]


def test_revenue_is_rate_times_hours_times_share():
    report = customer_report(incidents.full(), TRAFFIC, UNLABELLED, at(200))
    # 36,000 an hour, 180 s from onset to resolution, a quarter of requests failed
    assert report.revenue_estimate == 450.0
    assert (
        "about 450 in revenue (36,000 per hour, catalogue; 3 min; 25% of requests)"
        in report.summary
    )


def test_without_traffic_the_gap_is_named_and_the_record_used():
    nothing = Result("E8", EvidenceStatus.empty, [], "no edge seen")
    report = customer_report(incidents.full(), nothing, UNLABELLED, at(200))
    assert report.failed_requests == 412
    assert [(gap.what, gap.why) for gap in report.gaps] == [("traffic by journey", "no edge seen")]
    assert report.findings == []


def test_nothing_known_is_inconclusive():
    nothing = Result("E1", EvidenceStatus.failed, [], "no bundle")
    report = customer_report(incidents.minimal(), nothing, UNLABELLED, at(200))
    assert report.conclusion == "inconclusive"
    assert report.revenue_estimate is None


def test_noise_costs_nothing():
    report = customer_report(incidents.noise(), TRAFFIC, UNLABELLED, at(200))
    assert (report.segments, report.revenue_estimate, report.outreach) == ([], None, [])


OFFER = "ask them to look at what they began and to try it again"


def test_outreach_names_groups_by_kind_of_harm():
    found = customer_report(incidents.full(), TRAFFIC, GROUPS, at(200)).outreach
    assert found == [
        f"tenant.id acme: 40 of 50 requests failed, most at POST /checkout; {OFFER}",
        f"customers whose requests to POST /checkout failed (38 client addresses); {OFFER}",
        "customers with a service-level agreement: the objective was missed",
    ]
    unnamed = customer_report(incidents.full(), TRAFFIC, UNLABELLED, at(200)).outreach
    assert "by name none of them: no label tells customers apart" in unnamed
    assert not [one for one in unnamed if "acme" in one]


def test_outreach_stands_in_the_document_for_people():
    document = incidents.full()
    document.reports.append(customer_report(document, TRAFFIC, GROUPS, at(200)))
    assert "## Who should hear from us\n\n- tenant.id acme: 40 of 50" in incident_markdown(document)


def test_outreach_by_kind_of_harm():
    attacked = customer_report(incidents.security(), TRAFFIC, UNLABELLED, at(200)).outreach
    assert attacked[0].startswith("holders of accounts")
    corrupted = customer_report(
        incidents.full(FaultKind.data_corruption), TRAFFIC, UNLABELLED, at(200)
    )
    assert corrupted.outreach[0].startswith("customers whose records were wrong")


def test_objectives_missed_are_listed():
    report = customer_report(incidents.full(), TRAFFIC, UNLABELLED, at(200))
    assert report.sla_breaches == [
        "checkout availability: 59% of an objective of 99.5%, error budget left 12%"
    ]


def test_the_reports_file_without_a_dropped_claim():
    document = incidents.declared()
    document.evidence += [incidents.evidence(8, "traffic_impact")]
    payloads: dict[str, Any] = {
        record.digest: {"rows": [{"failed": 412}]} for record in document.evidence
    }
    payloads[document.evidence[-1].digest] = {"rows": TRAFFIC.records()}
    for report in (
        customer_report(document, TRAFFIC, UNLABELLED, at(60)),
        communicate(document, at(60)),
    ):
        file_report(document, report, payloads.__getitem__)
    assert document.dropped == []
    assert [message.id for message in document.communications] == ["M1", "M2", "M3", "M4"]
    assert any(finding.kind == "customer-impact" for finding in document.findings)
