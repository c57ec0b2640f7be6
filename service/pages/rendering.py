"""Pages as HTML: one strict Jinja environment, its words for times, levels and doubt, the files
that every page links, and what stands around it.

Every value is data and is escaped; a variable that nobody set is an error. Nothing is inline, so
that the policy of edge.py can forbid all that is.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ...agents.reporting import wording
from ...agents.reporting.wording import headline
from ...analysis.quantities import count, figure, percent, quantity
from ...incident.evidence import Quote, short
from ...incident.finding import sureness
from ...incident.memory import precedents, time_to_resolve
from ...incident.timeline import from_ts, utc_now
from ...notify import texts
from ...prompts.values import began, clock, duration, hurt, plain

if TYPE_CHECKING:  # problems are told by pages too, and who asks by problems
    from ..auth import Who

FOLDER = Path(__file__).parent
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""Of a file whose address holds its digest."""
KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
THEMES = ("auto", "light", "dark")
NAVIGATION = {
    "/": "Incidents",
    "/services": "Services",
    "/on-call": "On-call",
    "/runbooks": "Runbooks",
    "/figures": "Figures",
    "/drills": "Drills",
    "/health": "Health",
    "/settings": "Settings",
    "/rules": "Rules",
    "/audit": "Audit",
}
"""Where the bar leads, by address."""
ADMINS = ("/settings", "/rules", "/audit")
"""Of these, what an administrator sees alone."""
SHAPES = {"P0": "■", "P1": "▲", "P2": "●", "P3": "○"}
"""A severity is told by shape and letter; its colour only repeats it."""
FRESH_S = 45.0


@dataclass(frozen=True)
class Around:
    """What is the same on every page."""

    path: str = "/"  # with its query: where one comes back to
    theme: str = THEMES[0]
    who: "Who | None" = None  # who is signed in

    @classmethod
    def of(cls, request: Request, who: "Who | None") -> "Around":
        """Of this request."""
        theme = request.cookies.get("theme", THEMES[0])
        query = f"?{request.url.query}" if request.url.query else ""
        path = request.url.path + query if request.method == "GET" else "/"
        return cls(path, theme if theme in THEMES else THEMES[0], who)


def page(
    template: str,
    status: int = 200,
    request: Request | None = None,
    who: "Who | None" = None,
    **values: Any,
) -> HTMLResponse:
    """A whole page, or of a request by htmx only its main part; without a request in the browser's
    own colours."""
    bare = request is not None and request.headers.get("hx-request") == "true"
    around = Around.of(request, who) if request else Around()
    found = _environment().get_template(template)
    text = found.render(around=around, bare=bare, **values)
    return HTMLResponse(text, status, {"Vary": "HX-Request, Cookie"})


def parts(template: str, **values: Any) -> dict[str, Markup]:
    """Each block of a template by its name: what a page is made of, and what is sent anew."""
    found = _environment().get_template(template)
    context = found.new_context(values)
    return {name: Markup("".join(make(context)).strip()) for name, make in found.blocks.items()}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: "" if value is None else value,
    )
    environment.globals |= {"asset": asset, "navigation": NAVIGATION, "shapes": SHAPES}
    environment.globals |= {"admins": ADMINS, "themes": THEMES, "utc_now": utc_now}
    numbers = (count, duration, figure, headline, percent, quantity, sureness)
    for words in (ago, began, capital, cited, clock, from_ts, hurt, minute, plain, short, *numbers):
        environment.filters[words.__name__] = words
    environment.filters |= {"readable": wording.shown, "sentence": wording.sentence}
    environment.filters["as_sent"] = texts.plain
    environment.filters |= {"time_to_resolve": time_to_resolve, "precedents": precedents}
    environment.globals["m"] = environment.get_template("macros.html").module
    return environment


def cited(quotes: Iterable[Quote]) -> list[tuple[str, str]]:
    """Evidence by id, each once, with the query that marks its quoted cells."""
    found: dict[str, list[str]] = {}
    for quote in quotes:
        found.setdefault(quote.evidence, []).append(quote.pointer)
    marks = {name: [("cite", each) for each in places if each] for name, places in found.items()}
    return [(name, f"?{urlencode(pairs)}" if pairs else "") for name, pairs in marks.items()]


def capital(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def minute(at: datetime) -> str:
    """14:05 UTC; of another day with its date."""
    moment = at.astimezone(UTC)
    day = "" if moment.date() == utc_now().date() else f"{moment:%Y-%m-%d} "
    return f"{day}{moment:%H:%M} UTC"


def ago(at: datetime) -> str:
    """3 min ago, in 26 min; what happens within a minute is now, and long ago is a month."""
    seconds = (utc_now() - at).total_seconds()
    if seconds > 60 * 86400:
        return f"in {at:%B %Y}"
    if abs(seconds) < FRESH_S:
        return "now"
    told = _rounded(abs(seconds))
    return f"{told} ago" if seconds > 0 else f"in {told}"


def _rounded(seconds: float) -> str:
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} min"
    return f"{round(seconds / 3600)} h" if seconds < 129600 else f"{round(seconds / 86400)} days"


@cache
def files() -> Mapping[str, tuple[bytes, str]]:
    """What pages link, by name: content and media type."""
    found = (file for file in sorted((FOLDER / "static").iterdir()) if file.suffix in KINDS)
    return {file.name: (file.read_bytes(), KINDS[file.suffix]) for file in found}


@cache
def asset(name: str) -> str:
    """Its address, which changes with it."""
    return f"/static/{name}?v={hashlib.sha256(files()[name][0]).hexdigest()[:12]}"
