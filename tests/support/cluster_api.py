"""A small Kubernetes API on loopback: objects, JSON patches, dry runs, conflicts,
and the controllers of workloads as far as a rollout needs them. What it answers was compared with a
real API server by the same tests (test_kubernetes_real.py)."""

import copy
import itertools
import json
import re
from collections.abc import Callable
from typing import Any

from warroom.tests.support.http_backends import HttpBackend, Question, Reply
from warroom.tests.support.stepping import flagged, stepped

Made = dict[str, Any]
PLURALS = {
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "replicasets": "ReplicaSet",
    "controllerrevisions": "ControllerRevision",
    "services": "Service",
    "cronjobs": "CronJob",
    "nodes": "Node",
    "applications": "Application",
    "rollouts": "Rollout",
    "canaries": "Canary",
    "horizontalpodautoscalers": "HorizontalPodAutoscaler",
    "scaledobjects": "ScaledObject",
}
DEFINED = ("rollouts", "canaries")
"""Kinds that are served only where there are some."""
PLACE = re.compile(
    r"/(?:api/v1|apis/[^/]+/[^/]+)(?:/namespaces/(?P<space>[^/]+))?/(?P<what>[a-z]+)"
    r"(?:/(?P<name>[^/]+))?(?:/(?P<part>scale|status))?"
)
Place = tuple[str, str, str]
AT = "2026-11-30T10:{:02}:00Z"


class ClusterApi(HttpBackend):
    """Objects by resource, namespace and name. `before` is called with each question."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[Place, Made] = {}
        self.numbers = itertools.count(1)
        self.stuck = False  # new pods never become ready
        self.forbidden: set[str] = set()  # resources
        self.before: Callable[[Question], None] = lambda question: None
        self.after: Callable[[Question], None] = lambda question: None

    def add(self, what: str, made: Made) -> Made:
        """An object that somebody applies."""
        about = made["metadata"]
        about |= {"uid": f"u-{what}-{about['name']}", "resourceVersion": str(next(self.numbers))}
        about |= {"generation": 1, "creationTimestamp": AT.format(next(self.numbers) % 60)}
        self.objects[what, about.get("namespace", ""), about["name"]] = made
        self._controlled(what, made)
        return made

    def change(self, what: str, space: str, name: str, do: Callable[[Made], None]) -> None:
        """What somebody else does to it."""
        made = self.objects[what, space, name]
        do(made)
        self._changed(what, made, True)

    def patches(self) -> list[Question]:
        """Those that were to be kept."""
        return [q for q in self.asked if q.method == "PATCH" and "dryRun" not in q.raw]

    def answer(self, question: Question) -> Reply:
        """As the API documents it."""
        self.before(question)
        place = PLACE.fullmatch(question.path)
        served = {key[0] for key in self.objects} | PLURALS.keys() - set(DEFINED)
        if not place or place["what"] not in served:
            return _status(404, f"{question.path} is not served")
        what, space, name = place["what"], place["space"] or "", place["name"]
        if what in self.forbidden:
            verb = {"GET": "get" if name else "list", "PATCH": "patch"}[question.method]
            said = f'cannot {verb} resource "{what}" in API group "apps"'
            return _status(403, f'User "warroom" {said} in the namespace "{space}"')
        if not name:
            items = [one for key, one in self.objects.items() if key[0] == what]
            items = [one for one in items if space in ("", one["metadata"].get("namespace", ""))]
            return Reply({"kind": f"{PLURALS[what]}List", "metadata": {}, "items": items})
        found = self.objects.get((what, space, name))
        if found is None:
            return _status(404, f'{what} "{name}" not found')
        if question.method == "GET":
            return Reply(_scale(found) if place["part"] == "scale" else found)
        reply = self._patched(question, what, found, place["part"] == "scale")
        self.after(question)
        return reply

    def _patched(self, question: Question, what: str, found: Made, scaled: bool) -> Reply:
        assert question.headers["content-type"] == "application/json-patch+json"
        shown = _scale(found) if scaled else copy.deepcopy(found)
        try:
            for operation in json.loads(question.body):
                apply(shown, operation)
        except (KeyError, IndexError, AssertionError):
            return _status(422, "the server rejected our request due to an error in our request")
        if "dryRun=All" in question.raw:
            return Reply(shown)
        generation = found["spec"] != (shown["spec"] if not scaled else None)
        if scaled:
            found["spec"]["replicas"] = shown["spec"]["replicas"]
        else:
            found.clear()
            found.update(shown)
        self._changed(what, found, generation)
        return Reply(_scale(found) if scaled else found)

    def _changed(self, what: str, made: Made, spec: bool) -> None:
        made["metadata"]["resourceVersion"] = str(next(self.numbers))
        made["metadata"]["generation"] += spec
        if spec or what in DEFINED:
            self._controlled(what, made)
        self._autoscaled()

    def _autoscaled(self) -> None:
        """Within its bounds an autoscaler without measurements leaves it as it is."""
        for (what, space, _), one in list(self.objects.items()):
            if what == "horizontalpodautoscalers":
                spec = one["spec"]
                scaled = self.objects["deployments", space, spec["scaleTargetRef"]["name"]]
                now = scaled["spec"]["replicas"]
                within = min(max(now, spec.get("minReplicas", 1)), spec["maxReplicas"])
                if now and within != now:
                    scaled["spec"]["replicas"] = within
                    self._changed("deployments", scaled, True)

    def _controlled(self, what: str, made: Made) -> None:
        """What its controller does at once."""
        about, spec = made["metadata"], made["spec"]
        if what == "rollouts":
            stepped(self, made)
        if what == "canaries":
            flagged(made)
        if what in ("statefulsets", "daemonsets"):
            self._revised(made)
        if what != "deployments":
            return
        own = self._replicas(about)
        same = [
            one
            for one in own
            if one["spec"]["template"]["spec"] == spec["template"]["spec"]
            and _notes(one) == _notes(made)
        ]
        newest = str(1 + max((int(_revision(one)) for one in own), default=0))
        if (same and len(own) > 1) or not same:
            replica = same[0] if same else self._replica(made, newest)
            if int(_revision(replica)) < int(newest) - 1:
                replica["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = newest
        wanted = spec["replicas"]
        up = wanted if not self.stuck else 0
        reason = "ProgressDeadlineExceeded" if self.stuck else "NewReplicaSetAvailable"
        made["status"] = {
            **{"observedGeneration": about["generation"], "replicas": wanted},
            **{"updatedReplicas": wanted, "readyReplicas": up, "availableReplicas": up},
            "conditions": [
                {"type": "Progressing", "reason": reason, "message": f"{about['name']} {reason}"}
            ],
        }

    def _revised(self, made: Made) -> None:
        """A set keeps its templates in ControllerRevisions, the one in front with the highest
        number; every pod is ready, but for those that are stuck."""
        about, template = made["metadata"], {**made["spec"]["template"], "$patch": "replace"}
        kept = [
            one
            for (what, _, _), one in self.objects.items()
            if what == "controllerrevisions"
            and one["metadata"]["ownerReferences"][0]["name"] == about["name"]
        ]
        newest = 1 + max((one["revision"] for one in kept), default=0)
        same = [one for one in kept if one["data"]["spec"]["template"] == template]
        if same and same[0]["revision"] < newest - 1:
            same[0]["revision"] = newest
        if not same:
            owner = {"kind": made["kind"], "name": about["name"], "controller": True}
            name = {"name": f"{about['name']}-r{newest}", "namespace": about["namespace"]}
            data = copy.deepcopy({"spec": {"template": template}})
            revision = {"metadata": {**name, "ownerReferences": [owner]}, "data": data}
            self.add("controllerrevisions", {**revision, "revision": newest, "spec": {}})
        count = made["spec"].get("replicas", 2)
        up = count - 1 if self.stuck else count
        made["status"] = {
            **{"observedGeneration": about["generation"], "replicas": count},
            **{"updatedReplicas": up, "readyReplicas": up, "availableReplicas": up},
            **{"desiredNumberScheduled": count, "updatedNumberScheduled": up},
            "numberAvailable": up,
        }

    def _replicas(self, about: Made) -> list[Made]:
        return [
            one
            for (what, space, _), one in self.objects.items()
            if what == "replicasets"
            and space == about["namespace"]
            and one["metadata"]["ownerReferences"][0]["name"] == about["name"]
        ]

    def _replica(self, made: Made, number: str) -> Made:
        about, template = made["metadata"], copy.deepcopy(made["spec"]["template"])
        template["metadata"].setdefault("labels", {})["pod-template-hash"] = f"h{number}"
        owner = {
            "kind": "Deployment",
            "name": about["name"],
            "uid": about["uid"],
            "controller": True,
        }
        metadata = {
            "name": f"{about['name']}-h{number}",
            "namespace": about["namespace"],
            "annotations": {"deployment.kubernetes.io/revision": number},
            "ownerReferences": [owner],
        }
        return self.add("replicasets", {"metadata": metadata, "spec": {"template": template}})


def _revision(one: Made) -> str:
    return one["metadata"]["annotations"]["deployment.kubernetes.io/revision"]


def _notes(one: Made) -> Made:
    return one["spec"]["template"]["metadata"].get("annotations") or {}


def _status(code: int, message: str) -> Reply:
    return Reply({"kind": "Status", "status": "Failure", "code": code, "message": message}, code)


def _scale(made: Made) -> Made:
    kept = {
        k: v for k, v in made["metadata"].items() if k in ("name", "namespace", "resourceVersion")
    }
    return {"kind": "Scale", "metadata": kept, "spec": {"replicas": made["spec"]["replicas"]}}


def apply(document: Any, operation: Made) -> None:
    """One operation of RFC 6902."""
    *parents, last = [
        p.replace("~1", "/").replace("~0", "~") for p in operation["path"].split("/")[1:]
    ]
    place = document
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if operation["op"] == "test":
        assert place[last] == operation["value"]
    elif operation["op"] == "remove":
        del place[last]
    else:
        assert operation["op"] == "add" or last in place
        place[last] = copy.deepcopy(operation["value"])
