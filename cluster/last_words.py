"""What a container said last, and of which object that tells: a right that its account lacks, a
password that is refused, a name, a file, a value that it was given."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from .calling import LINES, LONG, has_port, heard, missing, service_of
from .given import Given, arguments, brought_in, data, files, mounted_at, says, variables, volumes
from .naming import not_answered
from .objects import Container, Object, reference
from .reaching import chosen
from .revisions import brought_it, last_change
from .rights import FORBIDDEN, refused
from .snapshot import LOG, Snapshot
from .trouble import Sign, Trouble, words, wrong

UNREADABLE = re.compile(
    r"(?i)pars|invalid|syntax|unmarshal|malformed|un(?:expected|known)|cannot (?:read|load|start)"
    r"|line \d"
)
UNKNOWN = re.compile(
    r"(?i)unknown|unrecogni[sz]ed|unexpected|invalid (?:key|option|directive|field)"
)
AT_LINE = re.compile(
    r"(?i)(?:yaml|json|toml|config|pars|syntax).*\bline\W{0,3}\d|\bline \d+, column"
)
PAIR = re.compile(r"^\s*[\"']?([\w.-]{3,})[\"']?\s*[=:\s]\s*[\"']?([^\"'\n#;,]*[^\"'\s#;,])")
"""A name and its value in a line of a file."""
LACKING = ("key-missing", "login-refused")
TELLING = 6
"""Characters from which a value that is quoted by itself is no chance."""
SECRETIVE = re.compile(r"(?i)pass|pwd|secret|token|cred|auth|key|dsn|ur[li]|conn")
"""Names of what logs somebody in."""


@dataclass(frozen=True)
class Spoken:
    """What a container said, and all that it is given."""

    seen: Snapshot
    pod: Object
    one: Container
    workload: Object
    text: str
    sign: Sign
    given: tuple[Given, ...]

    def wrong(self, cause: str, place: str, why: str, name: str = "", sure: float = 0.9) -> Trouble:
        """A trouble of an object that what it said leads to. A value is wrong where it is held;
        that there is none is the last change's, where that brought what lacks it."""
        named = place.rpartition("/")[2]
        new = cause in LACKING and brought_it(self.seen, self.workload, named)
        place = self.workload.ref if new else place
        return wrong(cause, self.workload, (self.sign,), sure, why, name=name, place=place)


def last_words(seen: Snapshot, pod: Object, one: Container) -> Trouble | None:
    """None where it said nothing that tells of an object."""
    workload = seen.top(pod)
    given = (
        *variables(seen, workload, one.spec),
        *files(seen, workload, pod.fields("spec")),
        arguments(workload, one.spec),
    )
    for text, sign in said(seen, pod, one):
        spoken = Spoken(seen, pod, one, workload, text, sign, given)
        for reader in READERS:
            if trouble := reader(spoken):
                return trouble
    return None


def said(seen: Snapshot, pod: Object, one: Container) -> Iterator[tuple[str, Sign]]:
    """The message that it ended with; the end of its log, of the run before where it ended."""
    if text := str(one.ended.get("message") or ""):
        yield text, Sign(pod.ref, f"lastState.terminated[{one.name}].message", text[:300])
    for run in ("/previous", "") if one.ended else ("",):
        log = seen.find(LOG, pod.namespace, f"{pod.name}/{one.name}{run}")
        if log is not None:
            lines = [line[:LONG] for line in log.text("text").splitlines()[-LINES:]]
            yield "\n".join(lines), Sign(log.ref, "text", " ".join(lines[-3:])[-300:])


def _forbidden(it: Spoken) -> Trouble | None:
    found = FORBIDDEN.search(it.text)
    return refused(it.seen, it.workload, found, it.sign) if found else None


def _following(kind: str, read: "Callable[[Spoken, str], Trouble | None]") -> "Reader":
    """Follows what each ending of a kind names, in their order."""

    def reader(it: Spoken) -> Trouble | None:
        for saying in words().endings[kind]:
            for found in saying.finditer(it.text):
                named = next((text for text in found.groups() if text), "")
                line = it.text[it.text.rfind("\n", 0, found.start()) + 1 : found.end()]
                told = replace(it, sign=replace(it.sign, value=line[-300:]))
                if trouble := read(told, named):
                    return trouble
        return None

    return reader


def _refused(it: Spoken, user: str) -> Trouble | None:
    """Who is refused has the password from somewhere: beside the user's name, or the only one."""
    known = [g for g in it.given if SECRETIVE.search(g.name)]
    secret = [g for g in known if g.holder.startswith("Secret ")] or [
        g for g in known if "pass" in g.name.lower()
    ]
    near = {g.name.partition("_")[0] for g in it.given if user and g.text == user}
    near |= {word for word in {g.name.partition("_")[0] for g in secret} if says(it.text, word)}
    meant = [g for g in secret if g.name.partition("_")[0] in near]
    meant = meant or [g for g in secret if user and user in g.holder] or secret
    if len({g.holder for g in meant}) != 1:
        return None
    why = f"key {meant[0].key or meant[0].name}{f' of {user}' if user else ''}"
    new = user and brought_it(it.seen, it.workload, user)
    place = it.workload.ref if new else meant[0].holder
    return it.wrong("login-refused", place, why, meant[0].name)


def _no_host(it: Spoken, host: str) -> Trouble | None:
    """A name that nobody has: whoever holds it is wrong; else the Service is missing."""
    space = it.pod.namespace
    service, inside = service_of(it.seen, space, host)
    for other in it.seen.of("Service", space):
        if host == other.text("spec.externalName") or (other is service and _stands_for(other)):
            return it.wrong("name-elsewhere", other.ref, _stands_for(other), other.name)
    unheard = {name for lines in not_answered(it.seen).values() for name, _sign in lines}
    if service is not None or host == it.pod.name or host.rstrip(".") in unheard:
        return None
    why = f"there is no Service {host}" if inside else f"{host} has no address"
    if inside and (gone := missing(it.seen, space, host)):
        return it.wrong("service-missing", gone, why, host)
    for g in it.given:
        if says(g.text, host):
            return it.wrong("address-wrong", g.holder, why, g.name, 0.95)
    return _hidden(it, r"(?i)ur[li]|dsn|host|addr", why)


def _hidden(it: Spoken, names: str, why: str) -> Trouble | None:
    """What is wrong and stands nowhere is in the only Secret with such a name."""
    hidden = [g for g in it.given if not g.text and re.search(names, g.name)]
    if len({g.holder for g in hidden}) == 1:
        return it.wrong("address-wrong", hidden[0].holder, why, hidden[0].name, 0.8)
    return None


def _no_port(it: Spoken) -> Trouble | None:
    """A Service that has not the port which it is asked on: whoever holds the port is wrong."""
    said_so = Object({"metadata": {"namespace": it.pod.namespace}, "text": it.text})
    for service, port in (one for one in heard(it.seen, said_so) if not has_port(*one)):
        why = f"Service {service.name} has no port {port}"
        near = {g.name.rpartition("_")[0] for g in it.given if says(g.text, service.name)}
        for g in (g for g in it.given if says(g.text, str(port))):
            if says(g.text, service.name) or (g.name.rpartition("_")[0] or " ") in near:
                return it.wrong("address-wrong", g.holder, why, g.name, 0.95)
        return _hidden(it, r"(?i)ur[li]|dsn|port|addr", why)
    return None


def _certificate(it: Spoken, host: str) -> Trouble | None:
    """One that is over, or another's, is the called server's."""
    service, _inside = service_of(it.seen, it.pod.namespace, host)
    servers = chosen(it.seen, service)[:1] if service is not None else []
    for pod in servers:
        for _volume, kind, name, _needed in volumes(pod.fields("spec")):
            if kind == "Secret" and "tls.crt" in data(it.seen, kind, pod.namespace, name):
                place = reference(kind, pod.namespace, name)
                return it.wrong("certificate", place, f"{host} shows it")
    return None


def _stands_for(service: Object) -> str:
    return service.text("spec.externalName") if service.text("spec.type") == "ExternalName" else ""


def _no_variable(it: Spoken, name: str) -> Trouble | None:
    """Whoever should have it: the change that took it away, or what the environment takes in."""
    name = name.upper().replace(".", "_").replace("-", "_")  # as it is given in an environment
    if any(g.name == name and (g.text or g.holder.startswith("Secret ")) for g in it.given):
        return None
    change = last_change(it.seen, it.workload)
    if change and change.container(it.one.name, "env"):
        return it.wrong("key-missing", it.workload.ref, name, "the container's environment")
    held = [g.holder for g in it.given if g.name == name and not g.text]
    taken = [(kind, source) for kind, source, _prefix in brought_in(it.one.spec)]
    wanted = "Secret" if re.search(r"(?i)pass|secret|token|key$", name) else "ConfigMap"
    taken.sort(key=lambda one: (one[0] != wanted, it.workload.name not in one[1]))
    held += [reference(kind, it.pod.namespace, source) for kind, source in taken]
    place = held[0] if held else it.workload.ref
    return it.wrong("key-missing", place, name, place if held else "the container's environment")


def _no_file(it: Spoken, path: str) -> Trouble | None:
    """What is mounted there lacks it; a path that nothing is mounted on is the command's."""
    kind, name = mounted_at(it.one.spec, it.pod.fields("spec"), path)
    file = path.rpartition("/")[2]
    if kind in ("ConfigMap", "Secret"):
        if file in data(it.seen, kind, it.pod.namespace, name):
            return None  # it is there now, or under another path
        place = reference(kind, it.pod.namespace, name)
        return it.wrong("key-missing", place, file, f"{kind} {name}")
    for g in it.given:
        if says(g.text, path) and not kind:
            return it.wrong("value-refused", g.holder, f"there is no {path}", g.name, 0.85)
    return None


def _full(it: Spoken, path: str) -> Trouble | None:
    """The claim that is mounted where it writes, or the only one that it has."""
    paths = [path] if path else []
    paths += [str(m.get("mountPath")) for m in it.one.spec.get("volumeMounts") or [] if not path]
    found = {mounted_at(it.one.spec, it.pod.fields("spec"), one) for one in paths}
    claims = sorted(name for kind, name in found if kind == "PersistentVolumeClaim")
    if len(claims) != 1:
        return None
    place = reference("PersistentVolumeClaim", it.pod.namespace, claims[0])
    return it.wrong("volume-full", place, path or "where it writes", claims[0])


def _denied(it: Spoken, path: str) -> Trouble | None:
    """Files that it may not have, or write, as whom its pod runs."""
    return it.wrong("files-denied", it.workload.ref, path or "its files", it.one.name, 0.8)


def _platform(it: Spoken, _named: str) -> Trouble | None:
    """A program that is built for another processor than its node's."""
    return it.wrong("image-platform", it.workload.ref, "", it.one.image)


def _unfit(it: Spoken, path: str) -> Trouble | None:
    """A file that it cannot work with, by its path."""
    kind, name = mounted_at(it.one.spec, it.pod.fields("spec"), path)
    if kind not in ("ConfigMap", "Secret"):
        return None
    return it.wrong("value-refused", reference(kind, it.pod.namespace, name), path, sure=0.85)


def _quoted(it: Spoken) -> Trouble | None:
    """A value, a line or a file of what it is given, where it says that it cannot work with it."""
    lines = it.text.splitlines()
    telling = "\n".join(
        f"{line}\n{after}" for line, after in zip(lines, [*lines[1:], ""], strict=True) if _no(line)
    )
    for g in it.given if telling else ():
        if g.text and (key := _quote(telling, g)):
            return it.wrong("value-refused", g.holder, key, sure=0.85)
    read = [g for g in it.given if "\n" in g.text]
    if AT_LINE.search(telling) and len({g.holder for g in read}) == 1:
        return it.wrong("value-refused", read[0].holder, read[0].key, sure=0.8)
    return None


def _no(line: str) -> bool:
    """Whether a line refuses something, and not only misses somebody."""
    value, away = (
        any(saying.search(line) for saying in words().endings[kind]) for kind in ("value", "away")
    )
    return value and not away


def _quote(text: str, g: Given) -> str:
    """What of it is quoted; empty: nothing."""
    if "." in g.key and says(text, g.key) and UNREADABLE.search(text):
        return g.key
    if g.name == "command":
        return ""  # most of what it says stands there
    if "\n" not in g.text:
        known = len(g.text) > 1 and (
            says(text, g.name) or re.search(rf"[\"']{re.escape(g.text)}[\"']", text)
        )
        parts = [part for part in (g.text, *g.text.split()) if len(part) >= TELLING or known]
        return g.name if any(says(text, part) for part in parts) else ""
    for number, line in enumerate(g.text.splitlines(), 1):
        if (found := PAIR.match(line)) and says(text, found[1], inside=True):
            named = UNKNOWN.search(text) and len(found[1]) >= TELLING
            if named or says(text, found[2]) or re.search(rf"(?i)line\W{{0,3}}{number}\b", text):
                return f"{found[1]} in {g.key}"
    return ""


Reader = Callable[[Spoken], Trouble | None]
READERS: tuple[Reader, ...] = (
    _forbidden,
    _following("login", _refused),
    _following("host", _no_host),
    _no_port,
    _following("certificate", _certificate),
    _following("full", _full),
    _following("variable", _no_variable),
    _following("file", _no_file),
    _following("platform", _platform),
    _following("denied", _denied),
    _quoted,
    _following("unfit", _unfit),
)
"""The plainest first."""
