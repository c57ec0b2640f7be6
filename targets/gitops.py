"""What Argo CD or Flux delivers from a repository is not changed live: they would put it back. A
way back is prepared where they look: a commit that reverts, or Argo CD's application rolled back.
"""

import json
from contextlib import suppress
from pathlib import Path

from ..actions.capabilities import KEY, RolledOut
from ..actions.inventory import Request, Stood
from ..cluster.objects import Object
from ..errors import KubernetesError, ToolFailed
from ..kube_api import path_of
from .git import Configuration, Git
from .kubernetes_objects import ARGO, Owner, Status, image, rollout
from .kubernetes_read import EFFECT, Cluster, Workload
from .kubernetes_write import Look, Op, Place, watched, written
from .pull_requests import Repository

BEFORE = "warroom/before"
"""Annotation of an application that was rolled back: what it followed before."""
SPACE = "argocd"
"""Where applications are, where what they track does not say."""


def instead(one: Workload) -> tuple[str, Request | None]:
    """What a roll back to the version before does, named exactly, and the request that it opens;
    empty: there is no such way. Of that repository's base as it was last fetched."""
    owner, folder = one.owner, one.cluster.access.gitops
    if owner is None or not one.previous:
        return "", None
    if asked := asked_of(one.cluster):
        with suppress(ToolFailed):  # where it was never fetched
            if request := asked.reverting(_brought(asked.git, one.previous, asked.ref)):
                return f"ask {asked.name} to merge", request
        return "", None
    if folder:
        commit = _brought(Git(folder), one.previous)
        return f"revert {commit[:10]} in {folder}" if commit else "", None
    application = _application(one.cluster, owner)
    if application and (revision := _before(application)):
        return f"roll {owner} back to {revision[:10]}, automatic sync off", None
    return "", None


def asked_of(cluster: Cluster) -> Repository | None:
    """The repository that it is delivered from, where that is changed by requests only."""
    return Repository(cluster.access.pull_request) if cluster.access.pull_request else None


def roll_back(one: Workload, owner: Owner, receipt: RolledOut) -> RolledOut:
    """Do that. Raises ToolFailed, with nothing done, where there is no such way."""
    if asked := asked_of(one.cluster):
        asked.fetched()
        return asked.ask(instead(one)[1], receipt)
    if one.cluster.access.gitops:
        return _reverted(Configuration(one.cluster.access.gitops), owner, receipt)
    if _application(one.cluster, owner) is None:
        kept = one.part().kept(receipt.service)
        raise ToolFailed(f"nothing was done: {kept}, or name a clone of its repository as `gitops`")
    receipt, changed = _synced(one.cluster, owner, receipt)
    return watched(one.cluster, one.object, _showing(receipt.version, owner), receipt, changed)


def knows(one: Workload, owner: Owner, key: str) -> bool:
    """Whether a commit of its repository, or its application, carries this key."""
    if one.cluster.access.gitops:
        return Configuration(one.cluster.access.gitops).knows(key)
    application = _application(one.cluster, owner)
    return application is not None and application.annotations.get(EFFECT) == key


# A commit.


def _brought(git: Git, wanted: str, at: str = "HEAD") -> str:
    """The newest commit that touched this version, where it took it away; else empty."""
    word = wanted.partition(" (")[0].rpartition("/")[2]
    commit = git.run("log", "-1", "--format=%H", f"-S{word}", at) or ""
    gone = commit and any(
        line.startswith("-") and word in line
        for line in git.run("show", "--format=", "--unified=0", commit).splitlines()
    )
    return commit if gone else ""


def _reverted(repository: Configuration, owner: Owner, receipt: RolledOut) -> RolledOut:
    commit = _brought(repository.git, receipt.version)
    if not commit:
        raise ToolFailed(
            f"nothing was done: no commit of {repository.folder} took {receipt.version} away; "
            f"{owner} keeps {receipt.service}: change it there"
        )
    was = repository.git.run("rev-parse", "HEAD")
    done = repository.revert(commit)
    note = f"commit {done.commit[:10]} in {repository.folder}: push it, and {owner} delivers it"
    branch = repository.git.run("rev-parse", "--abbrev-ref", "HEAD")
    place = {"repository": str(repository.folder), "base": f"{branch} at {was}", "branch": branch}
    asked = Request(**place, head=done.commit, title=f"Revert {commit[:10]}", diff="")
    told = {"deploy": done.commit, "changed": done.changed, "note": note, "asked": asked}
    return receipt.model_copy(update=told)


def stands(cluster: Cluster, asked: Request) -> Stood | None:
    """How its request stands; a commit is open until the branch of `origin` has it, and closed
    once nobody has."""
    if repository := asked_of(cluster):
        return repository.stands(asked)
    if str(cluster.access.gitops) != asked.repository or not asked.head:
        return None
    git = Git(Path(asked.repository), GIT_SSH_COMMAND="ssh -oBatchMode=yes")
    ref = f"refs/warroom/{asked.branch}"
    git.run("fetch", "--quiet", "--no-tags", "origin", f"+refs/heads/{asked.branch}:{ref}")
    having = git.run("for-each-ref", "--format=%(refname)", f"--contains={asked.head}").split()
    state = "merged" if ref in having else "open" if having else "closed"
    return Stood(state, f"commit {asked.head[:10]} in {asked.repository}")


# An application of Argo CD.


def _application(cluster: Cluster, owner: Owner) -> Object | None:
    if owner.what == ARGO:
        with suppress(KubernetesError):  # not served, not there, or not to be read
            return Object(cluster.api.get(_path(owner)))
    return None


def _path(owner: Owner) -> tuple[str, ...]:
    return path_of("argoproj.io/v1alpha1", "applications", owner.namespace or SPACE, owner.name)


def _before(application: Object) -> str:
    """The revision that was synced before the last."""
    known = [str(one.get("revision", "")) for one in application.list("status.history")]
    return next((one for one in reversed(known) if one not in ("", known[-1])), "")


def _showing(version: str, owner: Owner) -> Look:
    """Through once the live object has that image: a sync that is asked for is none yet."""

    def look(now: Object) -> Status:
        runs = image(now.fields("spec.template"))
        if runs == version.partition(" (")[0]:
            return rollout(now)
        return Status(False, "", f"it runs {runs} still, {owner} has not synced")

    return look


def _synced(cluster: Cluster, owner: Owner, receipt: RolledOut) -> tuple[RolledOut, bool]:
    """Synced to what was there before, which no automatic sync puts back; or to what it followed
    before that."""

    def edit(now: Object) -> list[Op]:
        notes, policy = dict(now.annotations), dict(now.fields("spec.syncPolicy"))
        if KEY.get() and notes.get(EFFECT) == KEY.get():
            return []
        was, revision = json.loads(notes.pop(BEFORE, "{}")), _before(now)
        if was.get("version") == receipt.version:
            revision = was["revision"]
            policy |= {"automated": was["automated"]} if was["automated"] else {}
        elif revision:
            last, automated = now.list("status.history")[-1], policy.pop("automated", None)
            kept = {"revision": last["revision"], "automated": automated}
            notes[BEFORE] = json.dumps({"version": receipt.before, **kept})
        else:
            raise ToolFailed(f"nothing was done: {owner} keeps no history to roll back to")
        notes |= {EFFECT: KEY.get()} if KEY.get() else {}
        sync = {"revision": revision, "syncStrategy": {"apply": {}}}
        return [
            {"op": "add", "path": "/metadata/annotations", "value": notes},
            {"op": "add", "path": "/spec/syncPolicy", "value": policy},
            {"op": "add", "path": "/operation", "value": {"sync": sync}},
        ]

    now, changed = written(Place(cluster, _path(owner), receipt), edit)
    revision = now.text("operation.sync.revision")
    note = f"{owner} syncs to {revision}"
    return receipt.model_copy(update={"deploy": revision, "note": note}), changed
