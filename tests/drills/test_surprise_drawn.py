"""What is drawn: every seed a fault that makes sense, that announces nothing and has a truth."""

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from threading import Event
from typing import get_type_hints

import pytest

from warroom.actions.catalogue import CATALOGUE
from warroom.drills.effects import STEP, Course, Effect, Phase, Shape
from warroom.drills.effects.changes import Config, Release
from warroom.drills.effects.processes import Environment, with_environment
from warroom.drills.effects.switch import Switch
from warroom.drills.keep import tell_beside
from warroom.drills.layout import Layout
from warroom.drills.shop.config import Settings
from warroom.drills.supervision import Supervision
from warroom.drills.surprise.draw import (
    DECOYS,
    KINDS,
    LOUD,
    SECOND,
    SHAPES,
    Drawn,
    draw,
)
from warroom.drills.surprise.mechanism import Bound, HandedAlert, Mechanism, ground
from warroom.drills.surprise.score import facts_met
from warroom.drills.surprise.truth import COSTLY, Truth, read_truth
from warroom.drills.symptom import LOG_LINES
from warroom.drills.world import WORLDS, world
from warroom.telemetry.alerts import parse_alerts
from warroom.telemetry.signal_catalogue import CATALOGUE as SIGNALS
from warroom.yaml_tables import HERE

MECHANISMS = ground().mechanisms
ANNOUNCING = re.compile(
    r"(?<!de)fault|inject|drill|surprise|chaos|leak|\bbug|broken|attack|corrupt|decoy|innocent|seal",
    re.I,
)
ALL = [
    one
    for name in WORLDS
    for one in (*ground(name).mechanisms.values(), *ground(name).besides.values())
]
EVERY = pytest.mark.parametrize("mechanism", ALL, ids=lambda one: f"{one.world}-{one.name}")


def known(mechanism: Mechanism) -> set[str]:
    """The services and third parties of its world."""
    return {entry.name for entry in world(mechanism.world).entries()}


def bindings(mechanism: Mechanism) -> list[Bound]:
    """The mechanism at all of its places and shares."""
    return [mechanism.bind(p, s) for p in mechanism.places for s in mechanism.shares]


@cache
def drawn(seed: int, name: str = "shop") -> Drawn:
    return draw(seed, name)


def effects_of(fault: Drawn) -> list[Effect]:
    return [each for course in fault.courses() for each in course.effects]


def edited(release: Release, name: str) -> dict[str, str]:
    """The world's files with a release's edits."""
    texts: dict[str, str] = {}
    for path, before, after in release.edits:
        text = texts.get(path) or source(path, name)
        assert text.count(before) == 1, (path, before)
        texts[path] = text.replace(before, after)
    return texts


def source(path: str, name: str) -> str:
    """A file of the world's repository, as it lies here."""
    return (HERE / "drills" / Path(path).relative_to(world(name).root)).read_text()


def test_the_same_seed_draws_the_same_fault():
    assert draw(7) == draw(7)


def test_five_hundred_seeds_cover_every_part():
    faults = [drawn(seed) for seed in range(500)]
    assert {one.truth.mechanism for one in faults} == set(MECHANISMS)
    assert {one.truth.shape for one in faults} == set(SHAPES)
    assert {one.truth.share for one in faults} == set(ground().shares)
    assert {one.truth.decoy for one in faults} == set(DECOYS)
    groups = Counter(one.truth.group for one in faults)
    assert min(groups.values()) >= 15


def test_seeds_of_the_other_world_cover_its_mechanisms_and_compose_two():
    faults = [drawn(seed, "queue") for seed in range(100)]
    assert {one.truth.mechanism for one in faults} == set(ground("queue").mechanisms)
    assert {one.world for one in faults} == {"queue"}
    assert SECOND in {one.truth.decoy for one in faults}


def test_a_second_fault_is_at_another_place_and_has_to_go_too():
    twice = [one for seed in range(500) if (one := drawn(seed)).truth.decoy == SECOND]
    for fault in twice:
        assert len(fault.plan) == 2
        assert "Besides:" in fault.truth.cause
        assert len(fault.truth.symptoms) == 2


def test_an_innocent_deploy_touches_nothing_that_the_fault_is_about():
    for seed in range(500):
        if KINDS.get(drawn(seed).truth.decoy) == "release":
            innocent = effects_of(drawn(seed))[0]
            assert isinstance(innocent, Release)
            assert innocent.service not in drawn(seed).truth.accept


@EVERY
def test_every_mechanism_is_whole_at_every_place(mechanism):
    for effects, truth, _links, alert in bindings(mechanism):
        assert effects
        assert truth.noise or truth.facts
        assert truth.noise or truth.symptoms
        assert truth.hurt or truth.symptoms or alert
        assert set(truth.accept) <= known(mechanism) | {"traffic"}
        assert truth.noise or set(truth.accept) & known(mechanism)
        left = json.dumps(truth.to_json()) + repr(effects)
        assert not re.search(r"\$(?!strength|nowhere|port_)[a-z]", left)


@EVERY
def test_facts_are_regular_expressions_that_the_cause_itself_meets(mechanism):
    for bound in bindings(mechanism):
        met = facts_met([bound.truth.cause], bound.truth.facts)
        assert all(met.values()), (bound.truth.place, met)
        assert not any(facts_met(["It rains."], bound.truth.facts).values())


@EVERY
def test_symptoms_and_actions_are_of_the_catalogues(mechanism):
    here = world(mechanism.world)
    flags = here.configuration.get("flags.json", {}).get("flags", {})
    targets = known(mechanism) | set(here.tables) | set(flags)
    for truth in (bound.truth for bound in bindings(mechanism)):
        for symptom in truth.symptoms:
            assert symptom.service in known(mechanism)
            assert symptom.signal in SIGNALS or symptom.signal == LOG_LINES
        for action in filter(None, (*truth.cures, *truth.helps, *truth.harmful)):
            kind, _, target = action.rpartition(" ")
            assert kind in CATALOGUE
            assert target in targets
            assert truth.harms(action) == (action in truth.harmful)


@EVERY
def test_nothing_that_the_responder_reads_announces_it(mechanism):
    for effect in (each for bound in bindings(mechanism) for each in bound.effects):
        told = effect.model_dump(exclude={"kind"})
        assert not ANNOUNCING.search(json.dumps(list(told.values())))


@EVERY
def test_what_is_changed_is_what_the_shop_has(mechanism):
    for effect in (each for bound in bindings(mechanism) for each in bound.effects):
        if isinstance(effect, Release):
            for path, text in edited(effect, mechanism.world).items():
                compile(text, path, "exec")
        if isinstance(effect, Environment):
            read = {f"SHOP_{name.upper()}" for name in get_type_hints(Settings)}
            assert set(effect.set) <= read
        if isinstance(effect, Config):
            json.loads(re.sub(r"\$\w+", "1", effect.value))


@pytest.mark.parametrize("name", WORLDS)
def test_innocent_changes_fit_their_world(name):
    for innocent in ground(name).innocent:
        assert isinstance(innocent, Release | Config)
        if isinstance(innocent, Release):
            assert edited(innocent, name)
            assert innocent.service in {spec.name for spec in world(name).services}


@EVERY
def test_shapes_shares_and_tables_exist(mechanism):
    assert set(mechanism.shapes) <= set(SHAPES)
    here = ground(mechanism.world)
    assert set(mechanism.shares) <= set(here.shares)
    assert set(mechanism.second) <= set(mechanism.places)
    tables = {place.table for place in here.places.values()} - {""}
    schema = (HERE / "drills" / world(mechanism.world).database).read_text()
    assert all(f"CREATE TABLE {table} " in schema for table in tables)


def test_what_costs_something_and_cures_nothing_is_harm():
    truth = MECHANISMS["table-locked"].bind("inventory", "all").truth
    assert not truth.to_json()["curable"]
    assert set(COSTLY) <= set(CATALOGUE)
    assert all(truth.harms(f"{kind} inventory") for kind in COSTLY)
    assert not truth.harms("scale catalog")
    stopped = MECHANISMS["process-stopped"].bind("payments", "all").truth
    assert not stopped.harms("restart payments")
    assert stopped.harms("restart checkout")


def test_a_share_is_milder_and_shows_less():
    whole, few = (MECHANISMS["negative-stock"].bind("inventory", s).truth for s in ("all", "few"))
    assert (whole.level, few.level) == (("P0", "P1"), ("P1", "P2"))
    assert few.symptoms[0].level < whole.symptoms[0].level


def test_the_seal_tells_nothing_but_a_change_of_the_truth():
    one = drawn(3).truth
    assert one.seal == draw(3).truth.seal != one.model_copy(update={"cause": "It rains."}).seal
    assert one.seal in drawn(3).title


def test_the_truth_beside_a_kept_bundle_is_read_again(tmp_path: Path):
    target = tmp_path / "surprise-003"
    target.mkdir()
    tell_beside(target, drawn(3).truth.to_json(), {"begun": 1.0})
    beside = target.with_name("surprise-003.truth.json")
    assert read_truth(beside) == drawn(3).truth
    assert json.loads(beside.read_text())["times"] == {"begun": 1.0}


class Written:
    """An effect that writes down how it is switched."""

    def __init__(self, most: int = 99) -> None:
        self.strengths: list[float] = []
        self.most, self.enough = most, Event()

    def begin(self, _shop: object) -> Switch:
        return Switch(self.note, lambda: self.note(0))

    def note(self, strength: float) -> None:
        self.strengths.append(strength)
        if len(self.strengths) >= self.most:
            self.enough.set()


def course(effect: Written, shape: Shape) -> Course:
    found = Course([effect], shape)  # pyright: ignore[reportArgumentType] stands for an effect
    found.begin(None)  # pyright: ignore[reportArgumentType] no shop is touched
    return found


def test_a_ramp_ends_at_its_height():
    written = Written()
    going = course(written, Shape((Phase(0.5, 0.001), Phase(1, 0))))
    going.thread.join(60)
    assert written.strengths == [0.5, 1]
    going.end()
    assert written.strengths == [0.5, 1, 0]


def test_bursts_go_on_until_they_are_ended():
    written = Written(most=6)
    going = course(written, Shape((Phase(1, 0.001), Phase(0, 0.001)), repeats=True))
    assert written.enough.wait(60)
    going.end()
    assert not going.thread.is_alive()
    assert written.strengths[:4] == [1, 0, 1, 0]
    assert written.strengths[-1] == 0


def test_a_step_needs_no_thread():
    going = course(Written(), STEP)
    assert not going.thread.is_alive()


def about(truth: Truth) -> Drawn:
    return drawn(3).model_copy(update={"truth": truth})


def test_what_a_person_says_is_what_is_the_case():
    hurt, unhurt = (
        MECHANISMS[name].bind(p, "all").truth
        for name, p in (("process-stopped", "payments"), ("exporter-silent", "database"))
    )
    [one], [other] = (parse_alerts(about(truth).told(None, 1.0)) for truth in (hurt, unhurt))
    assert (one.service, one.summary) == ("", "Several customers write that they cannot pay")
    assert other.summary == "Somebody sees that the metrics of the database are missing"


def test_a_loud_victim_comes_first_and_the_alert_with_it():
    truth = MECHANISMS["process-stopped"].bind("payments", "all").truth
    body = HandedAlert(name="A", service="payments", severity="page", summary="s").posted(1.0)
    assert about(truth).told(body, 2.0) is body
    loud = about(truth.model_copy(update={"decoy": LOUD}))
    alerts = parse_alerts(loud.told(body, 2.0))
    assert [alert.service for alert in alerts] == ["checkout", "payments"]


def test_the_run_s_own_supervisor_conf_is_changed_for_one_program_alone(tmp_path: Path):
    supervision = Supervision(Layout.create(tmp_path))
    supervision.write(lambda service: f"postgresql://{service}@127.0.0.1/shop")
    text = (tmp_path / "supervisor.conf").read_text()
    changed = with_environment(text, "login-1", {"SHOP_POOL_SIZE": "six"})
    lines = [(a, b) for a, b in zip(text.splitlines(), changed.splitlines(), strict=True) if a != b]
    assert len(lines) == 1
    before, after = lines[0]
    assert 'SHOP_INSTANCE="login-1"' in before
    assert after == before.replace('SHOP_POOL_SIZE="4"', 'SHOP_POOL_SIZE="six"')


def test_an_environment_is_changed_for_one_program_alone():
    text = '[program:a-1]\ncommand=x\nenvironment=A="1",B="2"\n\n[program:a-2]\nenvironment=A="1"\n'
    changed = with_environment(text, "a-1", {"A": "7", "C": "3"})
    assert 'environment=A="7",B="2",C="3"' in changed
    assert changed.endswith('[program:a-2]\nenvironment=A="1"\n')
