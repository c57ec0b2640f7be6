"""Tokens: shown once, found by themselves alone, revoked for good."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from warroom.errors import InputError, NotFound
from warroom.record import audit
from warroom.record.database import open_database
from warroom.record.tokens import Role, Tokens


@pytest.fixture
def tokens(place: Path | str) -> Tokens:
    return Tokens(open_database(place))


def test_a_token_is_found_by_its_text_alone(tokens: Tokens) -> None:
    secret = tokens.create("ann", Role.commander)
    found = tokens.find(secret)
    assert found and (found.name, found.role) == ("ann", Role.commander)
    for other in ("", "ann", secret[:-1], secret.upper(), secret + "\ud800"):
        assert tokens.find(other) is None


def test_its_text_is_kept_nowhere(tokens: Tokens) -> None:
    secret = tokens.create("ann", Role.observer)
    assert secret.startswith("wr_") and len(secret) == 3 + 43  # 256 bits
    with tokens.engine.begin() as connection:
        for table in ("tokens", "audit"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
            assert rows and secret not in str(rows)


def test_a_revoked_one_is_none(tokens: Tokens) -> None:
    secret = tokens.create("ann", Role.admin)
    tokens.revoke("ann", by="bob")
    assert tokens.find(secret) is None
    with pytest.raises(NotFound, match="no live token ann"):
        tokens.revoke("ann")
    assert tokens.all()[0].revoked_at is not None


def test_a_name_has_one(tokens: Tokens) -> None:
    first = tokens.create("ann", Role.observer)
    with pytest.raises(InputError, match="revoke it first"):
        tokens.create("ann", Role.admin)
    tokens.revoke("ann")
    second = tokens.create("ann", Role.admin)
    assert tokens.find(first) is None and tokens.find(second)
    assert [(t.name, t.role) for t in tokens.all()] == [("ann", Role.admin)]


def test_of_many_that_ask_one_gets_the_first(tokens: Tokens) -> None:
    got: list[str | None] = []
    threads = [threading.Thread(target=lambda: got.append(tokens.first())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (secret,) = filter(None, got)
    found = tokens.find(secret)
    assert len(got) == 4 and found and found.role is Role.admin
    tokens.revoke(found.name)
    assert tokens.first() is None  # a revoked one is no fresh install


def test_making_and_revoking_is_audited(tokens: Tokens) -> None:
    tokens.create("ann", Role.observer, by="bob")
    tokens.revoke("ann", by="bob")
    assert audit.verify(tokens.engine).number == 2
    with tokens.engine.begin() as connection:
        rows = connection.execute(text("SELECT actor, act FROM audit ORDER BY number")).all()
    assert rows == [("bob", "make token"), ("bob", "revoke token")]


def test_a_role_may_what_those_before_it_may_but_readers_tell_nothing() -> None:
    may = {role: [needed.value for needed in Role if role.may(needed)] for role in Role}
    assert may[Role.observer] == ["observer"]
    assert may[Role.sender] == ["sender"]
    assert may[Role.commander] == ["sender", "observer", "responder", "commander"]
    assert may[Role.admin] == [role.value for role in Role]
