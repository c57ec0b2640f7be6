"""Every route of the application, of the API and of pages, and what it depends on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts


@dataclass(frozen=True)
class Route:
    """A method and a path, and the functions that are called before the route's own."""

    method: str
    path: str
    needs: frozenset[Callable]


def routes(app: Any) -> list[Route]:
    """All of them."""
    return [
        Route(method, str(one.path), frozenset(_calls(one.dependant)))
        for one in iter_route_contexts(app.routes)
        if hasattr(one, "dependant")
        for method in sorted(one.methods or ())
    ]


def _calls(dependant: Dependant) -> Iterator[Callable]:
    for each in dependant.dependencies:
        if each.call:
            yield each.call
        yield from _calls(each)
