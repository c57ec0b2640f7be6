"""The source and configuration repositories of a run, with real git."""

import subprocess
import sys

import pytest

from warroom.drills.change_log import Commits, Deploys
from warroom.drills.layout import Layout
from warroom.drills.releases import CHECKED_OUT, ReleaseRepository, next_version
from warroom.drills.repositories import ConfigurationRepository, Repository
from warroom.drills.world import world
from warroom.errors import DrillError

KEPT = [step.version for step in world().history[-CHECKED_OUT:]]
PREVIOUS, CURRENT = KEPT[-2:]
TEAM = "Catalog team <catalog@shop.example>"


@pytest.fixture
def releases(tmp_path):
    made = ReleaseRepository(Layout.create(tmp_path))
    made.create()
    return made


def test_every_service_runs_the_newest_version_and_has_an_older_one(releases):
    for spec in world().services:
        link = releases.layout.current / spec.name
        assert link.resolve() == releases.layout.checkouts / CURRENT
    assert {path.name for path in releases.layout.checkouts.iterdir()} == set(KEPT)
    newest = [each for each in Deploys(releases.repository).new() if each.version == CURRENT]
    assert {each.previous for each in newest} == {PREVIOUS}
    assert {each.service for each in newest} == {spec.name for spec in world().services}


def test_older_versions_differ_and_still_import(releases):
    old = releases.layout.checkouts / KEPT[0]
    assert "FEATURED = 8" in (old / "shop" / "gateway.py").read_text()
    command = [sys.executable, "-B", "-c", "import shop.gateway; print(shop.__file__)"]
    done = subprocess.run(command, cwd=old, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(old / "shop" / "__init__.py")


def test_a_deploy_is_a_version_a_link_and_a_change_with_its_diff(releases):
    watch = Deploys(releases.repository)
    watch.new()
    edit = ("shop/catalog.py", "PAGE_SIZE = 24", "PAGE_SIZE = 30")
    version = releases.release([edit], "Show thirty products", TEAM)
    releases.deploy("catalog", version, TEAM)
    (change,) = watch.new()
    assert (change.kind, change.service, change.version) == ("deploy", "catalog", version)
    assert change.previous == CURRENT
    assert change.files == ("shop/catalog.py",)
    assert "+PAGE_SIZE = 30" in change.diff
    assert change.author == "Catalog team"
    assert (releases.layout.current / "catalog").resolve().name == version
    assert watch.new() == []


def test_an_edit_that_does_not_fit_is_refused(releases):
    with pytest.raises(DrillError, match="occurs 0 times"):
        releases.release([("shop/catalog.py", "PAGE_SIZE = 99", "x")], "m", TEAM)


def test_the_history_reads_like_one(releases):
    log = releases.repository.run("log", "--format=%an|%ct").splitlines()
    times = [int(line.split("|")[1]) for line in log]
    assert times == sorted(times, reverse=True)
    assert len({line.split("|")[0] for line in log}) >= 5


def test_next_version_counts_numbers_not_letters():
    assert next_version(["v1.9.3", "v1.10.0", "v0.99.1"]) == "v1.10.1"


def test_configuration_changes_become_flag_scale_and_config(tmp_path):
    configuration = ConfigurationRepository(Layout.create(tmp_path))
    configuration.create()
    watch = Commits(Repository(configuration.layout.config), world().owners)
    assert watch.new() == []

    def turn_on(flags):
        flags["flags"]["volume-pricing"]["defaultVariant"] = "on"

    configuration.change("flags.json", turn_on, "Try it", TEAM)
    configuration.change("edge.json", lambda edge: edge.update(drained=["x"]), "Drain x", TEAM)

    def activate(endpoints):
        endpoints["catalog"][1]["active"] = True

    configuration.change("endpoints.json", activate, "Add a catalog", TEAM)
    flag, edge, scale = watch.new()
    assert (flag.kind, flag.service, flag.id) == ("flag", "checkout", "volume-pricing")
    assert (edge.kind, edge.service, edge.files) == ("config", "gateway", ("edge.json",))
    assert (scale.kind, scale.service) == ("scale", "catalog")
    assert '+      "active": true' in scale.diff
