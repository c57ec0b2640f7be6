"""Takes the pictures of docs/pages: recorded drills, worked here, in a real Chromium.

    .venv/bin/python docs/take_screenshots.py [NAME …]

Needs Debian's chromium. Every picture is to be looked at before it is committed.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from warroom.app.record import Record
from warroom.evals.service.exhibits import exhibit
from warroom.record.tokens import Role, Tokens
from warroom.settings import Settings
from warroom.tests.support.serving import serving

FOLDER = Path(__file__).with_name("pages")
DESK, PHONE = (1280, 860), (390, 844)
QUESTION = "{incident}/requests/{action}"
SHOTS = {  # name: path, what is clicked, size, dark
    "incidents": ("/", "", DESK, False),
    "incidents-phone": ("/", "", PHONE, True),
    "incident": ("{incident}", "", DESK, False),
    "incident-dark": ("{incident}", "", DESK, True),
    "incident-phone": ("{incident}", "", PHONE, False),
    "evidence": ("{incident}", ".of-think .cite", DESK, False),
    "evidence-phone": ("{incident}/evidence/E27", "", PHONE, False),
    "approval": (QUESTION, "", DESK, False),
    "approval-phone": (QUESTION, ".confirm > summary", PHONE, True),
    "edit": (QUESTION, ".confirm:nth-child(2) > summary", DESK, False),
    "change": ("{incident}/change", "", DESK, False),
    "change-phone": ("{incident}/change", ".changes section:nth-of-type(2) summary", PHONE, False),
    "text": ("{incident}/requests/{text}", ".confirm:nth-child(2) > summary", DESK, False),
    "on-call": ("/on-call", "", DESK, False),
    "on-call-phone": ("/on-call", "", PHONE, True),
    "figures": ("/figures?drills=true", "", DESK, False),
    "postmortem": ("{over}/postmortem", "", DESK, False),
    "postmortem-phone": ("{over}/postmortem", "", PHONE, True),
    "sign-in": ("/sign-in", "", DESK, False),
}
"""Screens, but for those that are shown further down."""
CONFIGURATION = """
oncall:
  schedules:
    - name: primary
      time_zone: Europe/Berlin
      layers:
        - {participants: [ann, ben, cat], start: 2026-11-02T09:00, rotation: daily, every: 2}
        - participants: [dan]
          start: 2026-11-02T00:00
          hours: ["Sat 00:00-Mon 00:00"]
          priority: 1
    - name: secondary
      time_zone: Europe/Berlin
      layers: [{participants: [eva, finn], start: 2026-11-02T09:00, hours: ["Mon 08:00-Fri 20:00"]}]
"""
WHOLE, COLOURS, MOST = ("incident",), 160, 1900


@contextmanager
def shown() -> Iterator[tuple[str, str, dict[str, str]]]:
    """A service over some recorded drills: its address, a token, what paths name."""
    with TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        over = ""
        for case in ("hung-dependency", "slow-release"):
            over = exhibit(home, case, ("action", "text"))
        exhibit(home, "corrupted-rows")
        exhibit(home, "credential-stuffing")
        incident = exhibit(home, "bad-deploy")
        store = Record(Settings(home=home)).store
        asked = store.ledger.waiting(incident)
        names = {request.kind: request.subject for request in asked}
        token = Tokens(store.engine).create("ann", Role.commander)
        told = home / "warroom.yaml"
        told.write_text(CONFIGURATION)
        with serving(home, "--no-worker", WARROOM_CONFIG=str(told)) as found:
            places = {"incident": f"/incidents/{incident}", "over": f"/incidents/{over}"}
            yield found.url, token, {**places, **names}


def shoot(page: Page, name: str, path: str, click: str) -> None:
    """One picture, once its charts are there."""
    page.goto(path)
    if page.locator("#charts").count():
        page.wait_for_selector("#charts svg")
    page.wait_for_timeout(700)
    if click:
        page.click(click)
        page.wait_for_timeout(700)
    taken = Image.open(BytesIO(page.screenshot(full_page=name in WHOLE)))
    taken = taken.crop((0, 0, taken.width, min(taken.height, MOST)))
    few = taken.convert("RGB").quantize(
        COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )
    few.save(FOLDER / f"{name}.png", optimize=True)


def main() -> None:
    """All of them, or those that are named."""
    FOLDER.mkdir(exist_ok=True)
    program = shutil.which("chromium") or "chromium"
    with shown() as (url, token, names), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, (path, click, (width, height), dark) in SHOTS.items():
            if sys.argv[1:] and name not in sys.argv[1:]:
                continue
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                extra_http_headers={"Authorization": f"Bearer {token}"},
            )
            shoot(context.new_page(), name, url + path.format(**names), click)
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
