"""Who decides in tests, and what needs no decision."""

from warroom.incident.identity import Identity, token_holder
from warroom.record.claims import Does, Effect


def person(name: str = "test commander") -> Identity:
    """Somebody whose token was checked."""
    return token_holder(name)


def free(name: str, incident: str = "INC-1") -> Effect:
    """An effect that nobody has to approve, as a message inside the house is."""
    return Effect(incident, Does.send, name, approved=False)
