"""Passwords are hashed so that guessing is slow; elsewhere the tests are spared that."""

import pytest

from warroom.record import passwords
from warroom.tests.support.browsers import PASSWORD
from warroom.tests.support.shortcuts import SLOW_ON_PURPOSE


def test_a_guess_takes_its_memory_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", SLOW_ON_PURPOSE)
    kept = passwords.hashed("ann", PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # OWASP asks for less
    assert passwords.fits(kept, PASSWORD)
    assert not passwords.fits(kept, PASSWORD + "!")
