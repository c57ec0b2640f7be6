"""The pages over all incidents in a real Chromium, and the charts that zoom."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from warroom.app.record import Record
from warroom.evals.service.exhibits import exhibit
from warroom.record.tokens import Role, Tokens
from warroom.settings import Settings
from warroom.tests.support.chromium import DESK, PHONE, accessible, chromium, visit
from warroom.tests.support.serving import serving

pytestmark = pytest.mark.live
CONFIGURATION = """
oncall:
  schedules: [{name: primary, layers: [{participants: [ann, ben], start: 2026-01-05T09:00}]}]
status_page: {title: Shop, served: public}
policy:
  rules:
    - {name: restart-hung, mode: act, actions: [restart], causes: [hung process], confidence: 0.9,
       services: [payments], severities: [P0], hours: ["00:00-24:00"], time_zone: Europe/Berlin}
"""
PAGES = (
    *("/services", "/on-call", "/runbooks", "/figures?drills=true", "/noise", "/drills", "/health"),
    *("/settings", "/rules?days=30", "/audit", "/accounts", "/status/"),
)
OUTSIDE = ("/sign-in", "/set-password/x", "/on-call/acknowledge/x")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Iterator[tuple[str, str, str]]:
    """A service over an incident: its address, an administrator's token, the incident's page."""
    home = tmp_path_factory.mktemp("pages") / "home"
    home.mkdir(mode=0o700)
    incident = exhibit(home, "bad-deploy")
    token = Tokens(Record(Settings(home=home)).store.engine).create("ann", Role.admin)
    told = home / "warroom.yaml"
    told.write_text(CONFIGURATION)
    with serving(home, "--no-worker", WARROOM_CONFIG=str(told)) as found:
        yield found.url, token, f"/incidents/{incident}"


@pytest.mark.parametrize(("viewport", "colours"), [(PHONE, "light"), (DESK, "dark")])
def test_axe_finds_nothing_on_pages_over_all_and_outside(browser, shop, viewport, colours):
    ann = visit(browser, *shop[:2], viewport=viewport, color_scheme=colours)
    page, wrong = ann.page(), []
    for path in (*PAGES, *OUTSIDE):
        if path == OUTSIDE[0]:
            page.context.clear_cookies()
        ann.open(path, page)
        if viewport is PHONE and path == "/services":
            page.click(".menu > summary")
            expect(page.get_by_role("link", name="Figures")).to_be_visible()
        for fold in page.locator("details").all():
            fold.evaluate("fold => { fold.open = true }")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        wrong += [f"{path} {each}" for each in accessible(page)]
        wrong += [f"{path} is {wide} px wider than the screen"] if wide > 0 else []
    told = "\n".join(wrong)
    assert not told, told
    assert ann.complaints == []


def test_a_stretch_of_a_chart_is_drawn_anew_by_dragging_and_by_keyboard(browser, shop):
    ann = visit(browser, *shop[:2])
    page = ann.open(shop[2])
    picture = page.locator(".zooms svg").first
    expect(picture).to_be_attached()
    span, ways = page.locator(".ways .quiet"), page.locator(".ways")
    whole = span.inner_text()
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.6, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, y, steps=3)
    page.mouse.up()
    expect(ways).to_contain_text("All")
    part = span.inner_text()
    assert part != whole
    page.locator(".zooms").first.focus()
    page.keyboard.press("-")
    expect(span).not_to_have_text(part)
    ways.get_by_text("All").click()
    expect(span).to_have_text(whole)
    assert ann.complaints == []
