"""Assessment against values computed by hand from the practice's table."""

import pytest

from warroom.incident.evidence import Quote
from warroom.incident.impact import (
    BusinessImpact,
    Complexity,
    Traffic,
    UserImpact,
    assess,
    business_level,
    complexity_level,
    estimate,
    people,
    priority,
    table,
    user_level,
)
from warroom.incident.severity import Category, Severity


@pytest.mark.parametrize(
    ("users", "level"),
    [
        (0, "none"),
        (99, "none"),
        (100, "few"),
        (999, "few"),
        (1000, "many"),
        (4999, "many"),
        (5000, "majority"),
        (9999, "majority"),
        (10_000, "all"),
    ],
)
def test_users_by_count(users, level):
    assert user_level(users=users).value == level


@pytest.mark.parametrize(
    ("share", "level"),
    [
        (0.0, "none"),
        (0.001, "none"),
        (0.002, "few"),
        (0.099, "few"),
        (0.1, "many"),
        (0.4, "majority"),
        (0.75, "all"),
        (1.0, "all"),
    ],
)
def test_users_by_share_of_traffic(share, level):
    assert user_level(share=share).value == level


def test_the_worse_of_count_and_share_counts():
    assert user_level(share=0.8, users=120) is UserImpact.all
    assert user_level(share=0.01, users=6000) is UserImpact.majority


def test_business_by_severity_and_tier():
    assert business_level(Severity.P0) is BusinessImpact.critical
    assert business_level(Severity.P1, tier=1) is BusinessImpact.high
    assert business_level(Severity.P1, tier=3) is BusinessImpact.medium
    assert business_level(Severity.P3, tier=3) is BusinessImpact.low


@pytest.mark.parametrize(
    ("category", "severity", "level"),
    [
        (Category.security, Severity.P2, Complexity.very_complex),
        (Category.data, Severity.P0, Complexity.very_complex),
        (Category.network, Severity.P1, Complexity.complex),
        (Category.infrastructure, Severity.P0, Complexity.very_complex),
        (Category.application, Severity.P1, Complexity.moderate),
        (Category.application, Severity.P0, Complexity.complex),
    ],
)
def test_complexity(category, severity, level):
    assert complexity_level(category, severity) is level


def test_priority_weighs_business_most():
    assert priority(100, 60, 60) == 76.0  # 40 + 18 + 18
    assert priority(20, 20, 20) == 20.0


def test_the_estimate_grows_with_severity_and_complexity():
    assert estimate(Severity.P0, Complexity.complex) == 162.0  # 60 * 1.5 * 1.5 * 1.2
    assert estimate(Severity.P3, Complexity.simple) == 28.8  # 60 * 0.8 * 0.5 * 1.2
    assert estimate(Severity.P2, Complexity.moderate) == 72.0


def test_every_level_and_category_has_its_row():
    found = table()
    assert set(found.levels) == set(Severity)
    assert set(found.business) == set(BusinessImpact)
    assert set(found.users) == set(UserImpact)
    assert set(found.complexity) == set(Complexity)
    assert set(found.categories) == set(Category)


def test_revenue_says_where_it_comes_from():
    configured = assess(Severity.P1, Category.unknown, catalogue_rate=0.0)
    assert (configured.revenue_per_hour, configured.revenue_basis) == (0.0, "service catalogue")


def test_nobodys_revenue_is_made_up():
    found = assess(Severity.P0, Category.security)
    assert (found.revenue_per_hour, found.revenue_basis) == (None, "")


def test_what_is_refused_beyond_the_usual_hurts_as_well():
    found = assess(Severity.P1, Category.unknown, Traffic(requests=100, lost=90))
    assert (found.failed_share, found.hurt_share) == (0.0, 0.9)
    assert found.users is UserImpact.all


def test_scores_and_factors_are_the_practices():
    """§2."""
    found = table()
    scores = {level.value: row.score for level, row in found.business.items()}
    assert scores == {"none": 20, "low": 40, "medium": 60, "high": 80, "critical": 100}
    hurt = {level.value: (row.score, row.count) for level, row in found.users.items()}
    few = {"none": (20, 0), "few": (40, 100), "many": (60, 1000)}
    assert hurt == few | {"majority": (80, 5000), "all": (100, 10_000)}
    hard = {level.value: (row.score, row.time) for level, row in found.complexity.items()}
    easy = {"simple": (20, 0.5), "moderate": (40, 1.0)}
    assert hard == easy | {"complex": (60, 1.5), "very complex": (80, 2.0)}
    assert [row.time for row in found.levels.values()] == [1.5, 1.2, 1.0, 0.8]


def test_people_by_category():
    assert people(Category.infrastructure, Severity.P2) == ["systems", "network"]
    assert people(Category.security, Severity.P1) == ["security", "legal"]
    assert people(Category.application, Severity.P0) == [
        "developers",
        "QA",
        "senior engineers",
        "management",
    ]


def test_a_whole_assessment():
    quote = Quote(evidence="E1", pointer="/rows/0/failed", value=412)
    found = assess(
        Severity.P0,
        Category.application,
        Traffic(requests=2000, failed=412),
        tier=1,
        catalogue_rate=36000,
        quotes=[quote],
    )
    assert (found.business_score, found.users_score, found.complexity_score) == (100, 60, 60)
    assert found.priority == 76.0
    assert found.failed_share == 0.206
    assert found.basis == "traffic at the edge (measured)"
    assert (found.revenue_per_hour, found.revenue_basis) == (36000.0, "service catalogue")
    assert found.quotes == [quote]


def test_without_traffic_the_assumption_is_named():
    found = assess(Severity.P1, Category.unknown)
    assert found.users is UserImpact.majority
    assert found.failed_share is None
    assert "assumed" in found.basis


def test_traffic_without_failures_hurts_nobody():
    assert assess(Severity.P3, Category.unknown, Traffic(requests=500)).users is UserImpact.none
