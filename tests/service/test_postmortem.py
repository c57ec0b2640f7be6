"""The postmortem as people write it: on its page without a script and over the API, on both
databases."""

import re
from html import unescape

import pytest

from warroom.incident.report import PostmortemReport
from warroom.record.audit import verify
from warroom.record.tables import AUDIT
from warroom.tests.support.consoles import CommandLine, kept
from warroom.tests.support.incidents import full
from warroom.tests.support.services import asked

PLACE = "/incidents/INC-1/postmortem"
PAGE = {"Accept": "text/html"}
COUNTED = "Overall about 2 in 10 requests failed (412 of 2,000)."
NASTY = "<script>alert(1)</script><img src=http://elsewhere/x.png>![x](http://elsewhere/y.png)"


@pytest.fixture
def service(tmp_path, place):
    with asked(tmp_path / "home", place) as found:
        document = full()
        report = PostmortemReport(
            specialist="postmortem", conclusion="concluded", summary="", markdown="", blame_marks=[]
        )
        document.reports.append(report)
        kept(found.service.store, document)
        yield found


def shown(service, role="responder") -> str:
    answer = service[role].get(PLACE, headers=PAGE)
    assert answer.status_code == 200, answer.text
    return answer.text


def body(service) -> str:
    found = re.search(r'<textarea id="text".*?>(.*?)</textarea>', shown(service), re.S)
    assert found
    return unescape(found[1])


def save(service, text, base=0, role="responder", **more):
    sent = {"text": text, "base": base, **more}
    return service[role].post(PLACE, data=sent, headers=PAGE, follow_redirects=False)


def edited(service, role="responder") -> dict:
    return service[role].get(f"/api/v1{PLACE}/edited").json()


def passage(service, words: str) -> dict:
    return next(each for each in edited(service)["paragraphs"] if words in each["text"])


def test_a_draft_is_edited_published_and_handed_on(service):
    text = body(service)
    assert "## Timeline" not in text, "the record's own part is not edited"
    assert not passage(service, "412 of 2,000")["look_at"]
    changed = text.replace(COUNTED, "One request in five failed.")
    assert save(service, changed, note="plainer").status_code == 303
    new = edited(service)
    assert (new["version"], new["made_by"]) == (1, "responder")
    assert "[E1]: #e1" in new["markdown"]
    assert passage(service, "One request in five")["by"] == "responder"
    assert service["responder"].post(f"{PLACE}/publish", data={"version": 1}).is_error
    draft = service["observer"].get(f"/api/v1{PLACE}").json()["markdown"]
    assert "412 of 2,000" in draft, "what is not published is not told"
    answer = service["commander"].post(f"{PLACE}/publish", data={"version": 1})
    assert "This version is published" in answer.text
    told = service["observer"].get(f"/api/v1{PLACE}").json()["markdown"]
    assert "One request in five failed. [E1]" in told
    page = service["observer"].get(f"{PLACE}.html")
    assert page.headers["content-disposition"].startswith("attachment")
    assert '<a href="#e1">E1</a>' in page.text and '<a id="e1"></a>' in page.text
    assert "version 1, published" in page.text
    for text in (page.text, service["observer"].get(f"{PLACE}.md").text, told):
        assert "Draft for review" not in text and "From the record: each mark" in text
    assert "Draft for review" in service["observer"].get(f"{PLACE}.md?version=0").text
    pdf = service["observer"].get(f"{PLACE}.pdf")
    assert pdf.content.startswith(b"%PDF") and pdf.headers["content-type"] == "application/pdf"


def test_what_changed_words_claim_is_held_against_their_evidence(service):
    text = body(service)
    wrong = text.replace(COUNTED, "77% of requests failed.")
    wrong = wrong.replace("roll back checkout (version v1.0.0), at 10:01 UTC, ", "this, ")
    lost = wrong.replace("the objective is 99.5%. [E2]", "the objective is 99.5%.")
    blaming = lost.replace("## Impact", "The engineer was careless.\n\n## Impact")
    assert save(service, blaming).status_code == 303
    assert "do not say 77%" in passage(service, "77%")["look_at"][0]
    assert "lost its evidence: [E2]" in passage(service, "the objective is 99.5%")["look_at"][0]
    assert "careless" in passage(service, "careless")["look_at"][0]
    assert "Judges or names a person" in shown(service)
    refused = service["commander"].post(f"{PLACE}/publish", data={"version": 1})
    assert refused.status_code == 422 and "careless" in refused.text
    typed = service["responder"].post(f"{PLACE}/marks", data={"text": "Bob was careless."})
    assert "careless" in typed.text and "<html" not in typed.text


def test_of_an_edited_paragraph_only_the_persons_words_are_judged(service):
    text = body(service)
    line = next(each for each in text.splitlines() if each.startswith("For "))
    theirs = line.replace(". [", ". It was 77% at its worst. [", 1)
    assert save(service, text.replace(line, theirs)).status_code == 303
    marks = passage(service, "77%")["look_at"]
    assert len(marks) == 1 and "do not say 77%" in marks[0]


def test_who_called_it_over_may_say_what_caused_it(service):
    def ended(document):
        document.transitions[-1].actor = document.ended_by = "ann"
        document.hypotheses[0].confirmed = False

    text, said = body(service), "The rows of checkout caused it. [E1]"
    changed = text.replace(COUNTED + " [E1]", said)
    assert changed != text
    save(service, changed)
    assert "likely, not confirmed" in str(passage(service, "rows of")["look_at"])
    service.service.store.update("INC-1", ended)
    assert not passage(service, "rows of")["look_at"]


def test_who_saves_over_what_another_changed_sees_that_and_keeps_their_text(service):
    text = body(service)
    theirs, mine = text + "\nTheirs stands.\n", text + "\nMine is lost?\n"
    assert save(service, theirs, role="commander").status_code == 303
    answer = save(service, mine)
    assert answer.status_code == 409
    assert "<ins>+ Theirs stands.</ins>" in answer.text and "Mine is lost?" in answer.text
    assert edited(service)["version"] == 1
    sent = {"base": 0, "markdown": mine}
    assert service["responder"].post(f"/api/v1{PLACE}/edited", json=sent).status_code == 409
    assert save(service, theirs + "\nMine is lost?\n", base=1).status_code == 303
    compared = service["observer"].get(f"{PLACE}/versions?old=0&new=2", headers=PAGE).text
    assert "<ins>+ Theirs stands.</ins>" in compared and "<ins>+ Mine is lost?</ins>" in compared


def test_a_machines_paragraphs_are_signed_and_remarked(service):
    before = passage(service, "412 of 2,000")
    assert before["by"] == ""
    place, client = f"/api/v1{PLACE}", service["responder"]
    assert client.post(f"{place}/sign", json={"paragraphs": [before["key"]]}).status_code == 204
    said = {"paragraph": before["key"], "text": NASTY}
    assert client.post(f"{place}/comments", json=said).status_code == 204
    after = passage(service, "412 of 2,000")
    assert after["by"] == "responder" and NASTY in after["remarks"][0]
    assert "<script>alert" not in shown(service)
    assert client.post(f"{place}/sign", json={"paragraphs": [before["key"]]}).status_code == 422


def test_owners_and_dates_are_set_in_the_table(service):
    found = re.findall(r'name="owner(\d+)"', shown(service))
    sent = {"base": 0, **{f"owner{n}": "ann" for n in found}}
    sent |= {f"due{n}": "2031-01-02" for n in found}
    answer = service["responder"].post(f"{PLACE}/items", data=sent, headers=PAGE)
    assert answer.status_code == 200 and "| ann | 2031-01-02 |" in edited(service)["markdown"]
    wrong = sent | {"base": 1, f"due{found[0]}": "soon"}
    answer = service["responder"].post(f"{PLACE}/items", data=wrong, headers=PAGE)
    assert answer.status_code == 422 and "such as 2026-12-02" in answer.text


def test_texts_stay_texts_and_every_change_is_audited(service):
    save(service, body(service) + f"\n{NASTY} [a](javascript:x) password=hunter2hunter2\u202e\n")
    page = service["observer"].get(f"{PLACE}.html").text
    assert "<script" not in page and "<img" not in page and 'href="javascript' not in page
    assert "\u202e" not in page
    service["commander"].post(f"{PLACE}/publish", data={"version": 1})
    assert "<script>alert" not in shown(service)
    assert not verify(service.service.engine).fault
    with service.service.engine.begin() as connection:
        acts = [row.act for row in connection.execute(AUDIT.select())]
    assert acts[-2:] == ["edit postmortem", "publish postmortem"]
    assert service["observer"].post(PLACE, data={"text": "x", "base": 1}).status_code == 403


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # its home's own database
def test_the_command_line_prints_what_is_published(service, monkeypatch, capsys, tmp_path):
    save(service, body(service) + "\nWhat people wrote.\n")
    service["commander"].post(f"{PLACE}/publish", data={"version": 1})
    said = CommandLine(tmp_path / "home", monkeypatch, capsys)("postmortem")
    assert "What people wrote." in said.out
