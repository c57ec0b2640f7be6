"""Machine words as a person says them: commit ids, places in code, parameters of actions."""

import re

SHOWN_SHA = 9
"""Hex digits of a commit id that people compare."""

_SHA = re.compile(r"\b[0-9a-f]{40}\b")
_PLACE = re.compile(r"(?<![\w/.:])/(?:[\w.@+-]+/)+([\w.@+-]+/[\w.@+-]+\.\w+:\d+)")
_PARAMETERS = re.compile(r" \((\w+=[^()]*)\)")
_MARKS = re.compile(r"[\[\]']")
_RELEASE = re.compile(r"^to_version=")


def shown(text: str) -> str:
    """The text with short commit ids, short places in code and readable parameters."""
    text = _SHA.sub(lambda found: found.group()[:SHOWN_SHA], text)
    return _PARAMETERS.sub(lambda found: _parameters(found.group(1)), place(text))


def place(text: str) -> str:
    """`/some/where/shop/pricing.py:16 total` as `shop/pricing.py:16 total`: the directories above
    are those of one machine."""
    return _PLACE.sub(r"\1", text)


def _parameters(text: str) -> str:
    """to_version=v1.0.0 as: to v1.0.0; route=/login, rate=2.5 as: (route /login, rate 2.5)."""
    bare = _MARKS.sub("", text)
    if _RELEASE.match(bare) and "," not in bare:
        return " to " + bare.partition("=")[2]
    return f" ({re.sub(r'(?<=[a-z])_(?=[a-z])', ' ', bare).replace('=', ' ')})"


def listed(names: list[str]) -> str:
    """a; a and b; a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def sentence(text: str) -> str:
    """With a capital at its beginning and no more than one full stop at its end."""
    return text[:1].upper() + text[1:].rstrip(" .") + "."
