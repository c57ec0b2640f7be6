"""Finds the JSON object in what a model wrote: bare, fenced, or in the middle of prose."""

import json
import re
from typing import Any

THOUGHT = re.compile(r"<think>.*?</think>|^.*?</think>", re.DOTALL)
"""Some models think aloud in their answer; the braces there are not the reply."""


def first_object(text: str) -> dict[str, Any]:
    """The first JSON object in the text. Raises ValueError when there is none, also when the text
    ends within one: an object inside of it is not the reply.
    """
    text = THOUGHT.sub("", text)
    decoder = json.JSONDecoder(strict=False)  # lets a raw line break inside a string pass
    at = text.find("{")
    while at >= 0:
        try:
            found, _ = decoder.raw_decode(text, at)
        except RecursionError:
            break
        except json.JSONDecodeError as error:
            if _ended(text, error):
                raise ValueError("the answer ends in the middle of its JSON object") from error
            at = text.find("{", at + 1)
            continue
        return _encodable(found)
    raise ValueError("there is no complete JSON object in the answer")


def _encodable(value: Any) -> Any:
    """Without half characters: JSON can spell them, and nothing can keep them."""
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _ended(text: str, error: json.JSONDecodeError) -> bool:
    """Whether what is wrong is that the text ends."""
    return error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
