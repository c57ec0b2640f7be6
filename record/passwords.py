"""Passwords, as Argon2id hashes. A hash takes 64 MiB: few are worked at a time."""

import secrets
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import InputError

LEAST, MOST = 12, 200
"""Characters. Nothing else is asked of them: length is what guessing pays for."""
HASHER = PasswordHasher()
AT_ONCE = BoundedSemaphore(2)
WAIT_S = 20.0


def hashed(name: str, password: str) -> str:
    """What is kept of it. Raises InputError for one that is too easy to guess, or none."""
    if not LEAST <= len(password) <= MOST:
        raise InputError(f"a password has {LEAST} to {MOST} characters: four words make a good one")
    if len(set(password)) < 5 or name in password.casefold():
        raise InputError("that password is guessed first: take four words that are not your name")
    with AT_ONCE:
        return HASHER.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether it is the one of which this was kept. That nothing was kept takes as long to say."""
    if not AT_ONCE.acquire(timeout=WAIT_S):
        return False
    try:
        return HASHER.verify(kept or _nobodys(), password[:MOST]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
    finally:
        AT_ONCE.release()


@cache
def _nobodys() -> str:
    return HASHER.hash(secrets.token_urlsafe(32))
