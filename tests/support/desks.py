"""A desk with a document and canned tool answers: as much of a case as a specialist reads."""

from dataclasses import dataclass, field

from warroom.settings import Settings
from warroom.telemetry.model import Catalogue
from warroom.tests.support.incidents import at
from warroom.tools.base import Result


@dataclass
class Shelf:
    """Answers tool calls with results given beforehand, and keeps what was asked."""

    results: dict[str, Result]
    asked: list[str] = field(default_factory=list)

    def call(self, tool, **_arguments) -> Result:
        self.asked.append(tool.__name__)
        return self.results[tool.__name__]


@dataclass
class Desk:
    """As much of a case as these specialists read."""

    document: object
    tools: Shelf
    catalogue: Catalogue = field(default_factory=Catalogue)
    now: object = at(200)
    recorded: bool = False
    attempt: int = 1
    settings: Settings = field(default_factory=Settings)
