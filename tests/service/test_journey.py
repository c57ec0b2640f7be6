"""A person's way through an incident, in a real Chromium: from a real Alertmanager's word to the
exported postmortem."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from warroom.drills.monitoring import ALERTS, installed
from warroom.tests.support.browsers import PASSWORD
from warroom.tests.support.chromium import Visitor, chromium, stranger
from warroom.tests.support.live_system import PARTNER, System, live_system
from warroom.tests.support.shop_bundle import Fault

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(installed(ALERTS) is None, reason="alertmanager is not on PATH"),
]
LONG_MS = 120_000
"""For what takes its time: a response, and a system that recovers."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def system(tmp_path) -> Iterator[System]:
    with live_system(tmp_path) as found:
        yield found


def account(browser: Browser, system: System, name: str, role: str = "commander") -> Visitor:
    """Somebody who was given an account: opens its link, sets a password, signs in with it."""
    with system.serving.client() as admin:
        made = admin.post("/api/v1/accounts", json={"name": name, "role": role})
    link = made.raise_for_status().json()["link"]
    ann = stranger(browser, system.serving.url)
    page = ann.open(link[link.index("/set-password") :])
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.locator("main button").click()
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.locator("#password").press("Enter")
    page.wait_for_url(f"{system.serving.url}/")
    page.close()
    return ann


def test_from_the_alert_to_the_exported_postmortem(browser, system):
    ann = account(browser, system, "ann")
    page = ann.open("/")
    expect(page.locator("main")).to_contain_text("No incident yet")
    stopped = lambda: bool(system.blocked())  # noqa: E731
    labels = {"alertname": "FailedLogins", "service": "login"}
    system.breaks(Fault("stuffing"), stopped, "most logins fail", **labels)

    page.locator("a.title").click(timeout=LONG_MS)  # it came by itself
    expect(page.locator("#link")).to_have_text("Live")
    plan = page.locator(".of-needs .need", has_text="Refuse requests from")
    expect(plan).to_be_visible(timeout=LONG_MS)
    quoted(page)
    plan.get_by_role("link", name="Look and decide").click()
    late = ann.open(page.url.removeprefix(ann.base))
    edited(page)
    assert system.blocked() in ([], ["198.51.100.0/24"])  # nobody else's plan was done
    late.locator(".confirm > summary", has_text="Approve").click()
    late.get_by_role("button", name="Yes, approve").click()
    expect(late.get_by_role("alert")).to_contain_text("already edited by ann at")

    expect(page.locator("#did .mark").first).to_have_text("✓", timeout=LONG_MS)
    expect(page.locator("#head")).to_contain_text("resolved", timeout=LONG_MS)
    assert system.blocked() == ["198.51.100.0/24"]
    page.get_by_role("link", name="Write the postmortem").click()
    written(page)
    assert ann.complaints == []


def quoted(page: Page) -> None:
    """The claim's evidence opens beside it, with the cell that it quotes."""
    claim = page.locator(".of-think li", has_text="failed logins from")
    told = claim.first.inner_text()
    claim.locator(".cite").first.click()
    expect(page.locator("#h-evidence")).to_be_focused()
    cells = page.locator("#beside mark").all_inner_texts()
    assert any(cell.startswith("198.51.100.") for cell in cells), (told, cells)
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_empty()


def edited(page: Page) -> None:
    """The partner's address is left out: another plan, shown before it is approved."""
    whole = page.locator("dt:text-is('Plan') + dd").inner_text()
    for left_out in (("198.51.100.0/24", PARTNER), (PARTNER,)):
        fold = page.locator(".confirm", has_text="See what it changes")
        if len(left_out) == 2:  # what was refused stays open
            fold.locator("summary").click()
        for source in left_out:
            fold.get_by_label(source).uncheck()
        fold.get_by_role("button", name="See what it changes").click()
        if len(left_out) == 2:
            expect(page.get_by_role("alert")).to_contain_text("does not fit")
    changes = page.get_by_role("table", name="Differences")
    expect(changes).to_contain_text(PARTNER)
    assert page.locator("dt:text-is('Plan') + dd").inner_text() != whole
    page.get_by_role("button", name="Yes, approve this edit").click()
    page.wait_for_url("**/incidents/INC-*")


def written(page: Page) -> None:
    """The postmortem gets a sentence of hers, is published, and leaves the house with it."""
    ours = "The partner's address stayed open: it was theirs, and no attacker's."
    text = page.locator("#text")
    text.fill(f"{text.input_value()}\n{ours}\n")
    page.get_by_role("button", name="Save as a new version").click()
    page.get_by_role("button", name="Publish version").click()
    expect(page.locator(".calm")).to_contain_text("This version is published")
    for name in ("Markdown", "HTML", "PDF"):
        with page.expect_download() as kept:
            page.locator(".facts").get_by_role("link", name=name).click()
        content = Path(kept.value.path()).read_bytes()
        assert content[:4] == b"%PDF" if name == "PDF" else ours in unescape(content.decode())
