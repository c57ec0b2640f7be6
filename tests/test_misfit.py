"""What does not fit is told so that a person can mend it."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from warroom.misfit import WORDS, misfits


class Part(BaseModel):
    """Something of each common kind."""

    model_config = ConfigDict(extra="forbid")
    instances: int = Field(default=1, ge=1, le=9)
    share: float = 0.5
    mode: Literal["read", "act"] = "read"
    reason: str = Field(default="it fails", min_length=3, max_length=20)
    names: list[str] = Field(default=["a"], max_length=2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"instances": "three"}, "instances: a whole number is wanted, not 'three'"),
        ({"instances": 0}, "instances: at least 1 is wanted, not 0"),
        ({"instances": 10}, "instances: at most 9 is wanted, not 10"),
        ({"share": "half"}, "share: a number is wanted, not 'half'"),
        ({"mode": "write"}, "mode: 'write' is none of 'read' or 'act'"),
        ({"reason": ""}, "reason: it is missing: add it"),
        ({"reason": "no"}, "reason: it is too short: at least 3 characters"),
        ({"reason": "x" * 21}, "reason: it is too long: at most 20 characters"),
        ({"names": [1]}, "names.0: a text is wanted, not 1"),
        ({"names": ["a"] * 3}, "names: too many: at most 2"),
        ({"team": "shop"}, "team: there is no such thing here: leave it out"),
        ({"mode": "w" * 90}, "w…"),
        ([], "the whole: "),
    ],
)
def test_each_says_what_is_wanted(given: Any, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        Part.model_validate(given)
    (line,) = misfits(error.value)
    assert said in line


def test_words_name_only_what_pydantic_tells() -> None:
    """A placeholder that pydantic does not fill would raise where a person waits for help."""
    known = {"given", "expected", "ge", "gt", "le", "lt", "min_length", "max_length"}
    for words in WORDS.values():
        assert {part.partition("}")[0] for part in words.split("{")[1:]} <= known
