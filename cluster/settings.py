"""What somebody set so: scaled to nothing, paused, capped, or broken on purpose."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .calling import callers
from .canaries import delivering
from .objects import NOTHING, Object, mappings, quantity, value, words
from .reaching import chosen
from .snapshot import Snapshot
from .trouble import Sign, Trouble, sign, wrong

CHAOS, SCALER = "Chaos", "HorizontalPodAutoscaler"
TO_NOTHING = re.compile(r"\bto 0\b")
IDLE = 0.3
"""How sure it is that what nobody calls and nobody touched is missed."""
FAR = 1.5
"""How many times its aim a measurement is for an autoscaler to be too small for what comes."""
METRICS = re.compile(r"\(get \S*?\.((?:\w+\.)?metrics\.k8s\.io)\)")
"""The part of the API that an autoscaler asked and that did not answer."""


def set_so(seen: Snapshot) -> Iterator[Trouble]:
    """By workload, autoscaler, experiment."""
    called = seen.once(callers)
    for workload in seen.workloads:
        yield from _workload(seen, workload, called)
    for scaler in seen.of(SCALER):
        yield from _scaler(seen, scaler)
    for one in seen.objects:
        if one.kind.endswith(CHAOS) and "chaos-mesh" in one.text("apiVersion"):
            yield from _experiment(seen, one)
        if one.kind == "VirtualService":
            yield from _mesh(seen, one)


def _workload(
    seen: Snapshot, workload: Object, called: Mapping[str, set[str]]
) -> Iterator[Trouble]:
    kept = delivering(seen, workload) not in (None, workload)  # whose pods are others'
    if workload.get("spec.replicas") == 0 and not kept and (wanting := _wanting(seen, workload)):
        callers_ = {ref for service in wanting for ref in called.get(service, ())}
        scaled = seen.events(workload, "ScalingReplicaSet")
        new = any(TO_NOTHING.search(event.message) for event in scaled)
        surety = 0.9 if callers_ else 0.8 if new else IDLE
        shown, why = (sign(workload, "spec.replicas"),), ", ".join(wanting)
        hurt = (workload.ref, *wanting, *callers_)
        yield wrong("scaled-to-nothing", workload, shown, surety, why, victims=hurt)
    if workload.get("spec.paused") is True:
        yield wrong("paused", workload, (sign(workload, "spec.paused"),), 0.5)
    if workload.kind == "CronJob" and workload.get("spec.suspend") is True:
        yield wrong("paused", workload, (sign(workload, "spec.suspend"),), 0.4)


def _wanting(seen: Snapshot, workload: Object) -> list[str]:
    """Services that would lead to its pods and lead to nobody."""
    labels = words(workload.fields("spec.template.metadata.labels"))
    return [
        service.ref
        for service in seen.of("Service", workload.namespace)
        if (selector := words(service.fields("spec.selector")))
        and all(labels.get(key) == text for key, text in selector.items())
        and not chosen(seen, service)
    ]


def _scaler(seen: Snapshot, scaler: Object) -> Iterator[Trouble]:
    target = scaler.fields("spec.scaleTargetRef")
    kind, name = str(target.get("kind")), str(target.get("name"))
    victims = frozenset({f"{kind} {scaler.namespace}/{name}"})
    if seen.missing(kind, scaler.namespace, name):
        shown = (sign(scaler, "spec.scaleTargetRef"),)
        said = {"name": scaler.name, "why": f"there is no {kind} {name}", "workload": name}
        yield Trouble("scaler-blind", scaler.ref, shown, victims, 0.9, said)
        return
    for type_ in ("ScalingActive", "AbleToScale"):
        condition = scaler.condition(type_)
        if condition.get("status") == "False" and condition.get("reason") != "ScalingDisabled":
            text = str(condition.get("message") or condition.get("reason"))
            shown = (Sign(scaler.ref, f"status.conditions[{type_}]", text[:300]),)
            said = {"name": scaler.name, "why": text[-200:], "workload": name}
            if group := METRICS.search(text):
                known = (one for one in seen.of("APIService") if group[1] == one.text("spec.group"))
                place = next((one.ref for one in known), f"APIService v1beta1.{group[1]}")
            else:
                place = min(victims) if "missing request" in text else scaler.ref
            surety = 0.7 if place == scaler.ref else 0.85
            yield Trouble("scaler-blind", place, shown, victims, surety, said)
    limited = scaler.condition("ScalingLimited")
    if limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas":
        shown = (sign(scaler, "spec.maxReplicas"),)
        said = {"name": scaler.name, "why": scaler.text("spec.maxReplicas"), "workload": name}
        surety = 0.9 if pressure(scaler) >= FAR else 0.6
        yield Trouble("scaler-capped", scaler.ref, shown, victims, surety, said)


def scaler_of(seen: Snapshot, workload: Object) -> Object | None:
    """The autoscaler that has this workload as its target."""
    known = (
        (one.fields("spec.scaleTargetRef"), one) for one in seen.of(SCALER, workload.namespace)
    )
    is_ = workload.kind, workload.name
    return next((one for to, one in known if (to.get("kind"), to.get("name")) == is_), None)


def pressure(scaler: Object) -> float:
    """How many times its aim the worst of the shares that it measures is; 0: none is told."""

    def shares(place: str, side: str) -> dict[Any, float | None]:
        path = f"resource.{side}.averageUtilization"
        return {value(m, "resource.name"): quantity(value(m, path)) for m in scaler.list(place)}

    now = shares("status.currentMetrics", "current")
    aims = shares("spec.metrics", "target").items()
    return max(((now.get(name) or 0) / aim for name, aim in aims if aim), default=0.0)


def _experiment(seen: Snapshot, one: Object) -> Iterator[Trouble]:
    """An experiment that runs: what it does is what happens."""
    spaces = one.get("spec.selector.namespaces") or [one.namespace]
    labels = words(one.fields("spec.selector.labelSelectors"))
    hit = [
        pod
        for pod in seen.pods
        if pod.namespace in spaces and all(pod.labels.get(k) == v for k, v in labels.items())
    ]
    victims = frozenset(seen.top(pod).ref for pod in hit) or frozenset({one.ref})
    what = f"{one.kind.removesuffix(CHAOS).lower()} {one.text('spec.action')}".strip()
    shown = (sign(one, "spec.action"), sign(one, "spec.selector"))
    said = {"name": what, "why": ", ".join(sorted(victims)[:3]), "workload": min(victims)}
    yield Trouble("experiment", one.ref, shown, victims, 0.9, said)


def _mesh(seen: Snapshot, one: Object) -> Iterator[Trouble]:
    """A route that delays or refuses requests because it is told to, or leads nowhere."""
    for route in one.list("spec.http"):
        if fault := route.get("fault"):
            shown = (Sign(one.ref, "spec.http[].fault", str(fault)[:300]),)
            yield wrong("experiment", one, shown, 0.9, str(fault)[:160])
        for way in mappings(route.get("route")):
            host, subset = (
                str(value(way, f"destination.{key}") or "") for key in ("host", "subset")
            )
            wrong_one = _nowhere(seen, one, host, subset) if way.get("weight") != 0 else None
            if subset and wrong_one:
                shown = (Sign(one.ref, "spec.http[].route[].destination", f"{host} {subset}"),)
                hurt = (one.ref, f"Service {one.namespace}/{host.partition('.')[0]}")
                said = {"name": f"subset {subset} of {host}", "place": wrong_one.ref}
                yield wrong("route-nowhere", one, shown, 0.95, victims=hurt, **said)


def _nowhere(seen: Snapshot, one: Object, host: str, subset: str) -> Object | None:
    """Who is wrong where a route leads to nobody: the route, if no rule knows that part of the
    service; the rule, if no pod has the labels that it gives the part."""
    short, _, rest = host.partition(".")
    rules = (r for r in seen.of("DestinationRule") if r.text("spec.host").split(".")[0] == short)
    known = [
        (rule, words(part.get("labels") or NOTHING))
        for rule in rules
        for part in rule.list("spec.subsets")
        if part.get("name") == subset
    ]
    service = seen.find("Service", rest.partition(".")[0] or one.namespace, short)
    pods = chosen(seen, service) if service else []
    there = [
        rule for rule, labels in known if any(labels.items() <= pod.labels.items() for pod in pods)
    ]
    if there or (known and not pods):
        return None
    return known[0][0] if known else one
