"""Competing causes with their confidence, what speaks for and against, and who rose or fell."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType

from ..agents.reporting.wording import brief
from ..app.words import bar
from ..incident.finding import Argument, Hypothesis
from .screen import folded, line, shown

MOST = 4
"""Shown in full; the rest are counted."""


def ranks(hypotheses: Sequence[Hypothesis]) -> dict[str, int]:
    """Place by id, from 1."""
    return {hypothesis.id: place for place, hypothesis in enumerate(hypotheses, 1)}


def ranking(
    hypotheses: Sequence[Hypothesis], before: Mapping[str, int], reasons: int = 2
) -> RenderableType:
    """The best few, one line each with a bar, and their weightiest reasons below.

    Args:
        hypotheses: best first.
        before: places in the ranking shown last; empty: shown for the first time.
        reasons: how many reasons for each, and half as many against.
    """
    lines: list[RenderableType] = []
    for place, hypothesis in enumerate(hypotheses[:MOST], 1):
        lines.append(_head(place, hypothesis, before))
        if hypothesis.ruled_out:
            head = line(("          ruled out: ", "dim"))
            lines.append(folded(head, shown(hypothesis.ruled_out)))
            continue
        if hypothesis.challenged:  # what the skeptic made of it
            told = f"{'confirmed: ' if hypothesis.confirmed else ''}{shown(hypothesis.challenged)}"
            lines.append(folded(line(("          ? ", "dim")), told))
        wanted = reasons if place <= 2 else 0
        lines += [_reason("+", "good", item) for item in hypothesis.support[:wanted]]
        lines += [_reason("−", "bad", item) for item in hypothesis.contradiction[: wanted // 2]]  # noqa: RUF001
    if len(hypotheses) > MOST:
        lines.append(line((f"     and {len(hypotheses) - MOST} less likely", "dim")))
    return Group(*lines)


def _head(place: int, hypothesis: Hypothesis, before: Mapping[str, int]) -> RenderableType:
    confidence = hypothesis.confidence
    style = "strong" if place == 1 and not hypothesis.ruled_out else ""
    head = line(
        (f"  {_move(place, hypothesis.id, before)} ", "watch"),
        (f"{hypothesis.id:<4}", "dim"),
        (f"{confidence:>4.0%} ", style),
        (bar(confidence, 12), "who"),
        "  ",
    )
    told = hypothesis.statement if place == 1 else brief(hypothesis.statement)
    return folded(head, (shown(told), style))


def _move(place: int, name: str, before: Mapping[str, int]) -> str:
    if not before:
        return " "
    old = before.get(name)
    if old is None:
        return "n"
    return "▲" if place < old else "▼" if place > old else " "


def _reason(sign: str, style: str, argument: Argument) -> RenderableType:
    cited = " ".join(dict.fromkeys(f"[{quote.evidence}]" for quote in argument.quotes))
    head = line((f"          {sign} ", style))
    return folded(head, shown(argument.text), (f"  {cited}" if cited else "", "dim"))
