"""Records what real model servers answer: `python -m warroom.evals.servers.record`.

Starts each server of model_server.py and keeps its answers in tests/cassettes/, where tests
replay them. Needs the extras `model` and `dev`, and takes some minutes.
"""

import sys

from ...errors import WarroomError
from ...incident.document import Incident
from .cassettes import tape
from .model_server import serving
from .wire_asks import PORTS, learnt, model, outcomes
from .wire_response import CALLING, KIND, investigation, response

THREADS = 2
"""Nothing else should run meanwhile."""


def boundary(kind: str) -> None:
    """The asks of wire_asks.py, and what was learnt from them."""
    with serving(kind, PORTS[kind]), tape(f"wire-{kind}", record=True):
        asked = model(kind)
        for name, outcome in outcomes(asked):
            print(f"{kind}: {name}: {outcome.answer or outcome.error!r}")
        print(f"{kind}: {learnt(asked)}")


def whole() -> None:
    """A whole response over a recorded drill."""
    with serving(KIND, PORTS[KIND]), tape("response", record=True):
        document = response()
    _told(document)


def deep() -> None:
    """The steps that look further and meet the skeptic."""
    with serving(CALLING, PORTS[CALLING], THREADS), tape("investigation", record=True):
        document = investigation()
    _told(document)


def _told(document: Incident) -> None:
    for call in document.model_calls:
        print(f"step {call.step}: {call.specialist}: {call.outcome}: {call.note}", flush=True)


def main() -> None:
    """Record all."""
    for kind in PORTS:
        boundary(kind)
    deep()
    whole()


if __name__ == "__main__":
    try:
        main()
    except WarroomError as problem:
        sys.exit(str(problem))
