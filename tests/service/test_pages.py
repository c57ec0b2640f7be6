"""Pages without a script: what stands on them, in which order, for whom; that texts of others stay
texts, and that decisions count once."""

import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from warroom.actions.policy import Freeze, Policy, persons_for
from warroom.agents.comms import communicate
from warroom.agents.postmortem import draft
from warroom.agents.reporting.incident_page import incident_markdown
from warroom.agents.runtime.gate import ask_texts
from warroom.app.configuration_file import Configuration
from warroom.incident.action import Level, Verdict
from warroom.incident.communication import Audience, Message
from warroom.incident.document import Incident
from warroom.incident.events import StepStarted
from warroom.incident.evidence import EvidenceStatus, digest
from warroom.incident.identity import at_terminal
from warroom.incident.people import DoneByHand, Duty, Participant
from warroom.incident.severity import Severity
from warroom.incident.timeline import utc_now
from warroom.record import escalations
from warroom.record.ledger import Request
from warroom.record.tables import WORK
from warroom.record.waking import HANDED_OVER, STUCK
from warroom.tests.support.consoles import FOREVER, kept
from warroom.tests.support.consoles import asked as ask
from warroom.tests.support.hostile import NASTY, harm, nasty
from warroom.tests.support.incidents import at, declared, full, running
from warroom.tests.support.services import Asked, asked

BROWSER = {"Accept": "text/html"}


@pytest.fixture
def service(tmp_path):
    with asked(tmp_path / "home") as found:
        yield found


@pytest.fixture
def on_both(tmp_path, place):
    """On either database: what the list is asked of is SQL."""
    with asked(tmp_path / "home", place) as found:
        yield found


def html(service: Asked, path: str, role: str = "commander", status: int = 200) -> str:
    answer = service[role].get(path, headers=BROWSER, follow_redirects=False)
    assert answer.status_code == status, answer.text
    return answer.text


def named(number: int, severity: Severity = Severity.P2, service: str = "checkout") -> Incident:
    document = declared(severity, service)
    document.id = f"INC-{number}"
    return document


def ids(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'href="/incidents/(INC-\w+)"', text)))


def test_what_waits_for_a_person_stands_first(on_both):
    store = on_both.service.store
    for number in range(4):
        kept(store, named(number, Severity.P0 if number == 1 else Severity.P2))
    store.ledger.ask(Request("INC-0", "f" * 64, "action", "restart checkout", 0.0, FOREVER))
    store.work.wake(None, "INC-1", why="new")
    with store.engine.begin() as connection:
        connection.execute(update(WORK).values(status=STUCK))
    text = html(on_both, "/")
    assert ids(text) == ["INC-1", "INC-0", "INC-3", "INC-2"]
    assert "Decide: restart checkout." in text
    assert "Stuck: look at it" in text


def test_the_list_is_filtered_searched_and_paged(on_both):
    store = on_both.service.store
    for number in range(60):
        kept(store, named(number, Severity.P1, "payments" if number == 7 else "checkout"))
    first = html(on_both, "/?severity=P1")
    rest = html(
        on_both, re.findall(r'class="pages"><a href="([^"]+)"', first)[0].replace("&amp;", "&")
    )
    assert ids(first) + ids(rest) == [f"INC-{n}" for n in reversed(range(60))]
    assert ids(html(on_both, "/?q=PAYMENTS")) == ["INC-7"]
    assert ids(html(on_both, "/?q=inc-42&state=&severity=")) == ["INC-42"]
    assert ids(html(on_both, "/?affected=payments")) == ["INC-7"]
    assert "No incident fits" in html(on_both, "/?q=100%25")
    assert html(on_both, "/?state=nonsense", status=422)


def test_who_has_seen_the_list_is_told_when_it_is_another(service):
    kept(service.service.store, named(0))
    anew = re.findall(r'hx-get="(/[^"]*seen=[^"]+)"', html(service, "/?severity=P2"))[0]
    anew = anew.replace("&amp;", "&")
    assert anew.startswith("/?severity=P2&")
    assert html(service, anew, status=204) == ""
    service.service.events.append("INC-0", StepStarted(step=1, specialist="x", attempt=1), 1.0)
    assert ids(html(service, anew)) == ["INC-0"]


def test_an_empty_list_says_how_to_connect_and_how_to_see_one(service):
    text = html(service, "/")
    assert "/hooks/alertmanager" in text
    assert "alertmanager.secret" in text
    assert "warroom drill bad-deploy" in text


def test_texts_of_others_stay_texts(service):
    store = service.service.store
    document = nasty(store)
    request = ask(store, document)
    seen = ""
    for path in (
        "/",
        f"/incidents/{document.id}",
        f"/incidents/{document.id}/evidence/E4?cite=/rows/0/%3Cscript%3E",
        f"/incidents/{document.id}/requests/{request.subject}",
        f"/incidents/{document.id}/charts",
        f"/?q={NASTY[:90]}",
    ):
        text = html(service, path)
        seen += text
        assert not harm(text), path
    assert seen.count("&lt;script&gt;") > 20
    assert "49" not in re.findall(r"img src=x[^{]*(49)?", seen)


def test_pages_allow_nothing_inline_and_nobody_frames_them(service):
    answer = service["observer"].get("/", headers=BROWSER)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    for link in re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text):
        file = service[""].get(link)
        assert file.status_code == 200 and "immutable" in file.headers["cache-control"], link
    assert service[""].get("/static/..%2fapp.py").status_code == 404


def test_a_quoted_cell_is_marked(service):
    store, document = service.service.store, full()
    records, document.evidence = document.evidence, []
    store.create(document)
    rows = [{"service": "checkout", "share": 0.93}, {"service": "login", "share": 0.02}]
    for record in records:
        store.add_evidence(document.id, record, {"rows": rows})
    text = html(service, f"/incidents/{document.id}")
    links = [link for link in re.findall(r'class="cite" href="([^"]+)"', text) if "/E4?" in link]
    shown = html(service, links[0])
    assert re.findall("<mark>(.*?)</mark>", shown) == ["0.93"]
    assert digest({"rows": rows})[:12] in shown
    part = service["observer"].get(links[0], headers={**BROWSER, "HX-Request": "true"})
    assert "<html" not in part.text and "<mark>" in part.text


def test_of_many_rows_the_first_and_the_quoted_are_shown(service):
    store, document = service.service.store, full()
    (record, *_), document.evidence = document.evidence, []
    store.create(document)
    rows = [
        {"service": "checkout", "line": f"<b>{number}</b> {'x' * 90}"} for number in range(5000)
    ]
    store.add_evidence(document.id, record, {"rows": rows})
    place = f"/incidents/{document.id}/evidence/{record.id}"
    shown = html(service, f"{place}?cite=/rows/4990/line")
    assert "4990" in re.findall("<mark>(.*?)</mark>", shown)[0]
    assert len(shown) < 100_000 and shown.count("<tr>") > 100
    assert "more rows are not shown" in shown and f"{place}/payload" in shown


@pytest.fixture
def asking(service):
    """An incident whose last plan waits for an answer, and where."""
    document = kept(service.service.store, full())
    request = ask(service.service.store, document)
    return document, f"/incidents/{document.id}/requests/{request.subject}"


def test_a_decision_is_made_once_and_the_slower_one_reads_who_was_faster(service, asking):
    document, place = asking
    shown = html(service, place)
    assert "Roll checkout back" in shown or "roll back checkout" in shown
    for term in ("Who feels it", "If it is wrong", "How we will know", "Considered too", "Expires"):
        assert term in shown
    first = service["commander"].post(f"{place}/approve", follow_redirects=False)
    assert (first.status_code, first.headers["location"]) == (303, f"/incidents/{document.id}")
    again = service["commander"].post(f"{place}/approve", follow_redirects=False)
    assert again.status_code == 303
    late = service["admin"].post(f"{place}/reject", data={"reason": "no"}, headers=BROWSER)
    assert late.status_code == 409
    assert "approved by commander at" in late.text
    assert "Nothing was decided by you" in late.text
    assert 'class="actions"' not in late.text


def test_a_rejection_takes_a_reason_and_an_observer_decides_nothing(service, asking):
    _document, place = asking
    assert service["observer"].post(f"{place}/approve", headers=BROWSER).status_code == 403
    assert service["responder"].post(f"{place}/approve", headers=BROWSER).status_code == 403
    assert "Deciding takes a commander" in html(service, place, "responder")
    bare = service["commander"].post(f"{place}/reject", data={"reason": " \n "})
    assert bare.status_code == 422 and "Say why" in bare.text
    service["commander"].post(f"{place}/reject", data={"reason": "not at\nlunch"})
    assert "not at lunch" in html(service, place)


def test_a_risky_plan_takes_its_targets_name(service):
    document = full()
    document.proposals[-1].risk = Level.high
    kept(service.service.store, document)
    request = ask(service.service.store, document)
    place = f"/incidents/{document.id}/requests/{request.subject}"
    for given in ({}, {"target": "check"}, {"target": "CHECKOUT"}):
        refused = service["commander"].post(f"{place}/approve", data=given)
        assert refused.status_code == 422 and "Nothing was decided" in refused.text
    service["commander"].post(f"{place}/approve", data={"target": " checkout "})
    decision = service.service.store.ledger.decision(document.id, request.subject)
    assert decision is not None and decision.verdict is Verdict.approved


def test_two_persons_are_told_of_each_other(service, asking):
    document, _place = asking
    request = Request(document.id, "e" * 64, "effect", "restart checkout", 0, FOREVER, wanted=2)
    service.service.store.ledger.ask(request)
    place = f"/incidents/{document.id}/requests/{request.subject}"
    service.service.store.ledger.decide(
        document.id, request.subject, Verdict.approved, at_terminal("zoe")
    )
    assert "2 persons" in html(service, place)
    assert "approved already by" in html(service, place)


def test_what_a_level_asks_for_and_what_the_priority_is_made_of_stand_there(service):
    """§1 and §2."""
    document = kept(service.service.store, declared(Severity.P1))
    text = html(service, f"/incidents/{document.id}")
    assert "somebody on it within 30 min, service back within 4 h, an update every 30 min" in text
    assert "SEV-2, high" in text
    told = document.impact
    assert told and f"Priority {told.priority:g} of 100" in text
    assert f"complexity {told.complexity.value} ({told.complexity_score})" in text
    assert "<dd>55 min to 3 h 30 min, by severity" in text  # 54 to 216 min


def test_who_took_the_duty_commands_and_what_people_did_is_what_was_done(service):
    document = running()
    document.executions = []
    document.participants = [Participant(name="ann", duty=Duty.commander, since=at(9), by="ann")]
    place = f"/incidents/{kept(service.service.store, document).id}"
    text = html(service, place)
    assert "commander: ann" in text and "on-call commander" not in text
    assert "Nothing was done yet." in text

    def repaired(doc: Incident) -> None:
        doc.by_hand.append(
            DoneByHand(number=1, at=at(60), by="ben", title="Repair rows of carriers")
        )

    service.service.store.update(document.id, repaired)
    text = html(service, place)
    assert "Repair rows of carriers</h3>" in text and "by hand, by ben" in text
    assert "Nothing was done" not in text


def test_an_error_is_quoted_once_among_the_causes(service):
    document = running()
    error = "“JSONDecodeError: Unterminated string starting at: line 1”"
    for cause in document.hypotheses:
        cause.statement = f"{cause.kind} fails it ({error})"
    text = html(service, f"/incidents/{kept(service.service.store, document).id}")
    thought = text[text.index('id="h-think"') : text.index('id="h-did"')]
    assert len(re.findall(r"</span> [\w ]+ fails it \(“JSONDecodeError", thought)) == 1
    assert "fails it (the same error)" in thought


def test_errors_say_what_to_do_to_people_and_to_programs(service):
    text = html(service, "/incidents/INC-none", status=404)
    assert "No incident INC-none" in text and "All incidents" in text
    problem = service["observer"].get("/incidents/INC-none")
    assert problem.headers["content-type"] == "application/problem+json"
    assert html(service, "/incidents/%00", status=422)


def test_colours_are_kept_and_lead_nowhere_else(service):
    answer = service[""].post(
        "/theme", data={"theme": "dark", "next": "//evil.example"}, follow_redirects=False
    )
    assert answer.headers["location"] == "/"
    assert "theme=dark" in answer.headers["set-cookie"]
    service["observer"].cookies.set("theme", "dark")
    assert 'data-theme="dark"' in html(service, "/", "observer")
    service["observer"].cookies.set("theme", '"><script>')
    assert 'data-theme="auto"' in html(service, "/", "observer")


def streamed(service: Asked, path: str, **headers: str) -> list[str]:
    """The events of a stream by name, to its end: the service is about to stop."""
    threading.Timer(0.8, service.service.stopping.set).start()
    with service["observer"].stream("GET", path, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = list(answer.iter_lines())
    service.service.stopping.clear()
    return [line.partition(": ")[2] for line in lines if line.startswith(("event: ", "id: "))]


def test_a_stream_sends_all_parts_to_who_has_seen_another_state_and_none_to_who_is_up_to_date(
    service, asking
):
    document, _place = asking
    seen = re.findall(r'sse-connect="([^"]+)"', html(service, f"/incidents/{document.id}"))[0]
    state = seen.partition("seen=")[2]
    assert streamed(service, seen) == ["beat", state]
    everything = streamed(service, seen, **{"Last-Event-ID": "1.2.3"})
    assert {"head", "needs", "think", "timeline", "beat", state} <= set(everything)
    assert streamed(service, f"/incidents/{document.id}/live", **{"Last-Event-ID": state}) == [
        "beat",
        state,
    ]
    assert service["observer"].get("/incidents/INC-none/live").status_code == 404


def test_what_nobody_has_stands_first_until_somebody_acknowledges(service):
    store = service.service.store
    for number in range(2):
        kept(store, named(number))
    row = {"severity": "P2", "level": 0, "told": 1, "started_at": 1.0}
    with store.engine.begin() as connection:
        escalations.take(connection, "INC-0", None, state=escalations.OPEN, due_at=9e8, **row)
    assert ids(html(service, "/")) == ["INC-0", "INC-1"]
    assert "Nobody has it yet." in html(service, "/")
    assert "Nobody has it yet: level 1 was told" in html(service, "/incidents/INC-0")
    assert "I have it" in html(service, "/incidents/INC-0/acknowledge")
    answer = service["responder"].post("/incidents/INC-0/acknowledge", follow_redirects=False)
    assert answer.headers["location"] == "/incidents/INC-0"
    assert "Has it" in html(service, "/incidents/INC-0")
    assert ids(html(service, "/")) == ["INC-1", "INC-0"]


def test_what_was_handed_over_is_taken_from_its_page(service, asking):
    document, _place = asking
    store = service.service.store
    store.work.wake(None, document.id, why="new")
    with store.engine.begin() as connection:
        why = "ended unresolved: a person has to take it over; `warroom resume` takes it"
        connection.execute(update(WORK).values(status=HANDED_OVER, why=why))
    place = f"/incidents/{document.id}/resume"
    assert "Take it over" in html(service, f"/incidents/{document.id}")
    assert "ended unresolved" in html(service, place).lower()
    assert service["observer"].post(place).status_code == 403
    assert service["responder"].post(place, follow_redirects=False).status_code == 303
    assert "Take it over" not in html(service, f"/incidents/{document.id}")


def test_a_freeze_is_said_before_anybody_approves(tmp_path):
    begins = utc_now() - timedelta(hours=1)
    policy = Policy(freeze=[Freeze(begins, timedelta(hours=2), weekly=False)])
    with asked(tmp_path / "home", configuration=Configuration(policy=policy)) as service:
        document = kept(service.service.store, full())
        request = ask(service.service.store, document)
        shown = html(service, f"/incidents/{document.id}/requests/{request.subject}")
    assert "A freeze is on until" in shown


@pytest.mark.parametrize(
    ("template", "persons"),
    [("status_page.en.md@1", 1), ("security_disclosure.en.md@1", 2), ("legal_notice.en.md@1", 2)],
)
def test_what_security_or_law_says_takes_two(template, persons):
    letter = Message(
        id="M1",
        template=template,
        audience=Audience.customers,
        channels=["email"],
        subject="s",
        body="b",
        created_at=utc_now(),
    )
    assert persons_for(letter) == persons


def test_a_text_is_written_otherwise_held_against_the_record_and_asked_about_anew(service):
    store = service.service.store
    document = running()
    document.communications = communicate(document, at(10)).messages
    for letter in document.communications:
        letter.body = f"**Investigating\\.** {letter.body}"
    kept(store, document)
    ask_texts(store, service.service.settings, document.id, drill=False)
    (request,) = store.ledger.waiting()
    place = f"/incidents/{document.id}/requests/{request.subject}"
    shown, _, form = html(service, place).partition('name="body"')
    assert "Investigating. " in shown and "**" in form  # read as it is sent, written as Markdown
    assert not re.search(r"\*\*|\\[^\w\s]", shown)
    overview = html(service, f"/incidents/{document.id}")
    assert "Investigating. " in overview and "**Investigating" not in overview
    told = {"subject": "Some requests fail", "body": "Half of all requests, 4711 of them, fail."}
    wrong = service["commander"].post(f"{place}/text", data=told, headers=BROWSER)
    assert wrong.status_code == 422 and "4711 of them, fail.</textarea>" in wrong.text
    assert 'name="anyway"' in wrong.text and store.ledger.waiting() == [request]
    told["body"] = "Some requests fail since 09:59 UTC. We are looking into it."
    new = service["commander"].post(f"{place}/text", data=told, headers=BROWSER)
    assert new.status_code == 200 and "Some requests fail since 09:59" in new.text
    (asked_now,) = store.ledger.waiting()
    assert new.url.path.endswith(asked_now.subject) and asked_now.subject != request.subject
    late = service["commander"].post(f"{place}/text", data=told, headers=BROWSER)
    assert late.status_code in (409, 422) and "Nothing was changed" in late.text


def test_an_empty_answer_is_told_as_looked_and_found_nothing(service):
    document = full()
    nothing = {"status": EvidenceStatus.empty, "rows": 0, "summary": "none of 0 lines matches"}
    document.evidence[0] = document.evidence[0].model_copy(update=nothing)
    document = kept(service.service.store, document)
    shown = html(service, f"/incidents/{document.id}/evidence/{document.evidence[0].id}")
    told = "ooked, found nothing: none of 0 lines matches"
    assert told in shown and "0 rows" not in shown
    assert told in incident_markdown(document)
    assert told in draft(document, at(60)).markdown
