"""What counts as a quote: values that stand there, not letters that happen to."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.agents.reasoning.cells import figure
from warroom.errors import GroundingError
from warroom.incident.evidence import (
    FIGURE,
    Evidence,
    EvidenceStatus,
    Quote,
    check_quotes,
    leaves,
    part_of,
    resolve,
    same,
    same_rounded,
)


@pytest.mark.parametrize(
    ("found", "quoted", "counts"),
    [
        ("release v1.4.2", "v1.4.2", True),
        ("release v1.4.2", "v1.4", False),
        ("release v1.4.2", "4.2", False),
        ("release v1.4.2", "release", True),
        ("release v1.4.2", "lease", False),
        ("release v1.4.2", "release v1.4.2", True),
        ("checkout-1", "checkout", True),
        ("checkout", "check", False),
        ("GET /pay 500 in 3 ms", "500", False),  # three characters prove nothing
        ("GET /pay 500 in 3 ms", "/pay", True),
        ("GET /pay 500 in 3 ms", "GET /pay 500", True),
        ("a", "a", True),  # the whole of it
        ("ab", "a", False),
        ("took 1204 ms", "1204", True),
        ("took 12045 ms", "1204", False),
        ("took 1204.5 ms", "1204", False),
        ("took 3.1204 ms", "1204", False),
        ("connection refused (db:5432).", "(db:5432)", True),
        ("text", "", False),
        ("    ", "    ", False),
        ("服务 checkout 超时", "checkout", True),
    ],
)
def test_a_part_of_a_text_counts_as_whole_words(found: str, quoted: str, counts: bool) -> None:
    assert same(found, quoted) is counts


@pytest.mark.parametrize(
    ("found", "quoted", "counts"),
    [
        (0.2437, 0.24, True),
        (0.2437, "0.24", True),
        (0.2437, "24%", True),
        (0.2437, "24.4 %", True),
        (0.2437, 0.2, False),  # rounded, and a fifth off
        (0.2437, 0.25, False),
        (0.2437, "25%", False),
        (0.2437, 24, False),  # a share is no number of per cents without the sign
        (24.37, "24%", False),
        (1204.5, "1,204.5", True),
        (1204.5, "1204", True),
        (1204.5, 1200, True),  # within the half per cent
        (1234, 1200, False),
        (0.004, 0, False),  # a nought proves only a nought
        (0.004, "0%", False),
        (0, 0, True),
        (-0.2437, "-0.24", True),
        (-0.2437, "0.24", False),
        (1.5e9, "1.5e+09", True),
        (True, 1, False),
        (1, True, False),
        (1, "true", False),
        (5.0, "1e999", False),
        (5.0, float("inf"), False),
        (float("nan"), float("nan"), False),
        (10**400, 5, False),
        (10**400, 10**400, True),
        (10**400, "5", False),
        (0.2437, "%", False),
        (0.2437, "e6", False),
        (0.2437, "-E6%", False),
        (0.2437, ".", False),
        ("24%", "24%", True),
        (None, 0, False),
    ],
)
def test_a_model_may_round_to_the_digits_it_shows(found: Any, quoted: Any, counts: bool) -> None:
    assert same_rounded(found, quoted) is counts


@pytest.mark.parametrize("quoted", [0.24, "0.24", "24%"])
def test_a_playbook_quotes_to_half_a_per_cent(quoted: Any) -> None:
    assert not same(0.2437, quoted)
    assert same(0.2437, 0.244)


@given(st.floats(-1e12, 1e12))
def test_a_number_as_a_digest_shows_it_can_be_quoted(value: float) -> None:
    shown = figure(value)
    if abs(value) > 1e-90:
        assert same_rounded(value, float(shown))
        assert same_rounded(value, shown)


@given(st.floats(allow_nan=True), st.from_regex(FIGURE, fullmatch=True))
def test_whatever_a_model_cites_is_the_value_or_is_not(value: float, cited: str) -> None:
    assert same_rounded(value, cited) in (True, False)  # and never an error


@given(st.text(max_size=12), st.text(max_size=30))
def test_what_is_less_than_four_characters_is_part_of_nothing(part: str, text: str) -> None:
    if part_of(part, text):
        assert len(part.strip()) >= 4
        assert part.strip() in text


ROWS = [
    {"service": "cart", "up": 1, "errors": 0, "share": 0.5},
    {"service": "search", "up": 1, "errors": 0, "share": 0.2437},
    {"service": "db", "up": 0, "errors": 1, "share": 0.1},
]


@pytest.mark.parametrize("pointer", ["/rows/-1/up", "/rows/-3/up", "/rows/٣/up", "/rows/1.0/up"])
def test_a_list_is_counted_from_its_beginning(pointer: str) -> None:
    with pytest.raises(GroundingError, match="nothing at"):
        resolve({"rows": ROWS}, pointer)


def check(quote: Quote, payload: Any = None) -> None:
    record = Evidence(
        id="E1", tool="health", query={}, collected_at=datetime.now(UTC), collected_by="t",
        status=EvidenceStatus.ok, digest="d",
    )  # fmt: skip
    held = {"rows": ROWS, "summary": "3 services"} if payload is None else payload
    check_quotes([quote], {"E1": record}, lambda _: held)


def test_a_quote_is_not_rounded() -> None:
    """Rounding is for what a model cites; the quote that code makes of it holds the value."""
    with pytest.raises(GroundingError, match="not '24%'"):
        check(Quote(evidence="E1", pointer="/rows/1/share", value="24%"))


payloads = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@given(payloads, st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12))
def test_nothing_resolves_that_is_not_there(payload: Any, value: Any) -> None:
    """Whatever the payload and the value: it resolves, or GroundingError says why."""
    try:
        check(Quote(evidence="E1", value=value), [payload])
    except GroundingError:
        return
    assert any(same(leaf, value) for leaf in leaves(payload)), json.dumps(value)
