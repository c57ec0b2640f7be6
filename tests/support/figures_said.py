"""What no sentence of a response may say, whoever wrote it: found by pattern."""

import re

WRONG = {
    "an exponent": re.compile(r"(?<!\w)\d(?:\.\d+)?e[+-]\d+\b"),
    "more than all": re.compile(r"(?<![\d.,])(?:1\d[1-9]|1[1-9]0|[2-9]\d\d|\d{4,})(?:\.\d+)?%"),
    "false precision": re.compile(r"[1-9]\d*\.\d{4,}|0\.\d*[1-9]\d{4,}"),
    "no number": re.compile(r"\b(?:nan|inf|None)\b"),
    "machine units": re.compile(r"\d_?bytes (?:rose|fell) from \d{6,}"),
}
FAILED = re.compile(r"([\d,]+) of ([\d,]+) requests (?:at the edge )?failed")
TOGETHER = (
    ("no service that it calls explains", "its callee"),
    ("none stands out", "stands out as the cause"),
    ("few users", "most users"),
    ("working on a correction", "No action was taken"),
)
"""Sentences that deny each other."""


def wrong(text: str) -> list[str]:
    """What is wrong with a text, each with the words that show it."""
    found = [
        f"{name}: {text[max(0, hit.start() - 40) : hit.end() + 20]!r}"
        for name, pattern in WRONG.items()
        for hit in pattern.finditer(text)
    ]
    counts = set(FAILED.findall(text))
    if len(counts) > 1:
        found.append(f"two figures of one name: {sorted(counts)}")
    return found + [
        f"{one!r} beside {other!r}" for one, other in TOGETHER if one in text and other in text
    ]
