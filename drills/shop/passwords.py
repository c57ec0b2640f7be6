"""Password hashes: scrypt with a salt per user, stored as `salt$hash` in hex."""

import hashlib
import hmac
import os

COST = 2**11


def derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=COST, r=8, p=1, dklen=32)


def hash_password(password: str) -> str:
    salt = os.urandom(16)
    return f"{salt.hex()}${derive(password, salt).hex()}"


def matches(password: str, stored: str) -> bool:
    salt, _, expected = stored.partition("$")
    return hmac.compare_digest(derive(password, bytes.fromhex(salt)), bytes.fromhex(expected))
