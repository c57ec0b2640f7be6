"""Finds the JSON object in what a model wrote: bare, fenced, or in the middle of prose."""

import json
import re
from typing import Any

THOUGHT = re.compile(r"<think>.*?</think>|^.*?</think>", re.DOTALL)
"""Some models think aloud in their answer; the braces there are not the reply."""


def first_object(text: str) -> dict[str, Any]:
    """The first JSON object in the text. Raises ValueError when there is none."""
    text = THOUGHT.sub("", text)
    decoder = json.JSONDecoder(strict=False)  # lets a raw line break inside a string pass
    at = text.find("{")
    while at >= 0:
        try:
            found, _ = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            at = text.find("{", at + 1)
            continue
        return found
    raise ValueError("there is no complete JSON object in the answer")
