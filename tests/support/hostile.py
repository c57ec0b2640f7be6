"""Texts of others that mean harm, in every place of an incident that has one; and what a browser
would make of a page that shows them."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from warroom.incident.document import Incident
from warroom.incident.report import PostmortemReport
from warroom.record.store import Store
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import full

NASTY = '<script>alert(1)</script><img src=x onerror="x()">{{7*7}}\u202e'
OURS = re.compile(r"https://(meet|wiki)\.example\.org/")
"""Links that people gave."""


class Tags(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def harm(text: str) -> list[str]:
    """What of a page would run, load or lead to what is not ours."""
    return list(_harm(text))


def _harm(text: str) -> Iterator[str]:
    for tag, attributes in Tags(text).found:
        if tag in ("img", "iframe", "object", "embed", "base", "style"):
            yield tag
        if tag == "script" and set(attributes) != {"src", "defer"}:
            yield "a script that stands in it"
        yield from (name for name in attributes if name.startswith("on") or name == "style")
        link = attributes.get("href") or attributes.get("action") or "/"
        if not link.startswith(("/", "#")) and not OURS.match(link):
            yield link


def nasty(store: Store) -> Incident:
    """Texts of others in every place that has one."""
    document = json.loads(full().model_dump_json())

    def spoil(node, name=""):
        if isinstance(node, dict):
            return {key: spoil(value, key) for key, value in node.items()}
        if isinstance(node, list):
            return [spoil(each, name) for each in node]
        fixed = {"at", "id", "kind", "state", "risk", "outcome", "verdict", "step", "role", "rule"}
        plain = isinstance(node, str) and name not in fixed and not re.match(r"\d{4}-|E\d", node)
        return f"{node} {NASTY}" if plain and name in TEXTS else node

    found = Incident.model_validate(spoil(document))
    report = {"specialist": "postmortem", "conclusion": "concluded", "summary": NASTY}
    found.reports.append(PostmortemReport.model_validate({**report, "markdown": NASTY}))
    return kept(store, found)


TEXTS = {
    *("title", "name", "service", "summary", "text", "statement", "reason", "why", "what"),
    *("actor", "team", "depends_on", "target", "rationale", "blast_radius", "undo", "by", "note"),
    *("expected_effect", "verification", "incident_commander", "technical_lead", "experts"),
    *("ruled_out", "missing", "tool", "subject", "body", "public_name", "collected_by"),
}
