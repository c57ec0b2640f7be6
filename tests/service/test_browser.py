"""Pages in a real Chromium: for everybody, by keyboard, without a script, live, after a night."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from warroom.app.record import Record
from warroom.evals.service.exhibits import exhibit
from warroom.incident.action import Verdict
from warroom.incident.document import Incident
from warroom.incident.events import AlertTaken, StepStarted
from warroom.incident.identity import at_terminal
from warroom.incident.report import PostmortemReport
from warroom.incident.timeline import Event, EventKind, utc_now
from warroom.record.store import Store
from warroom.record.tokens import Role, Tokens
from warroom.settings import Settings
from warroom.tests.support.chromium import DESK, PHONE, Visitor, accessible, chromium, visit
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import full
from warroom.tests.support.serving import Serving, serving

pytestmark = pytest.mark.live


@dataclass
class Shop:
    """A home with an incident that waits for a decision, served."""

    home: Path
    store: Store
    serving: Serving
    tokens: dict[str, str]
    incident: str

    @property
    def at(self) -> str:
        return f"/incidents/{self.incident}"

    @property
    def question(self) -> str:
        """The page of the plan that waits."""
        asked = self.store.ledger.waiting(self.incident)
        return f"{self.at}/requests/{next(r.subject for r in asked if r.kind == 'action')}"

    def happens(self, text: str, by: str = "ann") -> None:
        """One more line on the timeline, and what follows from any change."""

        def note(document: Incident) -> None:
            event = Event(at=utc_now(), actor=by, kind=EventKind.decision, text=text)
            document.record(event)

        self.store.update(self.incident, note)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def worked(tmp_path_factory) -> tuple[Path, str]:
    """The home and its incident, which every test gets a copy of."""
    home = tmp_path_factory.mktemp("worked") / "home"
    home.mkdir(mode=0o700)
    return home, exhibit(home, "bad-deploy")


@pytest.fixture
def shop(tmp_path, worked) -> Iterator[Shop]:
    home, incident = tmp_path / "home", worked[1]
    copytree(worked[0], home, ignore=ignore_patterns("bundles"))  # which it reads where it is
    store = Record(Settings(home=home)).store
    tokens = {role.value: Tokens(store.engine).create(role.value, role) for role in Role}
    with serving(home, "--no-worker") as found:
        yield Shop(home, store, found, tokens, incident)


def person(browser: Browser, shop: Shop, role: str = "commander", **more) -> Visitor:
    return visit(browser, shop.serving.url, shop.tokens[role], **more)


@pytest.mark.parametrize(("viewport", "colours"), [(PHONE, "dark"), (DESK, "light")])
def test_axe_finds_nothing(browser, shop, viewport, colours):
    ann = person(browser, shop, viewport=viewport, color_scheme=colours)
    page = ann.page()
    wrong = {}
    told = ("charts", "evidence/E22", "change", "recovery", "why")
    for path in ("/", shop.at, *(f"{shop.at}/{each}" for each in told), shop.question):
        ann.open(path, page)
        settled(page)
        for fold in page.locator("details:not(.confirm)").all():
            fold.evaluate("fold => { fold.open = true }")
        wrong[path] = accessible(page) + wider(page)
    for place in page.locator(".confirm > summary").all():
        place.click()
        wrong[place.inner_text()] = accessible(page) + wider(page)
    ann.open(shop.at, page)
    page.locator(".of-think .cite").first.click()
    expect(page.locator("#h-evidence")).to_be_focused()
    wrong["beside"] = accessible(page)
    for path in ("/services", "/on-call", "/figures", "/health"):
        ann.open(path, page)
        wrong[path] = accessible(page) + wider(page)
    for path in ("/incidents/INC-none", "/account", "/?q=nothing", "/incidents/INC-1/resume"):
        ann.open(path, page)
        wrong[path] = accessible(page) + wider(page)
    page.context.clear_cookies()
    ann.open("/sign-in", page)
    wrong["/sign-in"] = accessible(page) + wider(page)
    told = "\n".join(f"{path} {each}" for path, found in wrong.items() for each in found)
    assert not told, told
    assert ann.complaints == []


def wider(page: Page) -> list[str]:
    """Whether one has to scroll sideways: two dimensions at a time are too many."""
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{wide} px wider than the screen"] if wide > 0 else []


def settled(page: Page) -> None:
    """The charts are there, if the page has any."""
    if page.locator("#charts").count():
        expect(page.locator("#charts svg").first).to_be_attached()


def test_evidence_opens_beside_its_claim_and_closes_by_keyboard(browser, shop):
    ann = person(browser, shop)
    page = ann.open(shop.at)
    claim = page.locator(".of-think .cite").first
    claim.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#h-evidence")).to_be_focused()
    expect(page.locator("#beside mark").first).to_be_visible()
    assert page.url.endswith(shop.incident)
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_empty()
    expect(claim).to_be_focused()
    assert ann.complaints == []


def test_a_decision_is_made_by_keyboard_alone(browser, shop):
    ann = person(browser, shop)
    page = ann.open("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    for wanted, shows in (
        ("a.title", ".of-needs a.button"),
        (".of-needs a.button", ".confirm > summary"),
        (".confirm > summary", ".confirm .go"),
        (".confirm .go", ".of-needs"),
    ):
        reach(page, wanted)
        page.keyboard.press("Enter")
        expect(page.locator(shows).first).to_be_visible()
    page.wait_for_url(f"**{shop.at}")
    expect(page.locator(".of-needs")).not_to_contain_text("Roll checkout back")


def reach(page: Page, wanted: str) -> None:
    """By the tab key, as often as it takes."""
    for _key in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("sought => document.activeElement.matches(sought)", wanted):
            return
    raise AssertionError(f"no way leads to {wanted}")


def test_everything_works_without_a_script(browser, shop):
    ann = person(browser, shop, java_script_enabled=False, viewport=PHONE)
    page = ann.open("/")
    page.click("a.title")
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_role("link", name="Refresh")).to_be_visible()
    page.locator(".of-think .cite").first.click()
    expect(page.locator("mark").first).to_be_visible()
    page.get_by_role("link", name="Back to").click()
    page.locator(".of-needs a.button").first.click()
    page.locator(".confirm > summary", has_text="Edit").click()
    page.fill("#f-to_version", "v9.9.9")
    page.click("text=See what it changes")
    expect(page.get_by_role("alert")).to_contain_text("v9.9.9")
    page.locator(".confirm > summary", has_text="Reject").click()
    page.fill("#reason", "not during lunch")
    page.click("text=Reject with this reason")
    page.wait_for_url(f"**{shop.at}")


def test_what_happens_is_seen_within_a_second_and_nothing_jumps(browser, shop):
    ann = person(browser, shop)
    page = ann.open(shop.at)
    expect(page.locator("#link")).to_have_text("Live")
    fold = page.locator("#think details").last
    fold.locator("summary").first.click()
    began = page.evaluate("performance.now()")
    shop.happens("called the payments team")
    pill = page.locator("#pill")
    expect(pill).to_be_visible()
    assert page.evaluate("performance.now()") - began < 5000  # on a machine that is shared
    assert "called the payments team" not in page.locator("#timeline").inner_text()
    expect(pill).to_have_text("1 new line")
    pill.click()
    expect(page.locator("#timeline")).to_contain_text("called the payments team")
    started = StepStarted(step=4, specialist="debugger", attempt=1)
    shop.store.events.append(shop.incident, started, 1.0)
    expect(page.locator("#live .working")).to_contain_text("Find the cause")
    assert fold.evaluate("fold => fold.open")
    assert ann.complaints == []


def test_the_list_lives_and_no_row_moves_under_the_finger(browser, shop):
    ann = person(browser, shop)
    page = ann.open("/")
    expect(page.locator("#link")).to_have_text("Live")
    kept(shop.store, full())
    shop.store.events.append("INC-1", AlertTaken(alert=full().alert), 1.0)
    pill = page.locator("#pill")
    expect(pill).to_have_text("Show 1 change")
    assert not page.locator("#INC-1").count()
    pill.click()
    expect(page.locator("#INC-1")).to_be_visible()
    expect(pill).to_be_hidden()
    shop.store.update("INC-1", lambda document: setattr(document, "title", "Said otherwise"))
    shop.store.events.append("INC-1", StepStarted(step=4, specialist="debugger", attempt=1), 1.0)
    expect(page.locator("#INC-1")).to_have_text("Said otherwise")
    page.context.clear_cookies()
    page.wait_for_url("**/sign-in**")
    assert ann.complaints == []


def test_who_slept_while_the_server_was_restarted_catches_up(browser, shop, tmp_path):
    ann = person(browser, shop)
    page = ann.open(shop.at)
    expect(page.locator("#link")).to_have_text("Live")
    place = shop.serving.url.rpartition("/")[2]
    shop.serving.stop()
    expect(page.locator("#link")).to_contain_text("reconnecting", timeout=40_000)
    shop.happens("worked on through the night")
    with serving(shop.home, "--no-worker", "--listen", place):
        expect(page.locator("#link")).to_have_text("Live", timeout=60_000)
        page.locator("#pill").click()
        expect(page.locator("#timeline")).to_contain_text("worked on through the night")
    assert set(ann.complaints) <= {"[object Event]"}  # of the lost stream


def test_a_server_that_dies_under_an_approval_loses_nothing(browser, shop):
    ann = person(browser, shop)
    page = ann.open(shop.question)
    subject = shop.question.rpartition("/")[2]
    page.locator(".confirm > summary").first.click()
    place = shop.serving.url.rpartition("/")[2]
    shop.serving.stop(SIGKILL)
    with suppress(Error):  # nobody answers
        page.locator(".go").first.click()
    assert shop.store.ledger.decision(shop.incident, subject) is None
    with serving(shop.home, "--no-worker", "--listen", place, token="-"):
        page.go_back()
        page.locator(".confirm > summary").first.click()
        page.locator(".go").first.click()
        page.wait_for_url(f"**{shop.at}")
        decision = shop.store.ledger.decision(shop.incident, subject)
        assert decision and (decision.verdict, decision.by) == (Verdict.approved, "commander")
        page.go_back()  # and once more, out of the browser's memory
        expect(page.locator(".calm").first).to_contain_text("by commander")
    assert ann.complaints == []


def test_who_slept_for_an_hour_catches_up_without_loading_anew(browser, shop):
    ann = person(browser, shop)
    ann.context.clock.install()
    page = ann.open(shop.at)
    expect(page.locator("#link")).to_have_text("Live")
    page.evaluate("window.same = true")
    with shop.store.engine.begin():  # it shall not fall asleep over the lock that we write under
        shop.serving.process.send_signal(SIGSTOP)  # nothing comes any more, and nobody says so
        os.waitpid(shop.serving.process.pid, os.WUNTRACED)
    page.clock.fast_forward("01:00:00")
    expect(page.locator("#link")).to_contain_text("reconnecting")
    for number in range(120):
        shop.happens(f"line {number} of the night", f"person {number}")
    subject = shop.question.rpartition("/")[2]
    shop.store.ledger.decide(shop.incident, subject, Verdict.rejected, at_terminal("zoe"), "no")
    shop.serving.process.send_signal(SIGCONT)
    expect(page.locator("#link")).to_have_text("Live", timeout=60_000)
    expect(page.locator(".of-needs")).not_to_contain_text("Roll checkout back")
    page.locator("#pill").click()
    for line in ("line 0 of the night", "line 119 of the night"):
        expect(page.locator("#timeline")).to_contain_text(line)
    assert page.evaluate("window.same")
    assert set(ann.complaints) <= {"[object Event]"}  # of the lost stream


def test_of_two_who_decide_at_once_one_is_told_of_the_other(browser, shop):
    ann, bob = person(browser, shop), person(browser, shop, "admin")
    place = shop.question
    pages = [ann.open(place), bob.open(place)]
    for page in pages:
        page.locator(".confirm > summary").first.click()
    pages[0].locator(".go").first.click()
    pages[0].wait_for_url(f"**{shop.at}")
    pages[1].locator(".go").first.click()
    expect(pages[1].get_by_role("alert")).to_contain_text("approved by commander at")
    assert [ann.complaints, bob.complaints] == [[], []]


def test_a_postmortem_is_written_with_blame_told_as_one_types_and_published(browser, shop):
    document = full()
    report = {"specialist": "postmortem", "conclusion": "concluded", "summary": "", "markdown": ""}
    document.reports.append(PostmortemReport.model_validate(report))
    kept(shop.store, document)
    place = f"/incidents/{document.id}/postmortem"
    for viewport in (PHONE, DESK):
        ann = person(browser, shop, viewport=viewport)
        page = ann.open(place)
        assert accessible(page) + wider(page) == []
        text = page.locator("#text").input_value()
        page.fill("#text", f"{text}\nThe engineer was careless.\n")
        expect(page.locator("#marks")).to_contain_text("careless")
        page.fill("#text", f"{text}\nRead on a screen of {viewport['width']}.\n")
        expect(page.locator("#marks")).to_contain_text("no blame")
        page.click("text=Save as a new version")
        expect(page.locator("body")).to_contain_text("not published" if viewport is PHONE else "is")
        assert accessible(page) + wider(page) == []
        page.click("text=/^Publish version/")
        expect(page.locator("body")).to_contain_text("This version is published")
        # What code wrote is folded but for the summary.
        assert page.locator(".facts-of > details[open]").count() == 1
        page.locator(".standing a.cite:visible").first.click()
        expect(page.locator("#beside")).not_to_be_empty()
        assert ann.complaints == []
