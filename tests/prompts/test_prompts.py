# ruff: noqa: RUF001 (Chinese punctuation)
"""Messages and prompts: strict, complete in both languages, and closed to what others wrote."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateNotFound, UndefinedError, meta
from jinja2.exceptions import SecurityError

from warroom.agents.postmortem import draft
from warroom.agents.reporting.briefing import brief
from warroom.agents.reporting.incident_page import incident_markdown
from warroom.incident.evidence import BackendLoad
from warroom.prompts.render import (
    FOLDER,
    _environment,
    digest,
    render,
    stamp,
    templates,
)
from warroom.prompts.spoken import about, lasting
from warroom.prompts.values import (
    cite,
    code,
    count,
    data,
    duration,
    figure,
    percent,
    plain,
    quantity,
    utc,
    zh,
)
from warroom.tests.support import incidents
from warroom.tests.support.markdown import HOSTILE, MARKDOWN, tokens

MESSAGES = [n for n in templates() if re.search(r"^(?!postmortem).*\.(en|zh)\.md$", n)]
DOCUMENTS = [
    incidents.minimal,
    incidents.declared,
    incidents.running,
    incidents.full,
    incidents.security,
    incidents.noise,
    incidents.inconclusive,
]


def values(build):
    return vars(brief(build(), incidents.at(200)))


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("build", DOCUMENTS)
def test_every_message_renders_for_every_document(name, build):
    text = render(name, **values(build))
    assert len(text) > 60
    assert "None" not in text
    assert not re.search(r"[ \t]+$", text, re.MULTILINE)


@pytest.mark.parametrize("build", DOCUMENTS)
def test_the_document_renders(build):
    document = build()
    text = incident_markdown(document)
    assert text.startswith(f"# {document.id}: ")
    assert "None" not in text
    for record in document.evidence:
        assert f"\n[{record.id}]: #" in text


def test_all_words_of_the_document_are_there_in_chinese():
    """§10: what the record has in English stays; what is ours is Chinese."""
    template = (FOLDER / "incident.md").read_text()
    ours = {found for found in re.findall(r'w\("(.*?)"', template) if re.search("[a-z]", found)}
    assert len(ours) > 50
    assert [words for words in sorted(ours) if zh(words) == words] == []
    fields = {words: set(re.findall(r"{\w+}", words)) for words in ours}
    assert all(set(re.findall(r"{\w+}", zh(words))) == named for words, named in fields.items())
    text = incident_markdown(incidents.full(), "", "zh")
    assert "2025 年 3 月 14 日，时间均为 UTC。P0，服务中断；已解决。" in text
    assert "\n## 处置\n" in text and "| 影响范围 | 预期效果 |" in text
    assert "checkout 错误率: 平时 0.1%, 操作前 41%, 操作后 0.1%, 目标 0.5% [E7]" in text


def test_a_full_document_shows_what_matters():
    document = incidents.full()
    document.charge([BackendLoad(datasource="prom", requests=31, bytes=37412, seconds=0.79)])
    text = incident_markdown(document)
    assert text.index("## What was done") < text.index("<details>") < text.index("- 2025-")
    for part in (
        document.proposals[1].short_hash,
        "**better**",
        "no evidence E99",
        "99.5%",
        "91%",
        "- prom: 31 requests, 37,412 bytes, 0.79 s",
    ):
        assert part in text


@pytest.mark.parametrize("name", templates())
def test_a_missing_variable_is_an_error(name):
    with pytest.raises(UndefinedError):
        render(name)


def test_a_missing_template_is_an_error():
    with pytest.raises(TemplateNotFound):
        render("no-such.md")


def used(name: str) -> set[str]:
    """Values that a template and its parts print or test, but for what they name themselves and for
    what only an English verb depends on."""
    source = (FOLDER / name).read_text(encoding="utf-8")
    parts = re.findall(r'include "(.+?)"', source)
    own = {"open", "what", "ended"}
    variables = meta.find_undeclared_variables(_environment().parse(source)) - own
    return variables.union(*map(used, parts))


def test_a_part_that_changes_is_another_wording():
    assert re.search(r'include "parts/lead', (FOLDER / "declared.en.md").read_text())
    whole = (FOLDER / "declared.en.md").read_bytes()
    assert digest("declared.en.md") != hashlib.sha256(whole).hexdigest()[:12]


@pytest.mark.parametrize("name", [name for name in MESSAGES if name.endswith(".en.md")])
def test_both_languages_have_the_same_fields(name):
    assert used(name) == used(name.replace(".en.md", ".zh.md"))


def test_a_declaration_and_a_resolution_say_all_that_the_practice_asks():
    """§10; in both languages, as those have the same fields."""
    said = "severity services started state owner contact missed moves cause impact next_update"
    assert used("declared.en.md") >= set(said.split())
    assert "When it will be over cannot be said yet." in render(
        "declared.en.md", **values(incidents.declared)
    )  # nobody gave a time
    assert used("resolved.en.md") >= {
        *["duration_seconds", "solution", "cause", "improvements", "impact"]
    }


def test_every_message_exists_in_both_languages():
    stems = {name.rsplit(".", 2)[0] for name in MESSAGES}
    assert len(MESSAGES) == 2 * len(stems) == 28


@pytest.mark.parametrize("hostile", HOSTILE)
def test_data_stays_text(hostile):
    assert tokens(data(hostile)) <= {"paragraph_open", "paragraph_close", "inline"}
    assert tokens(f"- {data(hostile)}") <= tokens("- harmless")
    row = tokens(f"| a |\n| --- |\n| {data(hostile)} |")
    assert row <= tokens("| a |\n| --- |\n| harmless |")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_data_is_shown_as_it_was_written(hostile):
    shown = MARKDOWN.renderInline(data(hostile))
    plain_html = plain(hostile).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert shown == plain_html.replace('"', "&quot;")


@pytest.mark.thorough
@given(st.text(max_size=200))
def test_any_text_stays_one_line_of_text(text):
    made = data(text)
    assert "\n" not in made
    assert tokens(made) <= {"paragraph_open", "paragraph_close", "inline"}


@given(st.text(max_size=200))
def test_code_holds_whatever_it_is_given(text):
    assert tokens(f"x {code(text)} y") == {
        "paragraph_open",
        "paragraph_close",
        "inline",
        "code_inline",
    }


@pytest.mark.thorough
@given(st.text(max_size=80), st.text(max_size=80))
def test_a_hostile_alert_adds_no_structure_to_any_text(title, text):
    calm, loud = incidents.full(), incidents.full()
    calm.title = calm.alert.name = calm.alert.summary = "calm"
    loud.title, loud.alert.name, loud.alert.summary = title, title, text or "x"
    calm.findings[0].statement, loud.findings[0].statement = "calm", text
    for name in ("declared.en.md", "update.zh.md", "executive_summary.en.md"):
        assert tokens(render(name, **values(lambda: loud))) == tokens(
            render(name, **values(lambda: calm))
        )
    assert tokens(incident_markdown(loud)) == tokens(incident_markdown(calm))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_alert_cannot_shape_the_postmortem(hostile):
    calm, loud = incidents.full(), incidents.full()
    loud.title = loud.alert.name = hostile
    loud.findings[0].statement = loud.gaps[0].why = loud.evidence[0].summary = hostile
    loud.timeline[0].text = loud.timeline[0].actor = hostile
    now = incidents.at(200)
    assert tokens(draft(loud, now).markdown) == tokens(draft(calm, now).markdown)


def test_a_template_cannot_reach_python():
    environment = _environment()
    with pytest.raises(SecurityError):
        environment.from_string("{{ ''.__class__.__mro__ }}").render()


def test_long_values_are_cut_with_a_mark():
    assert len(plain("x" * 5000)) == 600
    assert plain("x" * 5000).endswith("…")


def test_only_ids_are_cited():
    assert cite(["E1", "E1", "T12", "x](y", "E1]", ""]) == "[E1] [T12]"


def test_external_texts_say_nothing_of_the_inside():
    document = incidents.full()
    document.title = document.hypotheses[0].statement = "secret-inner-detail"
    document.findings[0].statement = "secret-inner-detail"
    for name in MESSAGES:
        if name.startswith(("status_page", "customer_email", "security_disclosure")):
            text = render(name, **values(lambda: document))
            assert "secret-inner-detail" not in text
            assert "gateway" not in text
            assert "roll back" not in text


def test_a_stamp_names_the_wording():
    name = "declared.en.md"
    assert re.fullmatch(r"[0-9a-f]{12}", digest(name))
    assert stamp(name) == f"{name}@{digest(name)}"
    assert digest(name) != digest("declared.zh.md")


def test_figures_as_people_write_them():
    assert (percent(0.41), percent(0.0012), percent(0.995), percent(0)) == (
        "41%",
        "0.12%",
        "99.5%",
        "0%",
    )
    assert (duration(42), duration(300), duration(5400)) == ("42 s", "5 min", "1 h 30 min")
    assert (lasting(42), lasting(5400), lasting(60)) == (
        "less than a minute",
        "1 hour 30 minutes",
        "1 minute",
    )
    shares = (0.44, 0.1, 0.003, 0.05, 0.5, 0.99)
    assert [about(share) for share in shares] == [
        "about 4 in 10",
        "about 1 in 10",
        "fewer than 1 in 100",
        "about 1 in 20",
        "about half of all",
        "almost all",
    ]
    assert [about(share, "zh") for share in shares[:2]] == ["约四成", "约一成"]
    assert (count(12345.4), figure(0.12345), figure(12345), quantity(0.2, "share")) == (
        "12,345",
        "0.123",
        "12,345",
        "20%",
    )
    assert (quantity(1.5, "s"), quantity(None), utc(None)) == ("1.5 s", "—", "—")
    assert utc(incidents.T0) == "2025-03-14 10:00:00 UTC"


def test_bare_addresses_and_mentions_are_not_linked_by_any_renderer():
    assert data("see https://evil.example") == r"see https\://evil.example"
    assert data("see www.evil.example") == r"see www\.evil.example"
    assert data("ask @someone") == r"ask \@someone"
