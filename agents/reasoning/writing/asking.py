"""How a writer reaches a model, and the payloads it checks the answer against."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from ....models.protocol import Message
from ...runtime.case import Case

AskModel = Callable[[tuple[Message, ...], type[BaseModel], str], BaseModel]
"""Messages, the reply's schema and the prompt's stamp in; a valid reply out, or ModelError."""
Payload = Callable[[str], Any]
"""Fetches what a piece of evidence holds by its digest."""


def at_hand(case: Case) -> Payload:
    """Payloads of the calls that this process made itself; of others, nothing."""
    results = {result.evidence: result for result in case.tools.memory.values()}
    rows = {r.digest: results[r.id] for r in case.document.evidence if r.id in results}
    return lambda digest: {"rows": rows[digest].records() if digest in rows else []}
