"""Where the time of a process goes, by stage: a thread looks at all stacks at random moments."""

import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EVERY_S, SWITCH_S = 0.004, 0.0001
"""Between two looks, on average; how soon a thread that holds the interpreter is interrupted: were
it later, we would see it where it lets go by itself, in a database."""
WAITS = ("/threading.py", "/queue.py", "/selectors.py", "/concurrent/futures/")
"""A stack that ends here does nothing."""
STAGES = {
    "/pydantic/": "JSON and validation",
    "/json/": "JSON and validation",
    "/langgraph/checkpoint/": "checkpoints",
    "/record/checkpoints.py": "checkpoints",
    "/langgraph/": "LangGraph",
    "/langchain_core/": "LangGraph",
    "/sqlalchemy/": "our tables",
    "/psycopg": "our tables",
    "/record/": "our tables",
    "/incident/": "filing",
    "/telemetry/": "telemetry and tools",
    "/tools/": "telemetry and tools",
    "/agents/runtime/": "nodes and turns",
    "/response.py": "nodes and turns",
    "/agents/": "playbooks",
    "/analysis/": "playbooks",
}
"""Part of a file's path, and what is done there; the first that fits the innermost frame counts."""


def stage_of(frame: FrameType | None) -> str:
    """What a stack does; empty: it waits."""
    if frame is None or any(part in frame.f_code.co_filename for part in WAITS):
        return ""
    while frame is not None:
        for part, stage in STAGES.items():
            if part in frame.f_code.co_filename:
                return stage
        frame = frame.f_back
    return "other"


@contextmanager
def sampled(seed: int = 1) -> Iterator[Counter[str]]:
    """How often each stage was met in any thread while the block ran."""
    found: Counter[str] = Counter()
    over, rng = threading.Event(), random.Random(seed)

    def look() -> None:
        while not over.wait(rng.expovariate(1 / EVERY_S)):
            for thread, frame in sys._current_frames().items():
                if thread != threading.get_ident() and (stage := stage_of(frame)):
                    found[stage] += 1

    thread = threading.Thread(target=look, name="stages", daemon=True)
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
        sys.setswitchinterval(usual)
