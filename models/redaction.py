"""Secrets are taken out of what goes on record, before anybody sees it."""

import re
from collections.abc import Callable
from typing import Any

from . import named
from .masking import KEPT, Mask, written
from .patterns import SecretSpan

SHORT = re.compile(r"[A-Za-z][\w./-]{0,13}")
"""A name: shorter than what any form or rule knows."""
CLEAR = 2000
"""Texts without a secret that are remembered: most come again and again."""


class Redaction(Mask):
    """Takes secrets out of what goes on record, for good: there is no way back, so all of a kind
    have the number 0, which no mask of a `Mask` has. People and addresses stay: those who respond
    have to find them."""

    kinds = KEPT

    def __init__(self) -> None:
        super().__init__()
        self._clear: set[str] = set()

    def __call__(self, content: Any) -> Any:
        """JSON with the secrets of its texts masked; a number stays a number."""
        if len(self._clear) > CLEAR:
            self._clear = set()
        new = {text for text in texts_in(content) if not SHORT.fullmatch(text)} - self._clear
        self._clear |= {text for text in new if not self._found(text)}
        return each_text(content, self._redacted)

    def _redacted(self, text: str, name: str) -> str:
        if not named.is_secret(name) and (text in self._clear or SHORT.fullmatch(text)):
            return self._hunt(text)
        return self._field(text, name)

    def _mask_of(self, span: SecretSpan, value: str) -> str:
        return written(f"{span.kind}_0", span.label)


def texts_in(content: Any) -> list[str]:
    """Every text in JSON."""
    if isinstance(content, dict):
        return [text for each in content.values() for text in texts_in(each)]
    if isinstance(content, list):
        return [text for each in content for text in texts_in(each)]
    return [content] if isinstance(content, str) else []


def each_text(content: Any, change: Callable[[str, str], str], name: str = "") -> Any:
    """JSON with every text changed; `change` gets it and the name of the field that holds it."""
    if isinstance(content, dict):
        return {key: each_text(each, change, key) for key, each in content.items()}
    if isinstance(content, list):
        return [each_text(each, change, name) for each in content]
    return change(content, name) if isinstance(content, str) else content
