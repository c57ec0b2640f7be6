"""What is done to the shop: effects, one class a kind, and the course that they take in time."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from threading import Event, Thread
from typing import Annotated, NamedTuple

import psutil
import psycopg
from pydantic import Field

from ...errors import DrillError, WarroomError
from ..environment import Shop
from .changes import Config, Load, Quota, Release, Wait
from .database import Again, Hold, Sql
from .processes import Descriptors, Environment, Kill, LinkEffect, Rotate, Shutdown, Stop
from .switch import Switch

Processes = Stop | Kill | Shutdown | Descriptors | Environment | Rotate | LinkEffect
Changes = Release | Config | Load | Quota | Wait
Effect = Annotated[Processes | Changes | Sql | Hold | Again, Field(discriminator="kind")]
TROUBLE = (WarroomError, psycopg.Error, psutil.Error, OSError)
"""What comes of acting on a shop that is not well any more."""


class Phase(NamedTuple):
    """A strength, for some seconds."""

    strength: float
    seconds: float


class Shape(NamedTuple):
    """A course in time: phases, from the beginning again where it repeats."""

    phases: tuple[Phase, ...]
    repeats: bool = False

    @property
    def period_s(self) -> float:
        """How long to look so that the worst of it is seen; 0: it stays as it is."""
        return sum(phase.seconds for phase in self.phases) if self.repeats else 0.0


STEP = Shape((Phase(1, 0),))


@dataclass
class Course:
    """Effects that go through a shape, in a thread where that takes time or begins later."""

    effects: Iterable[Effect]
    shape: Shape = STEP
    delay_s: float = 0.0
    switches: list[Switch] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.thread = Thread(target=self._go_on, name="course", daemon=True)

    def begin(self, shop: Shop) -> None:
        """The first phase is there when this returns, unless it comes later. Raises DrillError
        where it did not take."""
        if self.delay_s:
            self.thread = Thread(target=self._later, args=(shop,), name="course", daemon=True)
            self.thread.start()
            return
        try:
            for effect in self.effects:
                switch = effect.begin(shop)
                self.switches.append(switch)
                switch.on(self.shape.phases[0].strength)
        except TROUBLE as error:
            raise DrillError(f"the fault did not take: {error}; run it again") from error
        if len(self.shape.phases) > 1:
            self.thread.start()

    def _later(self, shop: Shop) -> None:
        if not self.over.wait(self.delay_s):
            self.delay_s = 0.0
            self.__post_init__()
            self.begin(shop)  # where it does not take, the thread says so on stderr

    def end(self) -> None:
        """Take it all back, the last first; a shop in trouble may not let us."""
        self.over.set()
        if self.thread.is_alive():
            self.thread.join(10)
        for switch in reversed(self.switches):
            with suppress(*TROUBLE):
                switch.off()

    def _go_on(self) -> None:
        for phase, following in pairwise(cycle(self.shape.phases)):
            if not phase.seconds or self.over.wait(phase.seconds):
                return
            for switch in self.switches:
                with suppress(*TROUBLE):  # what it is about may be gone
                    switch.on(following.strength) if following.strength else switch.off()
