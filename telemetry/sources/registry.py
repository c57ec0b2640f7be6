"""The sources there are. A backend is one file beside this one and one line here."""

from collections.abc import Callable, Sequence
from pathlib import Path

from .files import Files
from .source import MODALITIES, Source

Opener = Callable[[str], Sequence[Source]]
"""Takes where a backend is (a folder, a URL); its sources, one for each modality that it has."""


def _files(where: str) -> Sequence[Source]:
    return [Files(Path(where), modality) for modality in MODALITIES]


OPENERS: dict[str, Opener] = {"files": _files}
"""By the kind of backend."""


def sources_of(kind: str, where: str) -> Sequence[Source]:
    """The sources of one backend."""
    return OPENERS[kind](where)
