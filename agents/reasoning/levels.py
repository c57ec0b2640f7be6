"""A worse level that a model asks for with a proven claim: raised where the words of its definition
are met by what was measured, never lowered, and on record with who and why either way.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import Field

from ...analysis.quantities import FEW
from ...incident.evidence import Quote
from ...incident.model_use import Disagreement
from ...incident.report import AnyReport
from ...incident.severity import Raise, Severity
from ...yaml_tables import Entry, Regex, read_table
from ..runtime.case import Case
from .proof import Proof
from .replies import Worse

LEAST_TIER = 3
"""Of a service that is no core function: alone it is no major degradation."""
PERCENT = re.compile(r"pct|percent")


class LevelRule(Entry):
    """What a row has to show."""

    level: Severity
    means: str
    tools: tuple[str, ...]
    name: Regex | None = None
    fields: tuple[str, ...]
    least: float | None = None
    most: float | None = None
    of: str = Field("", description="a column that counts: at least FEW")


@cache
def level_rules() -> tuple[LevelRule, ...]:
    """The rules of level_proof.yaml."""
    return read_table("agents/reasoning/level_proof.yaml", tuple[LevelRule, ...])


def raised(
    case: Case, floor: AnyReport, asked: list[Worse], proof: Proof
) -> tuple[Raise | None, list[Disagreement]]:
    """The raise that was proven, if any, and where playbook and model differ."""
    level, by = _standing(case, floor), floor.specialist
    for worse in asked:
        if level is None or worse.severity.rank >= level.rank:
            continue  # the same, or milder: a level is never lowered on a word
        finding = proof.finding(worse.because)
        shown = list(_shown(case, proof, finding.quotes)) if finding else []
        met = [rule.means for rule in shown if rule.level.rank <= worse.severity.rank]
        why = "; ".join(dict.fromkeys(met))
        if finding and why:
            told = f"{worse.because.statement} ({why})"
            made = Raise(
                severity=worse.severity,
                statement=told,
                by=by,
                step=floor.step,
                quotes=finding.quotes,
            )
            differ = floor.differ("severity", level.value, worse.severity.value, told, "model")
            return made, [differ]
        why = "no measured value that it cites meets the definition"
        why = why if finding else "its claim is not proven"
        return None, [floor.differ("severity", level.value, worse.severity.value, why, "floor")]
    return None, []


def _standing(case: Case, floor: AnyReport) -> Severity | None:
    return getattr(floor, "severity", None) or case.document.severity


def _shown(case: Case, proof: Proof, quotes: list[Quote]) -> Iterator[LevelRule]:
    """The rules that quoted rows meet, as far as their service matters."""
    for quote in quotes:
        record = proof.evidence[quote.evidence]
        for row in proof.rows(quote):
            for rule in level_rules():
                if record.tool in rule.tools and _meets(row, rule):
                    yield _for_service(case, row, rule)


def _meets(row: dict[str, Any], rule: LevelRule) -> bool:
    name = str(row.get("signal") or row.get("metric") or row.get("text") or "")
    named = rule.name is None or (
        row.get("source", "metric") == "metric" and rule.name.search(name)
    )
    if not named or (rule.of and (row.get(rule.of) or 0) < FEW):
        return False
    values = (row.get(field) for field in rule.fields)
    value = next((v for v in values if isinstance(v, (int, float))), None)
    if value is None:
        return False
    value = value / 100 if PERCENT.search(name) else value
    if rule.least is not None:
        return value >= rule.least
    before = next((v for v in (row.get("before"), row.get("baseline")) if v is not None), None)
    return value <= (rule.most or 0.0) and before != value  # none left, of some that there were


def _for_service(case: Case, row: dict[str, Any], rule: LevelRule) -> LevelRule:
    """A convenience that fails whole is a minor degradation; only what carries a core function is
    an outage."""
    service = case.catalogue.find(str(row.get("service") or ""))
    if (
        service is None
        or not service.listed
        or service.name == case.document.alert.service
        or service.tier <= 1
    ):
        return rule
    least = Severity.P2 if service.tier >= LEAST_TIER else Severity.P1
    worst = max(rule.level, least, key=lambda level: level.rank)
    return rule.model_copy(update={"level": worst})
