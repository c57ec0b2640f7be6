"""Runbooks: what others have learned about the common faults, from the files of faults/."""

import re
from dataclasses import dataclass

from ..faults import Fault, faults
from .base import Bench, Effect, Row, Table, tool
from .reading import number, table

EXACT = 10.0
"""Score of a runbook whose fault is exactly what was asked for."""


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
    books = list(faults().values())
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


def _score(book: Fault, asked: str) -> float:
    """How well a runbook fits: its fault by name, else its words, longer ones counting more."""
    text = asked.strip().lower()
    if text in (book.kind.lower(), book.id):
        return EXACT
    hits = [word for word in (book.kind.lower(), *book.search) if _holds(text, word)]
    return sum(len(word.split()) for word in hits)


def _holds(text: str, words: str) -> bool:
    return re.search(rf"\b{re.escape(words)}s?\b", text) is not None
