"""Passwords, as Argon2id hashes. A hash takes 64 MiB: few are worked at a time."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import InputError, StoreUnavailable

LEAST, MOST = 12, 200
"""Characters. Nothing else is asked of them: length is what guessing pays for."""
HASHER = PasswordHasher()
AT_ONCE, WAITING = BoundedSemaphore(2), BoundedSemaphore(8)
"""More are sent away at once: whoever floods us with guesses takes no other request's thread."""


def hashed(name: str, password: str) -> str:
    """What is kept of it. Raises InputError for one that is too easy to guess, or none."""
    if not LEAST <= len(password) <= MOST:
        raise InputError(f"a password has {LEAST} to {MOST} characters: four words make a good one")
    if len(set(password)) < 5 or name in password.casefold():
        raise InputError("that password is guessed first: take four words that are not your name")
    with _room():
        return HASHER.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether it is the one of which this was kept. That nothing was kept takes as long to say.
    Raises StoreUnavailable where too many ask."""
    with _room():
        try:
            return HASHER.verify(kept or _nobodys(), password[:MOST]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


@contextmanager
def _room() -> Iterator[None]:
    if not WAITING.acquire(blocking=False):
        raise StoreUnavailable("many sign in just now: try again in a moment")
    try:
        with AT_ONCE:
            yield
    finally:
        WAITING.release()


@cache
def _nobodys() -> str:
    return HASHER.hash(secrets.token_urlsafe(32))
