"""A real Chromium over a real `warroom serve`: signed in, and strict about what the page's policy
forbids."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

expect.set_options(timeout=30_000)  # the machine may be shared
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = ["--no-sandbox", "--disable-background-networking"]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
WATCH = """addEventListener("securitypolicyviolation",
    (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"""


@dataclass
class Visitor:
    """One browser with cookies of its own; whatever it complained of is kept."""

    context: BrowserContext
    base: str
    complaints: list[str] = field(default_factory=list)

    def page(self) -> Page:
        page = self.context.new_page()
        page.on("console", lambda said: self._heard(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._dialog)
        return page

    def open(self, path: str, page: Page | None = None) -> Page:
        page = page or self.page()
        page.goto(self.base + path)
        return page

    def _heard(self, kind: str, text: str) -> None:
        expected = "Failed to load resource" in text or "ERR_CONNECTION" in text
        if kind == "error" and not expected:
            self.complaints.append(text)

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()


@contextmanager
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def stranger(browser: Browser, base: str, **more: Any) -> Visitor:
    """Somebody who is not signed in yet."""
    context = browser.new_context(**{"viewport": DESK, **more})
    context.set_default_timeout(30_000)
    context.add_init_script(WATCH)
    return Visitor(context, base)


def visit(browser: Browser, base: str, token: str, **more: Any) -> Visitor:
    """Somebody who signs in with a token, as a person does."""
    visitor = stranger(browser, base, **more)
    page = visitor.open("/sign-in")
    page.fill("#token", token)
    page.click("text=Sign in with the token")
    page.wait_for_url(f"{base}/")
    page.close()
    return visitor


def accessible(page: Page) -> list[str]:
    """What axe finds, by WCAG 2.2 AA and the best practices: rule, place and why."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
