"""Texts by a regular expression that anybody may have written: RE2 takes time linear in the text.

Python's own `re` may take forever, and holds up every thread while it does. RE2 takes as many steps
for a character as its program has states, so a program may not be large, and the search looks at
the clock between two texts.
"""

import time
from collections.abc import Callable, Iterator, Sequence

import re2

from ..errors import ToolFailed, ToolRetry

LARGEST = 1000
"""States of a pattern's program: a few hundred characters, or repetitions that multiply to it."""
LIMIT_S = 10.0


def matches(pattern: str, texts: Sequence[str], seconds: float = LIMIT_S) -> tuple[list[int], bool]:
    """(indices of the texts that match in any case, whether the pattern was taken as plain text).

    What RE2 does not know (look-around, back references, an unclosed bracket) is searched as it is
    written. Raises ToolRetry for a pattern that is too large, ToolFailed after `seconds`.
    """
    search, plain = _compiled(_utf8(pattern))
    return [index for index, text in _in_time(texts, seconds) if search(text)], plain


def _compiled(pattern: bytes) -> tuple[Callable[[bytes], object], bool]:
    """What searches, and whether it searches for plain text."""
    options = re2.Options()
    options.log_errors = False
    try:
        compiled, plain = re2.compile(b"(?im)" + pattern, options), False
    except re2.error as error:
        if "too large" in str(error) or "repetition size" in str(error):
            raise _too_large() from None
        compiled, plain = re2.compile(b"(?i)" + re2.escape(pattern), options), True
    if compiled.programsize > LARGEST:
        raise _too_large()
    return compiled.search, plain


def _too_large() -> ToolRetry:
    hint = "give fewer or smaller counted repetitions, such as x+ for x{1,500}"
    return ToolRetry(f"the pattern is too large to search with; {hint}")


def _in_time(texts: Sequence[str], seconds: float) -> Iterator[tuple[int, bytes]]:
    """Each text, while there is time."""
    last = time.monotonic() + seconds
    for index, text in enumerate(texts):
        if time.monotonic() > last:
            looked = f"{index} of {len(texts)} texts were searched in {seconds:g} s"
            raise ToolFailed(f"{looked}; give a shorter pattern, or fewer rows or services")
        yield index, _utf8(text)


def _utf8(text: str) -> bytes:
    """Half characters, which JSON can spell and UTF-8 cannot, as question marks."""
    return text.encode(errors="replace")
