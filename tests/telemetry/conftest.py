"""What a source is tried on, in the way that a test module names (`way`)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.tests.support.backends import Backend
from warroom.tests.support.ways import Way


@pytest.fixture
def kind(way: Way) -> str:
    """Of the source."""
    return way.kind


@pytest.fixture
def backend(way: Way, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Closed at the end."""
    with way.backend(tmp_path / "backend", request.node.name.replace(str(way), "")) as made:
        yield made
