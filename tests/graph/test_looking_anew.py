"""An alert that came early: telemetry is looked at anew, later and later, until something is known
to do, a person calls it over, or enough is enough."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from warroom.app.lifecycle import resolve
from warroom.app.work import work
from warroom.incident.action import Verdict
from warroom.incident.events import StepDone, Waiting
from warroom.incident.timeline import from_ts
from warroom.record.timers import Timers
from warroom.record.waking import HANDED_OVER, WAITING
from warroom.record.work import Work
from warroom.response import Response
from warroom.service.pages.incident_view import view_of
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.bundles import START
from warroom.tests.support.people import person
from warroom.tests.support.responses import Time, alert, decide, inventory, room_over
from warroom.tests.support.shop_bundle import Fault, Shop, run_shop

EARLY, RPS, PAUSE_S = 70, 8, 10.0
LEAKS = Fault("leak", "payments", at=60)
"""Ten seconds of it do not tell yet what to do; half a minute does."""


@dataclass
class Early:
    """An incident whose telemetry goes on as time does."""

    shop: Shop
    time: Time
    response: Response
    incident: str

    def passes(self, seconds: float) -> None:
        self.time.now += seconds
        while self.shop.second < EARLY + self.time.now - 1_000.0:
            self.shop.one_second(RPS)
        self.shop.bundle.flush()

    def runs(self) -> list[int]:
        """One turn; the steps that were worked in it."""
        found = self.response.run(self.incident)
        return [event.report.step for event in found if isinstance(event, StepDone)]

    def says(self) -> tuple[str, str]:
        found = self.response.work.standing(self.incident)
        assert found
        return found.status, found.why

    def says_waiting(self) -> bool:
        self.runs()
        return self.says()[0] == WAITING


@contextmanager
def early(home: Path, place: Path | str = "", looks: int = 2) -> Iterator[Early]:
    time, shop = Time(), run_shop(home / "bundle", LEAKS, seconds=EARLY)
    context = room_over(home, hands=Rehearsal(inventory()), place=place)
    context.clock = lambda: from_ts(START + EARLY + time.now - 1_000.0)
    context.pace, context.looks = 1.0, looks
    context.store.work = Work(context.store.engine, time)
    context.store.timers = Timers(context.store.engine, time)
    with Response(context) as response:
        incident, _ = response.take(alert())
        yield Early(shop, time, response, incident)


def test_what_shows_later_is_asked_about_later(tmp_path: Path, place: Path | str) -> None:
    with early(tmp_path, place) as it:
        assert 4 in it.runs()
        assert not it.response.waiting(it.incident)
        status, why = it.says()
        assert status == WAITING and why == "nothing is known to do yet: looks again at 00:16 UTC"
        assert it.response.timer(it.incident) == PAUSE_S
        store = it.response.context.store
        standing = store.work.standing(it.incident)
        assert view_of(store.load(it.incident), [], standing, []).looks_again == why
        before = {one.id for one in store.load(it.incident).evidence}
        assert any(line.text == why for line in store.load(it.incident).timeline)
        (told,) = [m for m in store.load(it.incident).communications if "unclear" in m.template]
        assert "Warroom looks again at" in told.body and told.sent_at
        assert it.runs() == []  # too early: nothing happens
        it.passes(PAUSE_S)
        assert it.runs()[:3] == [8, 2, 3]  # whether it goes on, then from the sweep on
        document = store.load(it.incident)
        new = [one for one in document.evidence if one.id not in before]
        assert {one.end for one in new} >= {from_ts(START + EARLY + PAUSE_S)}
        assert len([m for m in document.communications if "unclear" in m.template]) == 1
        (asked,) = it.response.waiting(it.incident)
        assert asked.title == "restart payments"
        assert it.says()[1].startswith("waits for a person: restart payments")
        decide(it.response.context, it.incident, Verdict.approved)
        it.runs()
        hands = it.response.context.operations
        assert isinstance(hands, Rehearsal) and len(hands.acted) == 1


def test_it_is_looked_at_less_and_less_often_and_not_for_ever(tmp_path: Path) -> None:
    with early(tmp_path) as it:
        waited = []
        while it.says_waiting():
            waited.append(it.response.timer(it.incident))
            it.time.now += waited[-1] or 0.0  # nothing new comes
        assert waited == [PAUSE_S, 2 * PAUSE_S]
        assert it.says()[0] == HANDED_OVER
        document = it.response.context.store.load(it.incident)
        told = [m.template.partition(".")[0] for m in document.communications]
        assert [name for name in told if name in ("unclear", "handed_over", "quiet")] == [
            "unclear",
            "handed_over",
        ]


def test_what_a_person_calls_over_is_looked_at_no_more(tmp_path: Path) -> None:
    with early(tmp_path) as it:
        store, told = it.response.context.store, []

        def sleep(seconds: float) -> None:
            it.time.now += seconds
            resolve(store, it.incident, "it was a test", person())

        work(it.response, it.incident, told.append, lambda _request: False, sleep)
        pauses = [each for each, event in enumerate(told) if isinstance(event, Waiting)]
        steps = [e.report.step for e in told[pauses[-1] :] if isinstance(e, StepDone)]
        assert it.time.now < 1_000.0 + PAUSE_S and len(pauses) == 1
        assert 11 in steps and not {2, 3, 4} & {*steps}  # its postmortem, and no search
