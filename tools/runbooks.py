"""Runbooks: what others have learned about the common faults, one Markdown file each."""

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from .base import Bench, Effect, Row, Table, tool
from .reading import number, table

SECTIONS: tuple[str, ...] = ("Symptoms", "Checks", "First moves", "Verification")
PACKAGE = __name__.rpartition(".")[0]
EXACT = 10.0
"""Score of a runbook whose fault is exactly what was asked for."""


@dataclass(frozen=True)
class Runbook:
    """One file: the fault it is about, words that lead to it, lists of lines."""

    id: str
    title: str
    fault: str
    words: tuple[str, ...]
    sections: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunbookMatch(Row):
    """A runbook and how well it fits; its lists one line each."""

    id: str
    title: str
    score: float | None
    symptoms: str
    checks: str
    first_moves: str
    verification: str


@tool(Effect.read)
def find_runbook(bench: Bench, fault: str = "", limit: int = 3) -> Table[RunbookMatch]:
    """Runbooks for a kind of fault ("memory leak") or for words of an alert or log line.

    Gives symptoms, checks, first moves and verification, one line each; best match first. With
    no words it lists every runbook.
    """
    books = runbooks()
    scored = [(_score(book, fault), book) for book in books]
    hits = [item for item in scored if item[0] > 0 or not fault.strip()]
    hits.sort(key=lambda item: (-item[0], item[1].id))
    kept = hits[: max(1, limit)] if fault.strip() else hits
    rows: list[RunbookMatch] = [
        RunbookMatch(
            id=book.id,
            title=book.title,
            score=number(score, 3),
            symptoms=book.sections["Symptoms"],
            checks=book.sections["Checks"],
            first_moves=book.sections["First moves"],
            verification=book.sections["Verification"],
        )
        for score, book in kept
    ]
    summary = f"{len(hits)} of {len(books)} runbooks fit"
    summary += f"; best: {rows[0].title}" if rows else ""
    nothing = f"none of {len(books)} runbooks is about {fault[:80]!r}"
    return table(rows, summary, nothing, bench.frame.incident)


@cache
def runbooks() -> tuple[Runbook, ...]:
    """Every runbook that ships with the package, by id."""
    folder = files(PACKAGE) / "runbooks"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".md")]
    books = [parse_runbook(entry.name[:-3], entry.read_text("utf-8")) for entry in found]
    return tuple(sorted(books, key=lambda book: book.id))


def parse_runbook(name: str, text: str) -> Runbook:
    """A runbook out of Markdown: a title, `fault:` and `words:` lines, four sections of lists."""
    head, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    fields = dict(re.findall(r"^(fault|words): (.*)$", head, re.MULTILINE))
    title = re.search(r"^# (.+)$", head, re.MULTILINE)
    sections: dict[str, str] = dict.fromkeys(SECTIONS, "")
    for part in parts:
        name_of, _, body = part.partition("\n")
        lines = re.findall(r"^(?:-|\d+\.) (.+)$", body, re.MULTILINE)
        sections[name_of.strip()] = "\n".join(lines)
    words = tuple(word.strip() for word in fields.get("words", "").split(",") if word.strip())
    return Runbook(
        name, title.group(1) if title else name, fields.get("fault", ""), words, sections
    )


def _score(book: Runbook, asked: str) -> float:
    """How well a runbook fits: its fault by name, else its words, longer ones counting more."""
    text = asked.strip().lower()
    if text in (book.fault.lower(), book.id):
        return EXACT
    hits = [word for word in (book.fault.lower(), *book.words) if _holds(text, word)]
    return sum(len(word.split()) for word in hits)


def _holds(text: str, words: str) -> bool:
    return re.search(rf"\b{re.escape(words)}s?\b", text) is not None
