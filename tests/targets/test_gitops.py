"""What is delivered from a repository is left alone live; its way back is prepared where that is
looked at, under the hash that was approved."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.actions.base import Probe, waits
from warroom.actions.capabilities import KEY, RolledOut
from warroom.actions.catalogue import checked, fitting, plan, probe, sentence_of
from warroom.errors import Halfway, ToolFailed, ToolRetry
from warroom.targets.git import Git
from warroom.tests.support.cluster_api import ClusterApi
from warroom.tests.support.cluster_shop import release, shop, system
from warroom.tests.support.delivered import (
    AUTOMATED,
    BY_FLUX,
    BY_HELM,
    BY_LABEL,
    CONTROLLED,
    NEW,
    OLD,
    SET_BY_FLUX,
    TRACKED,
    application,
    repository,
    synced,
)
from warroom.tests.support.http_backends import Question
from warroom.tests.support.shop_cluster import BEFORE, LIMITS, NAMESPACE, ROLL_BACK


@pytest.fixture
def api() -> Iterator[ClusterApi]:
    made = ClusterApi()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("marks", "owner"),
    [
        (TRACKED, "Argo CD application shop"),
        (BY_LABEL, "Argo CD application shop"),
        (BY_FLUX, "Flux Kustomization flux-system/apps"),
        (BY_HELM, "Flux HelmRelease web"),
        (SET_BY_FLUX, "Flux"),
        (CONTROLLED, "Shop shop/eu"),
    ],
)
def test_a_live_change_is_refused_by_the_owners_name(
    tmp_path: Path, api: ClusterApi, marks: dict, owner: str
) -> None:
    shop(api, **marks)
    hands = system(tmp_path, api)
    there = hands.inventory()
    for kind, target, parameters in (
        ROLL_BACK,
        ("scale", "web", {"instances": 3}),
        ("patch workload", "web", LIMITS),
    ):
        with pytest.raises(ToolRetry, match=f"web is kept by {owner}, which puts a live change"):
            checked(kind, target, parameters, there)
    unowned = there.model_copy(deep=True)
    unowned.services["web"].owner = ""
    for kind, target, parameters in (ROLL_BACK, ("scale", "web", {"instances": 3})):
        with pytest.raises(ToolFailed, match=f"nothing was done: web is kept by {owner}"):
            hands.perform(checked(kind, target, parameters, unowned))
    assert not api.patches()
    assert hands.perform(checked("restart", "web", {}, there)).changed


def test_labels_that_anything_may_carry_make_no_owner(tmp_path: Path, api: ClusterApi) -> None:
    """Helm and kustomize write these as well."""
    by = "app.kubernetes.io"
    shop(api, labels={f"{by}/instance": "shop", f"{by}/managed-by": "Helm"})
    assert system(tmp_path, api).inventory().services["web"].owner == ""


def test_a_commit_reverts_and_another_puts_that_back(tmp_path: Path, api: ClusterApi) -> None:
    shop(api, **BY_FLUX)
    folder = repository(tmp_path / "deploy")
    hands, git = system(tmp_path, api, gitops=str(folder)), Git(folder)
    planned = plan(*ROLL_BACK, "because", inventory=hands.inventory())
    brought = git.run("rev-parse", "HEAD~1")
    assert planned.found["instead"] == f"revert {brought[:10]} in {folder}"
    token = KEY.set("INC-1:execute:abc")
    action = fitting(hands, planned)
    receipt = hands.perform(action)
    KEY.reset(token)
    assert (folder / "web.yaml").read_text().endswith("web:v1\n")
    assert "push it, and Flux Kustomization flux-system/apps delivers it" in receipt.note
    assert probe(hands, planned, "INC-1:execute:abc") is Probe.done
    assert not api.patches()
    hands.undo(action, receipt.model_dump(mode="json"))
    assert (folder / "web.yaml").read_text().endswith("web:v2\n")
    assert not git.run("status", "--porcelain")


def test_a_commit_waits_until_the_branch_of_origin_has_it(tmp_path: Path, api: ClusterApi) -> None:
    shop(api, **BY_FLUX)
    folder, origin = repository(tmp_path / "deploy"), tmp_path / "origin.git"
    git = Git(folder)
    git.run("clone", "-q", "--bare", str(folder), str(origin))
    git.run("remote", "add", "origin", str(origin))
    was = git.run("rev-parse", "HEAD")
    hands = system(tmp_path, api, gitops=str(folder))
    planned = plan(*ROLL_BACK, "because", inventory=hands.inventory())
    assert waits(planned.found) and "for whoever pushes it" in sentence_of(planned)
    action = fitting(hands, planned)
    receipt = hands.perform(action)
    assert isinstance(receipt, RolledOut) and receipt.asked
    assert (stood := hands.stands(receipt.asked)) and stood.state == "open"
    assert not action.arrived(hands.inventory())
    git.run("push", "-q", "origin", "HEAD")
    assert (stood := hands.stands(receipt.asked)) and stood.state == "merged"
    release(api, BEFORE)
    assert action.arrived(hands.inventory())
    git.run("push", "-qf", "origin", f"{was}:refs/heads/{receipt.asked.branch}")
    git.run("reset", "-q", "--hard", was)
    git.run("update-ref", f"refs/remotes/origin/{receipt.asked.branch}", was)
    assert (stood := hands.stands(receipt.asked)) and stood.state == "closed"


def test_another_commit_since_is_another_plan(tmp_path: Path, api: ClusterApi) -> None:
    shop(api, **BY_FLUX)
    folder = repository(tmp_path / "deploy")
    hands = system(tmp_path, api, gitops=str(folder))
    planned = plan(*ROLL_BACK, "because", inventory=hands.inventory())
    text = (folder / "web.yaml").read_text()
    (folder / "web.yaml").write_text(text + "previous: registry.example.org/web:v1\n")
    Git(folder).run("commit", "-qam", "Name the version before")
    with pytest.raises(ToolRetry, match="kept by Flux"):
        fitting(hands, planned)


def test_an_application_is_rolled_back_and_follows_again(tmp_path: Path, api: ClusterApi) -> None:
    shop(api, **TRACKED)
    app = api.add("applications", application())

    def argo(_: Question) -> None:
        if delivered := synced(app):
            release(api, delivered)

    api.before = argo
    hands = system(tmp_path, api)
    planned = plan(*ROLL_BACK, "because", inventory=hands.inventory())
    said = f"roll Argo CD application shop back to {OLD[:10]}, automatic sync off"
    assert planned.found["instead"] == said
    token = KEY.set("INC-1:execute:abc")
    action = fitting(hands, planned)
    receipt = hands.perform(action)
    KEY.reset(token)
    assert app["status"]["history"][-1]["revision"] == OLD
    assert receipt.note == f"Argo CD application shop syncs to {OLD}"
    assert app["spec"]["syncPolicy"] == {"syncOptions": ["CreateNamespace=false"]}
    assert app["metadata"]["annotations"]["warroom/effect"] == "INC-1:execute:abc"
    assert probe(hands, planned, "INC-1:execute:abc") is Probe.done
    hands.undo(action, receipt.model_dump(mode="json"))
    assert app["status"]["history"][-1]["revision"] == NEW
    assert app["spec"]["syncPolicy"]["automated"] == AUTOMATED
    assert (
        api.objects["deployments", NAMESPACE, "web"]["metadata"]["annotations"]
        == (TRACKED["annotations"])
    )


def test_a_sync_that_nobody_does_is_not_called_done(
    tmp_path: Path, api: ClusterApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warroom.targets.kubernetes_write.ROLLOUT_S", 0.2)
    shop(api, **TRACKED)
    app = api.add("applications", application())
    hands = system(tmp_path, api)
    planned = plan(*ROLL_BACK, "because", inventory=hands.inventory())
    with pytest.raises(Halfway, match="Argo CD application shop has not synced") as told:
        hands.perform(fitting(hands, planned))
    assert app["operation"]["sync"]["revision"] == OLD
    assert isinstance(told.value.receipt, RolledOut) and told.value.receipt.version == BEFORE
