"""Sessions end: unused, at last, with their account or token; only a digest is kept."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from warroom.errors import InputError
from warroom.incident.identity import Identity, Vouched, token_holder
from warroom.record.accounts import Accounts
from warroom.record.backup import after_restore
from warroom.record.database import open_database
from warroom.record.sessions import Lasts, Sessions
from warroom.record.tokens import Role, Tokens

HOUR = 3600.0


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(place: Path | str, clock: Clock) -> Sessions:
    return Sessions(open_database(place), Lasts(HOUR, 24 * HOUR), clock)


@pytest.fixture
def ann(sessions: Sessions, clock: Clock) -> Callable[[], str]:
    """Has an account, and begins a session."""
    Accounts(sessions.engine, clock).create("ann", Role.commander, by="bob")
    return lambda: sessions.begin(Identity("ann", Vouched.account), "192.0.2.1")


def test_one_is_found_by_its_cookie_alone(sessions: Sessions, ann: Callable[[], str]) -> None:
    cookie = ann()
    known = sessions.by_cookie(cookie)
    assert known and (known.name, known.role, known.vouched) == (
        "ann",
        Role.commander,
        Vouched.account,
    )
    for other in ("", "ann", cookie[:-1], cookie + "\ud800"):
        assert sessions.by_cookie(other) is None
    with sessions.engine.begin() as connection:
        for table in ("sessions", "audit"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
            assert rows and cookie not in str(rows)


def test_it_ends_unused_and_at_last(
    sessions: Sessions, ann: Callable[[], str], clock: Clock
) -> None:
    unused, used = ann(), ann()
    for _look in range(47):
        clock.now += HOUR / 2
        assert sessions.by_cookie(used)
    assert sessions.by_cookie(unused) is None
    clock.now += HOUR / 2
    assert sessions.by_cookie(used) is None


@pytest.mark.parametrize("how", ["disable", "role", "link"])
def test_it_ends_with_what_changes_of_the_account(
    sessions: Sessions, ann: Callable[[], str], clock: Clock, how: str
) -> None:
    accounts, cookie = Accounts(sessions.engine, clock), ann()
    match how:
        case "disable":
            accounts.change("ann", "bob", enabled=False)
        case "role":
            accounts.change("ann", "bob", Role.observer)
        case _:
            accounts.set_password(accounts.link("ann", "bob"), "four words are enough")
    assert sessions.by_cookie(cookie) is None


def test_who_is_disabled_begins_none(
    sessions: Sessions, ann: Callable[[], str], clock: Clock
) -> None:
    accounts = Accounts(sessions.engine, clock)
    accounts.change("ann", "bob", enabled=False)
    with pytest.raises(InputError, match="may not sign in"):
        ann()
    accounts.change("ann", "bob", enabled=True)
    assert sessions.by_cookie(ann())


def test_a_token_of_an_accounts_name_may_no_more_than_the_account(
    sessions: Sessions, ann: Callable[[], str]
) -> None:
    token = Tokens(sessions.engine).create("Ann", Role.admin)
    known = sessions.by_token(token)
    assert known and known.role is Role.commander
    Accounts(sessions.engine).change("ann", "bob", enabled=False)
    assert sessions.by_token(token) is None


def test_a_session_ends_with_the_token_that_began_it(sessions: Sessions) -> None:
    tokens = Tokens(sessions.engine)
    token = tokens.create("ci", Role.observer)
    cookie = sessions.begin(token_holder("ci"), "", token)
    assert sessions.by_cookie(cookie)
    tokens.revoke("ci")
    tokens.create("ci", Role.admin)
    assert sessions.by_cookie(cookie) is None


def test_a_restore_brings_no_session_and_no_link_back(
    sessions: Sessions, ann: Callable[[], str], clock: Clock
) -> None:
    accounts, cookie = Accounts(sessions.engine, clock), ann()
    link = accounts.link("ann", "bob")
    after_restore(sessions.engine, clock.now)
    assert sessions.by_cookie(cookie) is None
    with pytest.raises(InputError, match="was used, or is too old"):
        accounts.set_password(link, "four words are enough")
