"""Lines in the forms of well-known products: what they say, by OpenTelemetry's names; of events, by
those of the Elastic Common Schema.
"""

import re
from collections.abc import Mapping
from typing import Any

import re2
from pydantic import Field

from ...cluster.objects import named
from ...yaml_tables import Entry, read_table

REFUSED = re.compile(r"drop|block|den[yi]|reject|forbid|unauthori|fail|^40[13]$", re.IGNORECASE)
LET = re.compile(r"accept|allow|permit|pass|succe|^[23]\d\d$", re.IGNORECASE)
LOGIN = re.compile(r"log-?[io]n|sign-?in|user_auth", re.IGNORECASE)
NOTHING = ("", "-", "0")
CATEGORIES = {"intrusion_detection": "network", "iam": "audit", "configuration": "audit"}
CATEGORIES |= {name: name for name in ("authentication", "network", "audit")}
"""Ours, by what others call them."""
LONGEST = 4000
"""Characters of a line that are looked at."""


class KnownLine(Entry):
    """One form; each key is explained in the table."""

    category: str = Field(default="", pattern="^(network|audit|authentication|)$")
    line: str = ""
    told_by: tuple[str, ...] = ()
    keys: dict[str, tuple[str, ...]] = Field(default={})
    usual: str = ""

    def fields(self, known: Mapping[str, Any]) -> dict[str, str]:
        """What fields of this form say, by our short names."""
        each = {n: [known.get(named(key)) for key in keys] for n, keys in self.keys.items()}
        return {n: next((_text(v) for v in found if v), "") for n, found in each.items()}


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


class KnownLines(Entry):
    """All of them, and what each name in them is called by everybody else."""

    names: dict[str, str]
    forms: dict[str, KnownLine]


TABLE = read_table("telemetry/sources/known_lines.yaml", KnownLines)
FORMS, NAMES = TABLE.forms, TABLE.names
IN_TEXT = [(form, re2.compile(form.line)) for form in FORMS.values() if form.line]
IN_FIELDS = [({*map(named, form.told_by)}, form) for form in FORMS.values() if form.told_by]
ANY_TEXT = re2.Set.SearchSet()
for _form, _ in IN_TEXT:
    ANY_TEXT.Add(_form.line)
ANY_TEXT.Compile()


def in_text(text: str) -> dict[str, str]:
    """What a line of text says, where it has a form that is known; else nothing."""
    text = text[:LONGEST]
    for number in ANY_TEXT.Match(text) or ():
        form, pattern = IN_TEXT[number]
        if found := pattern.search(text):
            return _named(form, found.groupdict(""))
    return {}


def in_fields(known: Mapping[str, Any]) -> dict[str, str]:
    """The same of the fields of a line, or of the labels that it came with."""
    same = {named(name): value for name, value in known.items()}
    form = next((form for told_by, form in IN_FIELDS if told_by <= same.keys()), None)
    return _named(form, form.fields(same)) if form else {}


def _named(form: KnownLine, said: dict[str, str]) -> dict[str, str]:
    word, category = said.get("outcome", ""), said.get("category", "") or form.category
    refused, let = REFUSED.search(word), LET.search(word)
    if category == "audit" and LOGIN.search(said.get("action", "")):
        category = "authentication"
    told = {
        "client": said.get("client", "").partition(",")[0],
        "origin": said.get("origin", "").rpartition(", ")[2],  # of several tries the last
        "object": "/".join(filter(None, (said.get("object"), said.get("part")))),
        "outcome": "failure" if refused else "success" if let else "" if word else form.usual,
        "category": next((CATEGORIES[w] for w in category.split(", ") if w in CATEGORIES), ""),
    }
    known = {name: value for name, value in (said | told).items() if value not in NOTHING}
    return {NAMES[name]: value for name, value in known.items() if name in NAMES}
