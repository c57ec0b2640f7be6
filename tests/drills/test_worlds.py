"""What a drill breaks is described by a file: each one is whole, and its parts fit."""

import subprocess
import sys

import pytest

from warroom.drills.compose import named
from warroom.drills.layout import Layout
from warroom.drills.releases import CHECKED_OUT, ReleaseRepository
from warroom.drills.repositories import ConfigurationRepository
from warroom.drills.surprise.mechanism import ground
from warroom.drills.world import WORLDS, world
from warroom.errors import NotFound

EVERY = pytest.mark.parametrize("name", WORLDS)


def test_a_shop_and_a_parcel_desk_ship():
    assert set(WORLDS) == {"shop", "queue"}
    with pytest.raises(NotFound, match="no world 'moon'"):
        named("moon")


@EVERY
def test_its_services_are_in_its_catalogue_and_depend_on_what_is_there(name):
    entries = {entry.name: entry for entry in world(name).entries()}
    assert {spec.name for spec in world(name).services} <= set(entries)
    assert all(set(entry.depends_on) <= set(entries) for entry in entries.values())
    first = world(name).services[-1]
    assert entries[first.name].limits["memory_bytes"] == first.memory_limit_bytes
    assert entries[first.name].instances_max == first.copies


@EVERY
def test_its_history_really_runs(name, tmp_path):
    releases = ReleaseRepository(Layout.create(tmp_path, name=name))
    releases.create()
    for step in world(name).history[-CHECKED_OUT:]:
        old = releases.layout.checkouts / step.version
        spec = world(name).services[-1]
        module = f"{world(name).package}.{spec.module or spec.name}"
        command = [sys.executable, "-B", "-c", f"import {module} as one; print(one.__file__)"]
        done = subprocess.run(command, cwd=old, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(str(old))


@EVERY
def test_its_configuration_says_where_everybody_is(name, tmp_path):
    layout = Layout.create(tmp_path, name=name)
    files = ConfigurationRepository(layout).first()
    assert set(files) == {*world(name).configuration, "endpoints.json"}
    for spec in world(name).services:
        active = [one for one in files["endpoints.json"][spec.name] if one["active"]]
        assert len(active) == spec.active
    assert Layout.load(layout.root) == layout


@EVERY
def test_every_drill_that_it_names_can_be_brought_about(name):
    drills = named(name)
    assert list(drills) == [*world(name).faults, *ground(name).besides]
    for fault in drills.values():
        assert fault.world == name
        assert fault.truth.to_json()


def test_a_team_releases_its_own_service():
    assert world().author("gateway") == "Storefront team <storefront@shop.example>"
    assert world("queue").author("labels") == "Parcels team <parcels@shop.example>"
