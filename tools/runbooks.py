"""Runbooks: what a team wrote down, and what others have learned about the common faults."""

from dataclasses import dataclass

from ..plans.matching import score as fits
from .base import Bench, Effect, Row, Table, tool
from .reading import number, table


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
    books = bench.runbooks
    scored = [(fits(book, fault), book) for book in books]
    hits = [item for item in scored if item[0] > 0 or not fault.strip()]
    hits.sort(key=lambda item: (item[1].shipped, -item[0], item[1].name))  # a team's own first
    kept = hits[: max(1, limit)] if fault.strip() else hits
    rows: list[RunbookMatch] = [
        RunbookMatch(
            id=book.name,
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
