"""The cluster's names: who asks other servers for them, a Corefile that misleads, and servers for
names of elsewhere that do not answer."""

import re
from collections import defaultdict
from collections.abc import Iterator

from .objects import Object, texts, value
from .snapshot import LOG, SYSTEM, Snapshot
from .trouble import Sign, Trouble, sign, words, wrong


def names(seen: Snapshot) -> Iterator[Trouble]:
    """Pods that ask other servers for names than the cluster's, and a Corefile that misleads."""
    server = seen.find("Service", SYSTEM, "kube-dns")
    address = server.text("spec.clusterIP") if server else ""
    for workload in seen.workloads:
        spec = workload.fields("spec.template.spec")
        servers = texts(value(spec, "dnsConfig.nameservers"))
        elsewhere = spec.get("dnsPolicy") == "Default" and not spec.get("hostNetwork")
        if elsewhere or (spec.get("dnsPolicy") == "None" and address and address not in servers):
            shown = (sign(workload, "spec.template.spec.dnsPolicy"),)
            if workload.namespace != SYSTEM:
                name = ", ".join(servers) or "its node"
                yield wrong("names-elsewhere", workload, shown, 0.7, name=name)
    for config in seen.of("ConfigMap", SYSTEM):
        text = config.fields("data").get("Corefile")
        if isinstance(text, str) and (why := _misleads(text)):
            everybody = frozenset(w.ref for w in seen.workloads)
            said = {"name": config.name, "why": why, "workload": "every workload"}
            shown = (Sign(config.ref, "data.Corefile", why),)
            yield Trouble("names-wrong", config.ref, shown, everybody, 0.8, said)
    yield from _unanswered(seen)


def _unknown(corefile: str) -> str:
    """The first word of a server's block that is no plugin; empty: none."""
    depth = 0
    for line in corefile.splitlines():
        said = line.partition("#")[0].split()
        if said and depth == 1 and said[0] != "}" and said[0] not in words().plugins:
            return said[0]
        depth += line.count("{") - line.count("}")
    return ""


def _misleads(corefile: str) -> str:
    """What of a Corefile keeps names of the cluster from being found; empty: nothing is seen."""
    if word := _unknown(corefile):
        return f"its {word!r} is no plugin that CoreDNS is built with"
    if not re.search(r"^\s*kubernetes\s+.*cluster\.local", corefile, re.M):
        return "it has no `kubernetes cluster.local`"
    if found := re.search(r"template\s+\S+\s+\S+[^{]*\{[^}]*NXDOMAIN[^}]*\}", corefile):
        return f"it answers that there is no such name: {' '.join(found[0].split())[:120]}"
    if found := re.search(r"^\s*rewrite .*svc\.cluster\.local.*$", corefile, re.M):
        return f"it rewrites names of the cluster: {found[0].strip()[:120]}"
    if found := re.search(r"^\s*(?:hosts|file)\b.*svc.*$", corefile, re.M):
        return f"it has addresses of its own: {found[0].strip()[:120]}"
    return ""


# Names of elsewhere: CoreDNS hands them on, and logs what it got instead of an answer.

FAILED = re.compile(
    r"plugin/errors: \d+ (\S+?)\. \w+: \w+ (?:udp|tcp) .*?->([\d.]+|\[\S+\]):\d+: (.+)"
)
OFTEN = 3
"""Now and then an answer is lost, and asked for again."""


def not_answered(seen: Snapshot) -> dict[str, list[tuple[str, Sign]]]:
    """By server: (name that was asked for, line that says that no answer came), where that is no
    single one."""
    found = defaultdict[str, list[tuple[str, Sign]]](list)
    for log in seen.of(LOG, SYSTEM):
        for line in log.text("text").splitlines():
            if said := FAILED.search(line):
                found[said[2]].append((said[1], Sign(log.ref, "text", line[-300:])))
    return {server: lines for server, lines in found.items() if len(lines) >= OFTEN}


def _unanswered(seen: Snapshot) -> Iterator[Trouble]:
    """Servers that CoreDNS asks in vain: whoever names them in a Corefile is to be put right."""
    for server, lines in not_answered(seen).items():
        place = _forwards_to(seen, server) or seen.find("Service", SYSTEM, "kube-dns")
        if place is not None:
            everybody = frozenset(w.ref for w in seen.workloads)
            asked = ", ".join(list(dict.fromkeys(name for name, _sign in lines))[:3])
            said = {"name": server, "why": asked, "workload": "every workload"}
            shown = (lines[-1][1], Sign(place.ref, "data.Corefile", f"forward . {server}"))
            yield Trouble("names-unanswered", place.ref, shown, everybody, 0.9, said)


def _forwards_to(seen: Snapshot, server: str) -> Object | None:
    for config in seen.of("ConfigMap", SYSTEM):
        lines = str(config.fields("data").get("Corefile") or "").splitlines()
        if any(line.split()[:1] == ["forward"] and server in line.split() for line in lines):
            return config
    return None
