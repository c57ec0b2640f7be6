"""`warroom eval`: the benchmarks, which come with the source tree and not with the package."""

from importlib import import_module
from importlib.util import find_spec

import typer

from ..errors import NotFound


def benchmarks() -> typer.Typer:
    """Their command line. Raises NotFound where only the package is installed."""
    if find_spec("..evals", __package__) is None:
        raise NotFound(
            "the benchmarks come with the source tree: clone it, and run `make setup` there"
        )
    return import_module("..evals.command", __package__).evaluations
