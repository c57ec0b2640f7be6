"""One line of a text that somebody wrote: what is hidden dropped, blanks folded."""

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # control, format (bidi, zero width), …


def one_line(text: str) -> str:
    """The visible characters, words a single blank apart."""
    shown = (c for c in text if c.isspace() or unicodedata.category(c) not in _HIDDEN)
    return " ".join("".join(shown).split())
