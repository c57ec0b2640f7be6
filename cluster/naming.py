"""The cluster's names: who asks other servers for them, and a Corefile that misleads."""

import re
from collections.abc import Iterator

from .objects import texts, value
from .snapshot import SYSTEM, Snapshot
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
