"""Classification by words and labels: the practice's rules, their conflicts, and the unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.incident.classification import (
    NOTHING,
    classification_rules,
    classify,
    normalise,
    respond_minutes,
)
from warroom.incident.severity import TARGETS, Category, IncidentType, Severity, parse_severity
from warroom.tests.support import incidents


@pytest.mark.parametrize(
    ("text", "rule", "severity", "category"),
    [
        ("Database connection timeout", "database down", "P0", "infrastructure"),
        ("database unavailable", "database down", "P0", "infrastructure"),
        ("PostgresConnectionRefused", "database down", "P0", "infrastructure"),
        ("API slow, latency above target", "slow response", "P2", "performance"),
        ("memory leak suspected, OOM kills", "memory leak", "P1", "application"),
        ("container out of memory", "memory leak", "P1", "application"),
        ("Unauthorized access, possible breach", "security breach", "P0", "security"),
        ("HighErrorRate on checkout", "errors", "P1", "application"),
        ("catalog rows corrupted", "data corruption", "P0", "data"),
        (
            "database connection pool exhausted",
            "connection pool exhausted",
            "P1",
            "infrastructure",
        ),
        ("AI provider quota exceeded", "AI provider", "P2", "AI service"),
    ],
)
def test_words_choose_the_rule(text, rule, severity, category):
    found = classify(text)
    assert (found.rule, found.severity.value, found.category.value) == (rule, severity, category)


def test_timeout_alone_is_not_an_outage():
    found = classify("timeout")
    assert found.severity is Severity.P2
    assert found.type is IncidentType.performance
    assert found.confidence == 0.3


@pytest.mark.parametrize("text", ["", "coffee machine empty", "attacking", "???", "connection"])
def test_nothing_matches(text):
    found = classify(text)
    assert (found.severity, found.category, found.confidence) == (
        Severity.P3,
        Category.unknown,
        0.1,
    )


def test_a_database_that_is_only_slow_is_not_down():
    assert classify("database queries slow, performance poor").rule == "slow response"


def test_the_more_specific_rule_wins():
    # "memory" and "timeout" match two rules with one word each; the phrase decides
    assert classify("timeout after out of memory").rule == "memory leak"


def test_a_tie_goes_to_the_worse_level():
    # "attack" and "memory" are six letters each, P0 against P1
    assert classify("memory attack").rule == "security breach"


def test_more_words_more_confidence_but_never_sure():
    one, two = classify("slow").confidence, classify("slow latency").confidence
    many = classify("slow latency timeout performance slow response time").confidence
    assert (one, two, many) == (0.3, 0.4, 0.6)


def test_a_severity_label_outranks_the_words():
    found = classify("database connection timeout", {"severity": "warning"})
    assert (found.severity, found.category) == (Severity.P2, Category.infrastructure)
    assert found.rule == "label severity=warning, database down"
    assert found.confidence == 0.7


def test_a_label_that_agrees_adds_confidence():
    assert classify("database connection timeout", {"severity": "critical"}).confidence == 0.8


def test_a_scale_that_counts_from_one_is_mapped_not_guessed():
    assert classify("", {"priority": "P1"}, scale={"P1": "P0"}).severity is Severity.P0
    assert classify("", {"priority": "P1"}).severity is Severity.P1


def test_an_unknown_label_word_changes_nothing():
    assert classify("slow", {"severity": "banana"}) == classify("slow")


def test_a_category_label_outranks_the_words():
    found = classify("slow", {"category": "third_party"})
    assert found.category is Category.third_party
    assert found.rule == "slow response, label category=third_party"


def test_names_are_split_into_words():
    assert normalise("HTTPErrorRate_high-p95") == "http error rate high p95"


@given(st.text(max_size=400), st.dictionaries(st.text(max_size=9), st.text(max_size=9)))
def test_any_text_gets_a_bounded_answer(text, labels):
    assert 0.1 <= classify(text, labels).confidence <= 0.8


def test_what_a_level_obliges_to_and_what_other_scales_call_it():
    """§1: minutes to respond, to restore, between updates."""
    obliges = {
        level: (t.respond_minutes, t.resolve_minutes, t.update_minutes)
        for level, t in TARGETS.items()
    }
    assert obliges == {
        "P0": (15, 60, 15),
        "P1": (30, 240, 30),
        "P2": (120, 1440, 120),
        "P3": (1440, 4320, None),
    }
    words = {"critical": "P0", "SEV-1": "P0", "high": "P1", "sev2": "P1", "SEV-3": "P2"}
    words |= {"medium": "P2", "low": "P3", "SEV-4": "P3", "p3": "P3"}
    assert {word: parse_severity(word) for word in words} == words


def test_types_and_categories_are_the_practices():
    """§1."""
    kinds = "performance degradation|service outage|security|data integrity|infrastructure failure"
    assert {*IncidentType} == {*f"{kinds}|third-party outage|unknown".split("|")}
    names = "infrastructure application security performance data network third-party"
    assert {*Category} == {*names.split(), "AI service", "unknown"}


@pytest.mark.parametrize(
    ("name", "words", "level", "category", "minutes"),
    [
        ("database down", "database connection timeout unavailable", "P0", "infrastructure", 15),
        ("slow response", "slow latency timeout performance", "P2", "performance", 30),
        ("memory leak", "memory,leak,oom,out of memory", "P1", "application", 20),
        ("security breach", "unauthorized breach attack malicious", "P0", "security", 5),
    ],
)
def test_the_practices_rules_have_its_words_levels_and_times(name, words, level, category, minutes):
    """§1."""
    (rule,) = (one for one in classification_rules() if one.name == name)
    assert {*words.split("," if "," in words else " ")} <= {*rule.words}
    assert (rule.severity, rule.category, rule.respond_minutes) == (level, category, minutes)


def test_a_rule_asks_for_an_answer_sooner_and_never_later():
    """§1: a breach within 5 minutes; what nothing matches within 120."""
    document = incidents.declared(Severity.P0)
    assert respond_minutes(document) == 15
    document.alert.name, document.alert.summary = "UnauthorizedAccess", "possible breach"
    assert respond_minutes(document) == 5
    document.severity = Severity.P3
    document.alert.name, document.alert.summary = "MoonPhase", ""
    assert respond_minutes(document) == NOTHING.respond_minutes == 120
    document.alert.name, document.severity = "SlowResponse", Severity.P0
    assert respond_minutes(document) == 15
    assert respond_minutes(incidents.minimal()) is None
