"""Records what real model servers answer: `python -m warroom.evals.record`.

Starts each server of model_server.py and keeps its answers in tests/cassettes/, where tests
replay them. Needs the extras `model` and `dev`, and takes a minute or two.
"""

import sys

from ..errors import WarroomError
from .cassettes import tape
from .model_server import serving
from .wire_asks import PORTS, learnt, model, outcomes
from .wire_response import KIND, response


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
    for call in document.model_calls:
        print(f"step {call.step}: {call.specialist}: {call.outcome}: {call.note}")


def main() -> None:
    """Record all."""
    for kind in PORTS:
        boundary(kind)
    whole()


if __name__ == "__main__":
    try:
        main()
    except WarroomError as problem:
        sys.exit(str(problem))
