"""What does not fit a model, in words a person can act on; pydantic's own where they are that."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

WORDS = {
    "missing": "it is missing: add it",
    "extra_forbidden": "there is no such thing here: leave it out",
    "int_type": "a whole number is wanted, not {given}",
    "int_parsing": "a whole number is wanted, not {given}",
    "int_from_float": "a whole number is wanted, not {given}",
    "float_type": "a number is wanted, not {given}",
    "float_parsing": "a number is wanted, not {given}",
    "finite_number": "a finite number is wanted, not {given}",
    "bool_type": "true or false is wanted, not {given}",
    "bool_parsing": "true or false is wanted, not {given}",
    "string_type": "a text is wanted, not {given}",
    "string_too_short": "it is too short: at least {min_length} characters",
    "string_too_long": "it is too long: at most {max_length} characters",
    "list_type": "a list is wanted, not {given}",
    "tuple_type": "a list is wanted, not {given}",
    "set_type": "a list is wanted, not {given}",
    "dict_type": "names with values are wanted, not {given}",
    "too_short": "too few: at least {min_length}",
    "too_long": "too many: at most {max_length}",
    "greater_than": "more than {gt} is wanted, not {given}",
    "greater_than_equal": "at least {ge} is wanted, not {given}",
    "less_than": "less than {lt} is wanted, not {given}",
    "less_than_equal": "at most {le} is wanted, not {given}",
    "literal_error": "{given} is none of {expected}",
    "enum": "{given} is none of {expected}",
}
"""By pydantic's type of error: https://docs.pydantic.dev/latest/errors/validation_errors/."""
SHOWN = 60
"""Characters of a value that is quoted back."""


def misfits(error: ValidationError, whole: str = "the whole") -> list[str]:
    """One line for each thing that does not fit: its place, and what is wanted there."""
    return [f"{place(each) or whole}: {said(each)}" for each in error.errors(include_url=False)]


def place(each: Mapping[str, Any]) -> str:
    """Where it stands: "steps.2.kind"; empty for the whole."""
    return ".".join(map(str, each["loc"]))


def said(each: Mapping[str, Any]) -> str:
    """What is wrong with one of pydantic's errors."""
    short = each["type"] in ("string_too_short", "too_short")
    empty = short and (not each["input"] or str(each["input"]).isspace())
    words = WORDS.get("missing" if empty else each["type"])
    if words is None:
        return str(each["msg"]).removeprefix("Value error, ")
    bounds = {name: _bound(bound) for name, bound in each.get("ctx", {}).items()}
    return words.format(given=_given(each.get("input")), **bounds)


def _bound(value: object) -> object:
    """1,000,000 and 0.05, not 1000000.0."""
    if not isinstance(value, float):
        return value
    return f"{value:,.0f}" if value.is_integer() else f"{value:g}"


def _given(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
