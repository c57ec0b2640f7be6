"""What the terminal says where one has to copy it, and words of help that are those of enums."""

from warroom.console.options import DUTIES, ROLES, SEVERITIES
from warroom.console.screen import say
from warroom.console.serving import _greet
from warroom.incident.people import Duty
from warroom.incident.severity import Severity
from warroom.record.tokens import Role
from warroom.tests.support.consoles import paper, printed
from warroom.tests.support.services import asked


def test_words_of_help_are_those_of_the_enums():
    roles = [role for role in Role if role is not Role.sender]
    for said, words in ((DUTIES, Duty), (ROLES, roles), (SEVERITIES, Severity)):
        assert said.replace(" or ", ", ").split(", ") == [word.value for word in words]


def test_a_command_is_never_cut_and_other_lines_end_where_the_terminal_does():
    console = paper(40)
    say(
        console,
        "  ✓ ",
        "b838298abcde is c0ffee012345 now: `warroom approve INC-20261130 c0ffee012345`",
    )
    say(console, "a line without a command, as long as any that is told here")
    whole, cut = printed(console).splitlines()
    assert whole.endswith("`warroom approve INC-20261130 c0ffee012345`")
    assert len(cut) == 40 and cut.endswith("…")


def test_serve_says_where_a_token_comes_from_whenever_it_prints_none(tmp_path):
    with asked(tmp_path / "home", tokens=False) as found:
        tokens, told = found.service.tokens, list[str]()
        for change in (lambda: None, lambda: None, lambda: tokens.revoke("admin")):
            change()
            console = paper(60)
            _greet(console, found.service, "http://127.0.0.1:8844")
            told.append(printed(console))
    first, again, nobody = told
    assert "  wr_" in first and "token create" not in first
    command = "token create NAME --role admin` makes one and prints it"
    assert "with your token or account; `" in again and command in again
    assert "nobody can: each token was revoked" in nobody and command in nobody
