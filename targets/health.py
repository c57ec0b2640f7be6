"""Whether the instances of a service answer: supervisor's state and /healthz, both."""

import time
from dataclasses import dataclass

import httpx

from .configuration import Receipt
from .endpoints import Endpoint
from .supervisor import Process

PROBE_TIMEOUT_S = 1.0
POLL_S = 0.1


@dataclass(frozen=True)
class InstanceHealth:
    """One instance: a hung one is RUNNING and does not answer."""

    instance: str
    active: bool
    state: str
    pid: int
    answers: bool
    seconds: float
    problem: str

    def row(self) -> Receipt:
        """Flat scalars."""
        return {**vars(self), "seconds": round(self.seconds, 3)}


def probe(endpoint: Endpoint, process: Process | None) -> InstanceHealth:
    """Ask one instance now."""
    started = time.monotonic()
    problem = _ask(endpoint.url)
    return InstanceHealth(
        instance=endpoint.instance,
        active=endpoint.active,
        state=process.state if process else "not supervised",
        pid=process.pid if process else 0,
        answers=not problem,
        seconds=time.monotonic() - started,
        problem=problem,
    )


def wait_until_answers(endpoint: Endpoint, seconds: float) -> str:
    """Poll until it answers: "" when it does, else what was wrong at the end."""
    deadline = time.monotonic() + seconds
    while problem := _ask(endpoint.url):
        if time.monotonic() > deadline:
            return problem
        time.sleep(POLL_S)
    return ""


def _ask(url: str) -> str:
    """ "" for a 200 of /healthz, else what was wrong."""
    try:
        status = httpx.get(f"{url}/healthz", timeout=PROBE_TIMEOUT_S, trust_env=False).status_code
    except httpx.TimeoutException:
        return f"no answer within {PROBE_TIMEOUT_S:g} s"
    except httpx.TransportError as error:
        return f"unreachable ({type(error).__name__})"
    return "" if status == httpx.codes.OK else f"HTTP {status}"
