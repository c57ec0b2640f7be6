"""One function over data, in a process of its own that can be killed.

For what a model or a stranger may have written and a library evaluates: Python cannot end a call
that holds the interpreter, DuckDB not one that never looks up. The process has limits of memory and
time, no environment (so no keys), and is gone after its one answer.

    python -m warroom.sandbox      the process: one job from stdin as JSON, its answer to stdout
"""

import contextlib
import importlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from . import errors

P = ParamSpec("P")
R = TypeVar("R")

MEMORY = 1 << 30
"""Bytes of address space; DuckDB itself needs a third of that."""
START_S = 2.0
"""Seconds that starting Python and loading a library may take on a busy machine."""
LARGEST_FILE = 1 << 33


def run(job: Callable[P, R], seconds: float, *args: P.args, **kwargs: P.kwargs) -> R:
    """What the job answers; it is a function of a module, over JSON, and so is its answer.

    Raises ToolFailed when it takes longer than `seconds`, more than MEMORY, or dies, and the
    WarroomError that the job itself raises.
    """
    asked = {"module": job.__module__, "name": job.__qualname__, "seconds": seconds}
    text = json.dumps({**asked, "args": args, "kwargs": kwargs})
    try:
        done = subprocess.run(
            [sys.executable, "-E", "-s", "-m", __name__],
            input=text.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a library that runs out of memory says so at length
            env={"MALLOC_ARENA_MAX": "2"},  # else each thread reserves memory that counts
            timeout=seconds + START_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise errors.ToolFailed(f"it was stopped after {seconds:g} s") from None
    return _answer(done)


def _answer(done: "subprocess.CompletedProcess[bytes]"):
    """The value, or the error that the job raised."""
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise errors.ToolFailed(f"its process died ({done.returncode}): too much memory?") from None
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["message"])
    return answer["value"]


def main() -> None:
    """Answer the one job on stdin."""
    asked = json.loads(sys.stdin.buffer.read())
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    _limit(asked["seconds"])
    job = getattr(importlib.import_module(asked["module"]), asked["name"])
    try:
        answer = {"value": job(*asked["args"], **asked["kwargs"])}
    except errors.WarroomError as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        answer = {"error": "ToolFailed", "message": "it needs more memory than it may take"}
    answers.write(json.dumps(answer))
    answers.close()
    os._exit(0)  # whatever a library still does in its threads


def _limit(seconds: float) -> None:
    """Also where the parent is gone and kills nobody."""
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: int(2 * (seconds + START_S)) + 1,  # two threads
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: LARGEST_FILE,
    }
    for kind, most in limits.items():
        with contextlib.suppress(ValueError, OSError):  # a system that has no such limit
            resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main()
