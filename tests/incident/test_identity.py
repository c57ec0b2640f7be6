"""Who decides is vouched for; what code decides in its own name nobody else can claim."""

import pytest

from warroom.errors import InputError
from warroom.incident.identity import at_terminal, automatic, receiver, token_holder

RESERVED = [
    "drill commander (automatic)",
    " Drill Commander (AUTOMATIC) ",
    "comms",
    "nobody",
    "Warroom",
]


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("make", [at_terminal, token_holder, receiver])
def test_a_name_of_code_is_no_persons(make, name: str) -> None:
    with pytest.raises(InputError, match="only code decides under"):
        make(name)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[2J", "\u202eann", "x" * 81])
def test_a_name_can_be_read(name: str) -> None:
    with pytest.raises(InputError, match="printable"):
        token_holder(name)


def test_the_log_says_what_vouches_for_it() -> None:
    assert str(token_holder("ann")) == "token:ann"
    assert str(automatic("drill commander")) == "automatic:drill commander (automatic)"
    terminal = at_terminal("on-call commander")
    assert str(terminal) == f"terminal:{terminal.account} as on-call commander"


def test_a_person_is_the_same_in_another_role() -> None:
    assert at_terminal("commander").person == at_terminal("lead").person
    assert token_holder("ann").person != token_holder("bob").person
