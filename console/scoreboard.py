"""The table of scores: every question of every drill, nothing left out."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..app.words import seconds
from ..drills.score import Check, Score
from ..drills.surprise.score import QUESTIONS, SurpriseScore, sums
from .screen import folded, line, say

HEADS = {
    "detected": "alert",
    "severity": "level",
    "service": "service",
    "kind": "kind",
    "action": "action",
    "recovery": "cured",
    "control": "control",
    "calm": "calm",
}
TIMES = ("detect", "severity", "proposal", "recovery")


def scoreboard(console: Console, scores: Sequence[Score]) -> None:
    """Marks first, then times; what was not met is spelled out below."""
    names = dict.fromkeys(check.name for score in scores for check in score.checks)
    console.print(_marks(scores, {name: HEADS.get(name, name) for name in names}))
    console.print()
    console.print(_times(scores))
    passed = sum(score.passed for score in scores)
    console.print()
    for score in scores:
        for check in score.checks:
            if check.met is False and check.wanted:  # what follows from it has nothing to add
                text = f"{check.name}: {check.answer}; wanted: {check.wanted}"
                console.print(folded(line((f"  ✖ {score.drill:<20}", "bad")), text))
    say(console, ("  · does not apply; calm: no alert before there was a fault", "dim"))
    say(console, (f"  {passed} of {len(scores)} drills passed every check", "strong"))


def _marks(scores: Sequence[Score], heads: Mapping[str, str]) -> Table:
    table = _table("drill", *heads.values(), "result")
    for score in scores:
        known = {check.name: check for check in score.checks}
        cells = [_mark(known.get(name)) for name in heads]
        verdict = Text("✓ pass", "good") if score.passed else Text("✖ fail", "bad")
        table.add_row(f"  {score.drill}", *cells, verdict)
    totals = [_total([s for score in scores for s in score.checks if s.name == n]) for n in heads]
    table.add_row(
        "  total", *totals, f"{sum(s.passed for s in scores)}/{len(scores)}", style="strong"
    )
    return table


def surprises(console: Console, scores: Sequence[Score]) -> None:
    """One row a seed, sums per question, then what each was and what fell short."""
    console.print(_marks(scores, {name: name for name in QUESTIONS}))
    console.print()
    for score in scores:
        what = score.truth.title if isinstance(score, SurpriseScore) else ""
        console.print(folded(line((f"  · {score.drill:<14}", "dim")), what))
        for check in score.checks:
            if check.met is False and check.wanted:
                text = f"{check.name}: {check.answer}; wanted: {check.wanted}"
                console.print(folded(line(("    ✖ ", "bad")), text))
    facts = sums(scores)["facts"]
    text = f"  {facts['met']} of {facts['of']} facts of the causes were told"
    say(console, (text, "strong"))


def _mark(check: Check | None) -> Text:
    if check is None or check.met is None:
        return Text("·", "dim")
    answer = f" {check.answer}" if check.name == "severity" and len(check.answer) == 2 else ""
    return Text(f"✓{answer}", "good") if check.met else Text(f"✖{answer}", "bad")


def _total(checks: Sequence[Check]) -> str:
    counted = [check.met for check in checks if check.met is not None]
    return f"{sum(counted)}/{len(counted)}"


def _times(scores: Sequence[Score]) -> Table:
    heads = ("to alert", "to severity", "to proposal", "to recovery")
    table = _table("seconds", *heads)
    for score in scores:
        table.add_row(f"  {score.drill}", *[seconds(score.seconds.get(name)) for name in TIMES])
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    table.add_column(f"  {first}", no_wrap=True)
    for name in others:
        table.add_column(name, no_wrap=True)
    return table


def explained(console: Console, score: Score) -> None:
    """One drill's score, question by question."""
    for check in score.checks:
        mark = (
            ("· ", "dim") if check.met is None else ("✓ ", "good") if check.met else ("✖ ", "bad")
        )
        wanted = f"   wanted: {check.wanted}" if check.wanted else ""
        if check.met is not None:
            say(console, "  ", mark, f"{check.name:<10}", check.answer, (wanted, "dim"))
    if isinstance(score, SurpriseScore):
        say(console, line(("    it was    ", "dim")), score.truth.title)
    for name, number in score.seconds.items():
        what = "from the fault to the alert" if name == "detect" else f"from the alert to {name}"
        say(console, line(("    time      ", "dim")), f"{seconds(number)} {what}")
