"""Ids whose letters became 0 are masked as before, and nothing else was touched."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.analysis.templates import _MASKS, mask_all, plain_ids

PARTS = (
    *("0af0", "deadbe0f", "00000000", "abcdefab", "a0b0c0d0-0000-00ff-abcd-0000000000ab"),
    *("0000-00-00T00:00:00", "0000-00-00 00:00:00", "00.0.0.0", ":0000", "0.0", "0x", "0e0"),
    *(
        "ffff0000aaaa0000",
        "-0a0b0c0d0",
        "A0B0C0D0",
        "user",
        "T",
        "Z",
        "e",
        "_",
        "é",
        "、",
        "\ud800",
    ),
    *(".", ",", ":", "+", "-", " ", "'", '"', "/", "[", "]", "="),
)


@given(st.lists(st.sampled_from(PARTS), max_size=9).map("".join))
def test_masks_tell_no_difference(line):
    text = line
    for name, pattern in _MASKS:
        text = pattern.sub(name, text)
    assert mask_all([line]) == [re.sub("0+", "0", text)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("trace 0ab0cd0e done", "trace 00000000 done"),
        ("id=a0b0c0d0-0e00-00ff-abcd-0000000000ab;", "id=00000000-0000-0000-0000-000000000000;"),
        ("facade decade 0abc abcdefab", "facade decade 0abc abcdefab"),
        ("0.0a0b0c0d 00:0a0b0c0d0 é0a0b0c0d", "0.0a0b0c0d 00:0a0b0c0d0 é0a0b0c0d"),
        ("", ""),
    ],
)
def test_ids_become_zeros(before, after):
    assert plain_ids(before.encode()).decode() == after
