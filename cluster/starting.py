"""Pods that have a node and do not start: images, configuration, mounts, commands, the sandbox."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch

from .given import CLAIM, volumes
from .objects import Container, Object, containers, texts, value
from .revisions import brought_it
from .rights import ACCOUNT
from .snapshot import Snapshot
from .trouble import Sign, Trouble, said_by, sign, told, words, wrong

IMAGE = (
    *("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"),
    *("ImageInspectError", "RegistryUnavailable"),
)
CONFIG = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
ABSENT = re.compile(
    r"(?:(?P<kind>configmaps?|secrets?) \"(?P<name>[^\"]+)\" (?:not found|is forbidden))"
    r"|couldn't find key (?P<key>\S+) in (?P<of>ConfigMap|Secret) \S+?/(?P<there>[^\s,]+)"
    r"|references non-existent (?P<which>config|secret) key: (?P<lost>\S+)",
    re.IGNORECASE,
)
COMMAND = re.compile(
    r"exec: \"?(?P<command>[^\":]+)\"?:? .*?(?:not found|no such file|permission denied)"
    r"|stat (?P<file>\S+): no such file|no command specified|is a directory",
    re.DOTALL,
)
ROOT = re.compile(r"runAsNonRoot|will run as root|non-numeric user|runAsUser breaks")
OUTSIDE = ("registry-away", "image-limit")
UNABLE = re.compile(r"(?:status(?: code)?:?|HTTP|code) ?\b5\d\d\b|\b50[0234] [A-Z]")
"""A registry that answers that it cannot; nothing of the cluster does that."""
MAKERS = ("ExternalSecret", "SealedSecret", "Certificate")
PULLS = (".dockerconfigjson", ".dockercfg")
SANDBOX = ("FailedCreatePodSandBox", "NetworkNotReady", "FailedPodSandBoxStatus")


def not_started(seen: Snapshot) -> Iterator[Trouble]:
    """One trouble for each container that cannot begin, and for what pods wait to have mounted."""
    for pod in seen.pods:
        if not pod.text("spec.nodeName"):
            continue
        for one in containers(pod):
            yield from _container(seen, pod, one)
        if not any(one.running or one.ended for one in containers(pod)):
            yield from _mounts(seen, pod)


def _container(seen: Snapshot, pod: Object, one: Container) -> Iterator[Trouble]:
    reason = str(one.waiting.get("reason") or "")
    message = " ".join((str(one.waiting.get("message") or ""), *_ended(one)))
    if reason in IMAGE:
        yield _pull(seen, pod, one, reason, message)
    elif reason in CONFIG or ABSENT.search(message):
        yield from _config(seen, pod, one, reason, message)
    elif (found := COMMAND.search(message)) and one.ended.get("reason") in (
        *("StartError", "ContainerCannotRun", "Error"),
    ):
        yield _command(seen, pod, one, found)


def _ended(one: Container) -> Iterator[str]:
    yield str(one.ended.get("message") or "")


def _pull(seen: Snapshot, pod: Object, one: Container, reason: str, message: str) -> Trouble:
    events = [e for e in seen.events(pod, "Failed", "InspectFailed") if one.image in e.message]
    text = " ".join((reason, message, *(event.message for event in events)))
    workload = seen.top(pod)
    cause, _ = said_by(words().pulls, text) or ("image-missing", {})
    place, signs, shared = workload.ref, _waits(pod, one), ""
    if cause == "image-denied":
        place, more = _secrets(seen, pod, workload, registry(one.image))
        signs = (*signs, *more)
    elif cause in OUTSIDE:
        shared = _asked(seen, pod, one)
        place = shared if UNABLE.search(text) else place
    shown = (*signs, *(told(pod, event) for event in events[:1]))
    about = {"name": one.image, "place": place, "shared": shared}
    return wrong(cause, workload, shown, 1.0, _line(text), **about)


def _asked(seen: Snapshot, pod: Object, one: Container) -> str:
    """Whom all that cannot pull have in common: their node, where others pulled from there since;
    else the registry, which lies outside."""
    host, node = registry(one.image), pod.text("spec.nodeName")
    for other in seen.pods:
        if other.text("spec.nodeName") != node and (other.created or 0) >= (pod.created or 0):
            mine = (c for c in containers(other) if registry(c.image) == host)
            if any(c.running or c.ended for c in mine):
                return f"Node {node}"
    return f"Registry {host}"


def registry(image: str) -> str:
    """The host that an image comes from."""
    host, slash, _ = image.partition("/")
    there = slash and ("." in host or ":" in host or host == "localhost")
    return host if there else "docker.io"


def registries(seen: Snapshot) -> Iterator[tuple[str, str]]:
    """(who cannot pull, or the registry by its address; the Service that leads to that registry)"""
    for pod in seen.pods:
        hosts = {registry(one.image) for one in containers(pod) if one.waiting}
        for host in hosts:
            for service in seen.of("Service"):
                if _leads_to(service, *host.partition(":")[::2]):
                    yield seen.top(pod).ref, service.ref
                    yield f"Registry {host}", service.ref


def _leads_to(service: Object, name: str, port: str) -> bool:
    """Whether a host is a Service: by its name, its address, or a port of every node."""
    named = (f"{service.name}.{service.namespace}", service.text("spec.clusterIP"))
    outside = {str(one.get("nodePort")) for one in service.list("spec.ports")}
    inner = re.sub(r"\.svc(\.cluster\.local)?$", "", name)
    return inner in named or (port in outside and (name == "localhost" or name[0].isdigit()))


def _secrets(
    seen: Snapshot, pod: Object, workload: Object, host: str
) -> tuple[str, tuple[Sign, ...]]:
    """What denies: a pull secret that is not there or is for other registries, the only one there
    is, an account that gives its pods none any more."""
    names = [str(one.get("name") or "") for one in pod.list("spec.imagePullSecrets")]
    known = {name: seen.find("Secret", pod.namespace, name) for name in names}
    gone = [name for name in names if seen.missing("Secret", pod.namespace, name)]
    others = [name for name, one in known.items() if one and host not in _hosts(one, host)]
    for name in (*gone, *others, *(names if len(names) == 1 else ())):
        new = brought_it(seen, workload, name) and (name not in others or _fits(seen, pod, host))
        place = workload.ref if new else f"Secret {pod.namespace}/{name}"
        return place, (sign(pod, "spec.imagePullSecrets"),)
    account = pod.text("spec.serviceAccountName") or "default"
    for other in (one for one in seen.pods if one.namespace == pod.namespace and not names):
        same = (other.text("spec.serviceAccountName") or "default") == account
        written = seen.top(other).get("spec.template.spec.imagePullSecrets")
        if same and not written and other.list("spec.imagePullSecrets"):
            return f"{ACCOUNT} {pod.namespace}/{account}", (sign(other, "spec.imagePullSecrets"),)
    return workload.ref, ()


def _fits(seen: Snapshot, pod: Object, host: str) -> bool:
    """Whether a pull secret for this registry is there, which could have been named."""
    some = (one for one in seen.of("Secret", pod.namespace) if {*PULLS} & {*one.fields("data")})
    return any(host in _hosts(one, host) for one in some)


def _hosts(secret: Object, host: str) -> set[str]:
    """The registries that a pull secret is for, as far as it is known; else the one that is asked
    for. Wildcards may stand for a part of a name."""
    known = " ".join(str(secret.fields("data").get(key) or "") for key in PULLS).split()
    hosts = {re.sub(r"^https?://", "", one).partition("/")[0] for one in known or [host]}
    hosts |= {"docker.io"} if hosts & {"index.docker.io", "registry-1.docker.io"} else set()
    return {host} if any(fnmatch(host, one) for one in hosts) else hosts


def _config(
    seen: Snapshot, pod: Object, one: Container, reason: str, message: str
) -> Iterator[Trouble]:
    workload, signs = seen.top(pod), _waits(pod, one)
    found = ABSENT.search(message)
    if found:
        yield _absent(seen, pod, found, signs)
    elif ROOT.search(message):
        yield wrong("runs-as-root", workload, signs, 1.0, _line(message), name=one.name)
    elif command := COMMAND.search(message):
        yield _command(seen, pod, one, command)
    else:
        yield wrong("not-created", workload, signs, 0.8, _line(message) or reason, name=one.name)


def _absent(
    seen: Snapshot, pod: Object, found: "re.Match[str]", signs: tuple[Sign, ...]
) -> Trouble:
    """What a pod needs of a ConfigMap or Secret that is not there, or has no such key."""
    workload, parts = seen.top(pod), found.groupdict()
    word = (parts["kind"] or parts["of"] or parts["which"] or "").lower()
    kind = "Secret" if word.startswith("secret") else "ConfigMap"
    name, key = parts["name"] or parts["there"] or "", parts["key"] or parts["lost"] or ""
    name = name or _holding(pod, kind, key)
    place = f"{kind} {pod.namespace}/{name}" if name else workload.ref
    new = brought_it(seen, workload, key or name)
    cause = "key-missing" if key else "config-missing"
    if maker := _maker(seen, pod.namespace, name):
        why = str(maker.condition("Ready").get("message") or maker.condition("Ready").get("reason"))
        shown = (*signs, Sign(maker.ref, "status.conditions[Ready]", why[:300]))
        named = f"{kind} {name}"
        return wrong("not-made", workload, shown, 1.0, why[:160], name=named, place=maker.ref)
    shared, place = place, workload.ref if new else place
    named = f"{kind} {name}"
    return wrong(cause, workload, signs, 1.0, key, name=named, place=place, shared=shared)


def _maker(seen: Snapshot, namespace: str, name: str) -> Object | None:
    """What should make the Secret of this name, and says itself that it does not."""
    for kind in MAKERS:
        for one in seen.of(kind, namespace):
            made = {one.text("spec.target.name"), one.text("spec.secretName"), one.name}
            if name in made and one.condition("Ready").get("status") == "False":
                return one
    return None


def _holding(pod: Object, kind: str, key: str) -> str:
    """The volume's ConfigMap or Secret from which a key is wanted."""
    source, field = ("secret", "secretName") if kind == "Secret" else ("configMap", "name")
    for volume in pod.list("spec.volumes"):
        items = value(volume, f"{source}.items") or []
        if any(value(item, "key") == key for item in items if isinstance(items, list)):
            return str(value(volume, f"{source}.{field}") or "")
    return ""


def _command(seen: Snapshot, pod: Object, one: Container, found: "re.Match[str]") -> Trouble:
    workload = seen.top(pod)
    command = found.groupdict().get("command") or found.groupdict().get("file") or ""
    command = command or " ".join(texts(one.spec.get("command"))) or "its command"
    signs = (
        *_waits(pod, one),
        Sign(pod.ref, f"containers[{one.name}].command", str(command)[:200]),
    )
    return wrong("command-wrong", workload, signs, 1.0, command, name=one.name)


def _mounts(seen: Snapshot, pod: Object) -> Iterator[Trouble]:
    """What the kubelet cannot mount, or where it cannot make a sandbox."""
    for event in seen.events(pod, "FailedMount"):
        if found := ABSENT.search(event.message):
            yield _absent(seen, pod, found, (told(pod, event),))
            return
    for event in seen.events(pod, *SANDBOX)[:1]:
        node = pod.text("spec.nodeName")
        shown, why = (told(pod, event),), _line(event.message)
        place = f"Node {node}"
        yield wrong("no-sandbox", seen.top(pod), shown, 0.8, why, name=node, place=place)
        return
    if not seen.events(pod):
        yield from _referred(seen, pod)


def _referred(seen: Snapshot, pod: Object) -> Iterator[Trouble]:
    """Events last an hour: without any, what the pod names and is not there."""
    workload = seen.top(pod)
    for _volume, kind, name, needed in volumes(pod.fields("spec")):
        if kind != CLAIM[0] and needed and seen.missing(kind, pod.namespace, name):
            place = "" if brought_it(seen, workload, name) else f"{kind} {pod.namespace}/{name}"
            signs, what = (sign(pod, "spec.volumes"),), f"{kind} {name}"
            yield wrong("config-missing", workload, signs, 0.8, name=what, place=place)


def _waits(pod: Object, one: Container) -> tuple[Sign, ...]:
    reason = str(one.waiting.get("reason") or one.ended.get("reason") or "")
    message = str(one.waiting.get("message") or one.ended.get("message") or "")
    field = f"status.containerStatuses[{one.name}]"
    return (Sign(pod.ref, field, f"{reason}: {message}"[:400]),)


def _line(text: str) -> str:
    return " ".join(text.split())[:240]
