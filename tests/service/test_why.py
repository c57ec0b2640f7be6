"""Why it happened, on its page without a script and over the API: read, corrected, kept in
versions, on both databases."""

import re
from html import unescape

import pytest

from warroom.record.audit import verify
from warroom.record.tables import AUDIT
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import full
from warroom.tests.support.services import asked

PLACE = "/incidents/INC-1/why"
API = f"/api/v1{PLACE}"
PAGE = {"Accept": "text/html"}


@pytest.fixture
def service(tmp_path, place):
    with asked(tmp_path / "home", place) as found:
        kept(found.service.store, full())
        yield found


def read(service, **query) -> dict:
    answer = service["observer"].get(API, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def change(service, role="responder", **edit):
    sent = {"base": read(service)["version"], "act": "change", "text": "", **edit}
    return service[role].post(PLACE, data=sent, headers=PAGE, follow_redirects=False)


def node(found: dict, words: str) -> dict:
    return next(each for each in found["nodes"] if words in each["text"])


def test_a_person_corrects_a_tree_and_the_cut_sets_follow(service):
    first = read(service)
    assert first["version"] == 0 and first["history"] == []
    safeguard = node(first, "no stage between")
    assert safeguard["stands"] == "assumption" and safeguard["by"] == ""
    answer = change(service, node=safeguard["id"], evidence="E3, E4", text="no canary was set up")
    assert answer.status_code == 303 and answer.headers["location"].endswith(safeguard["id"])
    new = node(read(service), "no canary")
    assert (new["evidence"], new["stands"]) == (["E3", "E4"], "shown")
    assert change(service, node=safeguard["parent"], every="false").status_code == 303
    after = read(service)
    assert [safeguard["id"]] in after["cut_sets"], "any of them is enough now"
    assert after["cut_sets"] != first["cut_sets"]
    added = change(service, node=safeguard["id"], act="add", text="the stage was switched off")
    assert added.status_code == 303
    leaf = node(read(service), "switched off")
    assert [leaf["id"]] in read(service)["cut_sets"]
    assert change(service, node=safeguard["id"], act="remove").status_code == 303
    assert "switched off" not in str(read(service)["nodes"])
    assert read(service, version=0)["nodes"] == first["nodes"], "the original stays"
    page = unescape(service["observer"].get(PLACE, headers=PAGE).text)
    assert "Version 4" in page and "<select" not in page
    old = service["responder"].get(f"{PLACE}?version=1", headers=PAGE).text
    assert "no canary" in old and "<select" not in old, "only the newest is edited"


def test_each_edit_is_audited_and_who_was_slower_is_told(service):
    top = read(service)["nodes"][0]["id"]
    assert change(service, node=top, text="Orders failed").status_code == 303
    late = change(service, node=top, text="Mine", base=0)
    assert late.status_code == 422 and "somebody saved meanwhile" in late.text
    form = {"base": 0, "act": "change", "node": top, "text": "Mine"}
    assert service["responder"].post(API, json=form).status_code == 409
    assert service["observer"].post(API, json=form | {"base": 1}).status_code == 403
    assert service["responder"].post(API, json=form | {"base": 1}).status_code == 201
    assert not verify(service.service.engine).fault
    with service.service.engine.begin() as connection:
        acts = [row.act for row in connection.execute(AUDIT.select())]
    assert acts.count("edit causes") == 2


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"evidence": "E99"}, "no evidence E99"),
        ({"text": "the engineer was careless"}, "judges or names a person"),
        ({"text": "x" * 400}, "at most 300 characters"),
        ({"act": "remove"}, "the top stays"),
        ({"node": "N4711"}, "load the page again"),
        ({"base": "soon"}, "load the page again"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_is_kept(service, edit, said):
    top = read(service)["nodes"][0]["id"]
    answer = change(service, **{"node": top, **edit})
    assert answer.status_code == 422 and said in unescape(answer.text)
    assert read(service)["version"] == 0


def test_texts_stay_texts(service):
    top = read(service)["nodes"][0]["id"]
    nasty = "<script>alert(1)</script> password=hunter2hunter2 \u202e"
    assert change(service, node=top, text=nasty).status_code == 303
    page = service["observer"].get(PLACE, headers=PAGE).text
    assert "<script>alert" not in page and "hunter2" not in page and "\u202e" not in page
    assert not re.search(r"<svg[^>]*>(?:(?!</svg>).)*<script", page, re.S)


def test_the_incidents_page_and_the_postmortem_show_it(service):
    assert f'hx-get="{PLACE}"' in service["observer"].get("/incidents/INC-1", headers=PAGE).text
    part = service["observer"].get(PLACE, headers={**PAGE, "HX-Request": "true"}).text
    assert "<html" not in part and part.count("<svg") == 3 and "<form" not in part
