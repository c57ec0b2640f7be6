"""What a model was asked, cost and could not do: a line for each call, a section at the end."""

from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console

from ..app.words import seconds
from ..incident.document import Incident
from ..incident.model_use import Disagreement, ModelCall
from ..incident.report import AnyReport
from ..incident.severity import Severity
from ..models.allowance import incident_tokens
from ..settings import ModelSettings
from .screen import folded, heading, line, say, shown

FAILED = {
    "unavailable": "model unavailable",
    "refused": "model refused",
    "muddled": "model gave no usable answer",
    "budget": "model budget spent",
}
INSTEAD = {"skeptic": "the cause stays unchallenged"}
"""What a call without an answer leaves, by purpose; else the playbook answers."""
MOST = 6
"""Fallbacks and disagreements shown; the document has them all."""
LONG = 160
"""Characters of each side of a disagreement."""


def call_line(call: ModelCall) -> str:
    """One call: tokens, time and cost, or why there was no answer and what happens instead."""
    if call.outcome != "answered":
        instead = INSTEAD.get(call.purpose, "the playbook answers")
        why = shown(call.note).rstrip(".") or "no reason given"
        return f"{FAILED[call.outcome]}: {why}; {instead}"
    about = "about " if call.estimated else ""
    tokens = f"{about}{call.input_tokens:,} → {call.output_tokens:,} tokens"
    parts = [tokens, seconds(call.seconds), *([] if call.cost is None else [cost(call.cost)])]
    task = "" if call.purpose == "reason" else f" ({shown(call.purpose)})"
    odd = f" · {shown(call.note)}" if call.note else ""
    return f"{shown(call.model, 60)}{task}  {', '.join(parts)}{odd}"


def cost(money: float) -> str:
    """Money in the currency of the price table, which only its owner knows."""
    return f"cost {money:,.2f}" if money >= 1 else f"cost {money:.2g}"


def asked(incident: Incident) -> bool:
    """Whether a model was to answer anything of this incident."""
    return bool(incident.model_calls or incident.disagreements or fallbacks(incident))


def fallbacks(incident: Incident) -> list[AnyReport]:
    """Reports of the floor that a model should have made better."""
    return [report for report in incident.reports if report.fallback]


def section(console: Console, incident: Incident, settings: ModelSettings | None = None) -> None:
    """Calls, tokens and money against the budget, fallbacks, disagreements; if one was asked."""
    if not asked(incident):
        return
    console.print()
    console.print(heading("Model"))
    calls = incident.model_calls
    say(console, ("  calls     ", "dim"), _calls(calls))
    say(console, ("  tokens    ", "dim"), _tokens(calls, settings, incident.severity))
    say(console, ("  cost      ", "dim"), _money(calls, settings))
    _some(console, "  fallback  ", fallbacks(incident), _fallback)
    _some(console, "  differ    ", incident.disagreements, _disagreement)


def totals(incident: Incident) -> dict[str, Any]:
    """The same for a program; empty without a model."""
    if not asked(incident):
        return {}
    calls = incident.model_calls
    told = [call.cost for call in calls if call.cost is not None]
    return {
        "calls": len(calls),
        "answered": sum(call.outcome == "answered" for call in calls),
        "input_tokens": sum(call.input_tokens for call in calls),
        "cached_tokens": sum(call.cached_tokens for call in calls),
        "output_tokens": sum(call.output_tokens for call in calls),
        "cost": sum(told) if told else None,
        "fallbacks": [{"step": r.step, "why": r.fallback} for r in fallbacks(incident)],
        "disagreements": [d.model_dump(mode="json") for d in incident.disagreements],
    }


def _calls(calls: Sequence[ModelCall]) -> str:
    failed = [call.outcome for call in calls if call.outcome != "answered"]
    counts = ", ".join(f"{failed.count(kind)} {kind}" for kind in FAILED if kind in failed)
    without = f", without answer: {counts}" if counts else ""
    took = seconds(sum(call.seconds for call in calls))
    return f"{len(calls)} asked, {len(calls) - len(failed)} answered{without}; {took} in all"


def _tokens(
    calls: Sequence[ModelCall], settings: ModelSettings | None, severity: Severity | None
) -> str:
    read = sum(call.input_tokens for call in calls)
    written = sum(call.output_tokens for call in calls)
    about = "about " if any(call.estimated for call in calls) else ""
    text = f"{about}{read:,} in, {written:,} out"
    if cached := sum(call.cached_tokens for call in calls):
        text += f" ({cached:,} of them from the endpoint's cache)"
    if settings is None:
        return text
    limit = incident_tokens(settings, severity)
    used = read + written - round(cached * (1 - settings.cached_share))
    return f"{text}: {used / limit:.0%} of the {limit:,} an incident may use"


def _money(calls: Sequence[ModelCall], settings: ModelSettings | None) -> str:
    used = [call for call in calls if call.input_tokens or call.output_tokens]
    told = [call.cost for call in used if call.cost is not None]
    if not told:
        return "not known: no price in WARROOM_PRICES" if used else "nothing"
    text = cost(sum(told)).removeprefix("cost ")
    if len(told) < len(used):
        text += f" for the {len(told)} of {len(used)} calls that have a price"
    limit = settings.money_per_incident if settings else None
    return text if limit is None else f"{text} of the {limit:g} an incident may cost"


def _some(console: Console, label: str, items: Sequence[Any], words: Callable[[Any], str]) -> None:
    for place, item in enumerate(items[:MOST]):
        head = line((label if place == 0 else " " * len(label), "dim"))
        console.print(folded(head, words(item)))
    if len(items) > MOST:
        say(console, (f"{' ' * len(label)}and {len(items) - MOST} more in the document", "dim"))


def _fallback(report: AnyReport) -> str:
    return f"step {report.step}, {shown(report.specialist)}: {shown(report.fallback)}"


def _disagreement(item: Disagreement) -> str:
    both = f"playbook: {shown(item.floor, LONG)}; model: {shown(item.model, LONG)}"
    stands = "playbook's" if item.standing == "floor" else "model's"
    return f"step {item.step}, {shown(item.about)}: {both}. The {stands} stands: {shown(item.why)}"
