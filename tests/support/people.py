"""Who decides in tests."""

from warroom.incident.identity import Identity, token_holder


def person(name: str = "test commander") -> Identity:
    """Somebody whose token was checked."""
    return token_holder(name)
