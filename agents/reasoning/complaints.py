"""What goes back to the model, once: which of its claims do not hold, and what would."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from .proof import Proof
from .replies import Claim

MOST_COMPLAINTS = 12
"""Claims that are told not to hold: as many as a reply has."""


def complaints(reply: BaseModel, proof: Proof) -> str:
    """Which claims of a reply do not hold and why, a line each, for the model to repair; empty: all
    hold. Nothing is listed as unproven."""
    judged = [(claim, proof.judge(proof.bound(claim)).reasons) for claim in claims_of(reply)]
    lines = [f"- “{claim.statement}”: {'; '.join(why)}." for claim, why in judged if why]
    return "\n".join(lines[:MOST_COMPLAINTS])


def claims_of(reply: Any) -> Iterator[Claim]:
    """Every claim of a reply, in order."""
    if isinstance(reply, Claim):
        yield reply
    elif isinstance(reply, BaseModel):
        for name in type(reply).model_fields:
            yield from claims_of(getattr(reply, name))
    elif isinstance(reply, list):
        for part in reply:
            yield from claims_of(part)
