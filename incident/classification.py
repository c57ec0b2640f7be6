"""First classification, from words and labels alone (practice: severity).

The longest and most specific rule wins; labels outrank words; nothing matches → P3, unknown,
0.1. Words are weak: live telemetry may overrule all of this, and its caller does so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from pydantic import Field

from ..yaml_tables import Entry, read_table
from .document import Alert, Incident
from .severity import TARGETS, Category, IncidentType, Severity, parse_severity

UNKNOWN_CONFIDENCE = 0.1
LABEL_CONFIDENCE = 0.7
WORDS_CAP = 0.6  # words alone never make a confident guess

_SEVERITY_LABELS = ("severity", "priority", "level")
_CATEGORY_LABELS = ("category", "type", "class")
_SYNONYMS = {"db": "database", "postgres": "database", "postgresql": "database"}
_SYNONYMS |= {"mysql": "database", "timed out": "timeout", "e5xx": "5xx"}


class ClassificationRule(Entry):
    """Words that people and alerts use, and the level, type and category that they mean."""

    name: str = Field(description="what the rule recognises")
    words: tuple[str, ...] = Field(description="words and phrases; plural forms match too")
    anchors: tuple[str, ...] = Field((), description="one of them must be there, where given")
    severity: Severity = Field(description="the level")
    category: Category = Field(description="the category")
    type: IncidentType = Field(description="the type of incident")
    respond_minutes: int | None = Field(
        None, description="somebody has it, minutes; null: as the severity says"
    )


class RuleTable(Entry):
    """The rules of classification.yaml."""

    rules: tuple[ClassificationRule, ...] = Field(description="the most specific one wins")


@cache
def classification_rules() -> tuple[ClassificationRule, ...]:
    """The rules of classification.yaml."""
    return read_table("incident/classification.yaml", RuleTable).rules


@dataclass(frozen=True)
class Classification:
    """A level, type and category, which rule gave them, and how sure it is (0 to 1)."""

    severity: Severity
    category: Category
    type: IncidentType
    rule: str
    confidence: float
    respond_minutes: int | None = None  # where the rule asks for it


NOTHING = Classification(
    Severity.P3, Category.unknown, IncidentType.unknown, "nothing matches", UNKNOWN_CONFIDENCE, 120
)


def classify(
    text: str, labels: Mapping[str, str] | None = None, scale: dict[str, str] | None = None
) -> Classification:
    """The best rule for an alert's words, overruled by what its labels say.

    Args:
        text: alert name, summary, description: words of any case, CamelCase included.
        labels: the source's labels; severity and category words in them outrank the text's.
        scale: the source's own words for levels, where its scale counts differently.
    """
    found = _by_words(normalise(text))
    return _by_labels(found, labels or {}, scale)


def said(alert: Alert) -> str:
    """All the words of an alert."""
    return " ".join([alert.name, alert.summary, *alert.annotations.values()])


def respond_minutes(document: Incident) -> int | None:
    """Within how many minutes somebody is to have it: as its severity says, or sooner where the
    rule does that its alert's words meet. None: it has no severity yet."""
    if document.severity is None:
        return None
    rule = classify(said(document.alert), document.alert.labels).respond_minutes
    usual = TARGETS[document.severity].respond_minutes
    return min(usual, rule or usual)


def normalise(text: str) -> str:
    """Lower-case words with single blanks; CamelCase, snake_case and kebab-case are split."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text[:10_000])
    words = " ".join(re.findall(r"[a-z0-9]+", spaced.casefold()))
    for other, ours in _SYNONYMS.items():
        words = re.sub(rf"\b{other}\b", ours, words)
    return words


def _by_words(words: str) -> Classification:
    """The most specific match wins; a tie goes to the worse level."""
    scored = []
    for rule in classification_rules():
        hits = tuple(word for word in rule.words if _has(words, word))
        if hits and _anchored(words, rule):
            scored.append((_specificity(hits), -rule.severity.rank, rule, hits))
    if not scored:
        return NOTHING
    _, _, rule, hits = max(scored, key=lambda item: item[:2])
    return Classification(
        severity=rule.severity,
        category=rule.category,
        type=rule.type,
        rule=rule.name,
        confidence=_confidence(hits),
        respond_minutes=rule.respond_minutes,
    )


def _specificity(hits: tuple[str, ...]) -> int:
    """Letters matched; those of a phrase count once per word of it."""
    return sum(len(hit) * len(hit.split()) for hit in hits)


def _has(words: str, phrase: str) -> bool:
    return re.search(rf"\b{re.escape(phrase)}(?:s|es)?\b", words) is not None


def _anchored(words: str, rule: ClassificationRule) -> bool:
    """Whether every word of one of the rule's anchors is there, in any order."""
    if not rule.anchors:
        return True
    phrases = [anchor.split() for anchor in (*rule.anchors, rule.name)]
    return any(all(_has(words, part) for part in phrase) for phrase in phrases)


def _confidence(hits: tuple[str, ...]) -> float:
    """0.3 for one plain word, 0.1 more per further word, phrases counted by their words."""
    words = {part for hit in hits for part in hit.split()}
    return round(min(WORDS_CAP, 0.2 + 0.1 * len(words)), 2)


def _by_labels(
    found: Classification, labels: Mapping[str, str], scale: dict[str, str] | None
) -> Classification:
    low = {key.casefold(): value for key, value in labels.items()}
    severities = ((key, parse_severity(low[key], scale)) for key in _SEVERITY_LABELS if key in low)
    for key, severity in severities:
        if severity is not None:
            found = _raised(found, severity, f"label {key}={low[key]}")
            break
    categories = ((key, _category(low[key])) for key in _CATEGORY_LABELS if key in low)
    for key, category in categories:
        if category is not None:
            rule = f"{found.rule}, label {key}={low[key]}"
            return replace(found, category=category, rule=rule)
    return found


def _raised(found: Classification, severity: Severity, why: str) -> Classification:
    """The label's level instead of the words'; the words still say what kind of trouble."""
    rule = why if found is NOTHING else f"{why}, {found.rule}"
    agreed = 0.1 if severity is found.severity else 0.0
    return replace(
        found, severity=severity, rule=rule, confidence=round(LABEL_CONFIDENCE + agreed, 2)
    )


def _category(word: str) -> Category | None:
    wanted = word.strip().casefold().replace("_", "-")
    names = {category.value.casefold(): category for category in Category}
    return names.get(wanted) or names.get(wanted.replace("-", " "))
