"""What a real Flux does with a live change and with a commit: why the first is refused, and the
second is prepared."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from warroom.actions.base import Probe
from warroom.actions.capabilities import KEY
from warroom.actions.catalogue import checked, fitting, plan, probe
from warroom.errors import ToolFailed, ToolRetry
from warroom.targets.git import Git
from warroom.targets.operations import Operations
from warroom.telemetry.model import Window
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import OPENERS
from warroom.telemetry.sources.source import SourceQuery
from warroom.tests.support.control_plane import ADMIN, ControlPlane, control_plane
from warroom.tests.support.flux import SPACE, Flux, flux
from warroom.tests.support.real_cluster import WEB, acting, furnish, settled
from warroom.tests.support.shop_cluster import BEFORE, NAMESPACE, NOW, ROLL_BACK, deployment

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(tmp_path_factory.mktemp("plane")) as made:
        furnish(made, NAMESPACE, SPACE)
        yield made


@pytest.fixture(scope="module")
def delivery(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flux]:
    folder = tmp_path_factory.mktemp("deploy")
    git = Git(folder)
    git.run("init", "-q")
    commit(git, BEFORE)
    with flux(plane, folder) as made:
        plane.eventually(lambda: settled(plane, BEFORE))
        commit(git, NOW)
        made.push()
        plane.eventually(lambda: settled(plane, NOW))
        yield made


def commit(git: Git, image: str) -> None:
    (git.folder / "web.yaml").write_text(yaml.safe_dump(deployment(image)))
    git.run("add", ".")
    git.run("commit", "-qm", f"Run {image}")


@pytest.fixture
def hands(plane: ControlPlane, delivery: Flux, tmp_path: Path) -> Operations:
    return acting(plane, tmp_path, gitops=str(delivery.git.folder))


def test_a_live_change_is_put_back_and_so_refused(
    plane: ControlPlane, delivery: Flux, hands: Operations
) -> None:
    there = hands.inventory()
    assert there.services["web"].owner == "Flux Kustomization flux-system/apps"
    with pytest.raises(ToolRetry, match="kept by Flux Kustomization flux-system/apps"):
        checked("scale", "web", {"instances": 3}, there)
    there.services["web"].owner = ""
    with pytest.raises(ToolFailed, match="nothing was done: web is kept by Flux"):
        hands.perform(checked("scale", "web", {"instances": 3}, there))
    template = deployment(BEFORE)["spec"]["template"]
    plane.merge(WEB, {"spec": {"replicas": 3, "template": template}})
    assert plane.get(WEB)["spec"]["replicas"] == 3
    delivery.look()
    plane.eventually(lambda: settled(plane, NOW))
    assert plane.get(WEB)["spec"]["replicas"] == 2


def test_a_restart_stays(plane: ControlPlane, delivery: Flux, hands: Operations) -> None:
    planned = plan("restart", "web", {}, "because", inventory=hands.inventory())
    assert hands.perform(fitting(hands, planned)).changed
    stamps = plane.get(WEB)["spec"]["template"]["metadata"]["annotations"]
    delivery.look()
    assert plane.get(WEB)["spec"]["template"]["metadata"]["annotations"] == stamps
    assert settled(plane, NOW)


def test_a_revert_is_delivered_and_another_puts_that_back(
    plane: ControlPlane, delivery: Flux, hands: Operations
) -> None:
    planned = plan(*ROLL_BACK, "because", inventory=hands.inventory())
    assert "revert " in str(planned.found["instead"])
    token = KEY.set("INC-1:execute:abc")
    action = fitting(hands, planned)
    receipt = hands.perform(action)
    KEY.reset(token)
    assert settled(plane, NOW)
    delivery.push()
    plane.eventually(lambda: settled(plane, BEFORE))
    assert probe(hands, planned, "INC-1:execute:abc") is Probe.done
    reverted = delivery.git.run("rev-parse", "HEAD")
    hands.undo(action, receipt.model_dump(mode="json"))
    delivery.push()
    plane.eventually(lambda: settled(plane, NOW))
    again = delivery.git.run("rev-parse", "HEAD")
    plane.eventually(lambda: applied(plane) == [f"main@sha1:{reverted}", f"main@sha1:{again}"])


def applied(plane: ControlPlane) -> list[str]:
    """What the change feed says of it, the newest last."""
    token = plane.root / "token"
    token.write_text(ADMIN)
    known = {"name": "prod", "type": "kubernetes", "url": plane.where}
    known |= {"authorization": {"credentials_file": token}}
    known |= {"tls_config": {"ca_file": plane.root / "certificates/apiserver.crt"}}
    opened = OPENERS["kubernetes"](Datasource.model_validate(known))
    (source,) = (one for one in opened if one.modality == "changes")
    batch = source.read(SourceQuery(window=Window(time.time() - 900, time.time() + 60)))
    assert not batch.gap
    rows = [json.loads(line) for line in batch.lines.splitlines()]
    found = [row for row in rows if row["summary"].startswith("applied flux-system/apps")]
    return [row["version"] for row in sorted(found, key=lambda row: row["at"])]
