"""A dump of a cluster is read in whatever form somebody has it, or told as not read."""

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from warroom.diagnosis.cluster import look_at_cluster
from warroom.diagnosis.look import Health
from warroom.errors import InputError, TelemetryError
from warroom.tests.support.clusters import made, node, pending, workload

OBJECTS = [node("n1", unschedulable=True), *pending(workload("cart"))]
LIST = json.dumps({"apiVersion": "v1", "kind": "List", "items": OBJECTS}, indent=4)
YAML = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": OBJECTS})
PODS = [one for one in OBJECTS if one["kind"] == "Pod"]
SAID = """==== START logs for container cart of pod shop/cart-1-0 ====
{"kind": "said", "by": "a pod"}
[2026-12-01] no object
==== END logs for container cart of pod shop/cart-1-0 ===="""
STUMBLE = "Error from server (Forbidden): secrets is forbidden"
WARNING = "W1201 10:00:00.000000   12 warnings.go:70] v1 Endpoints is deprecated in v1.33+"


def lines(*events: tuple[str, dict[str, Any]]) -> str:
    return "\n".join(json.dumps({"type": type_, "object": one}) for type_, one in events)


def changed(one: dict[str, Any], version: str, **spec: Any) -> dict[str, Any]:
    """The same as of a version of it."""
    metadata = {**one["metadata"], "resourceVersion": version}
    return {**one, "metadata": metadata, "spec": {**one["spec"], **spec}}


LOST = node("lost")
LOST["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
NEW, OLD = (changed(OBJECTS[0], v, unschedulable=u) for v, u in (("12", True), ("9", False)))
FORMS = {
    "words.json": f"{WARNING}\n$ kubectl get all -A -o json\n{LIST}\n",
    "words.yaml": f"Warning: v1 ComponentStatus is deprecated\n{WARNING}\n{YAML}",
    "stdout.json": f"{LIST}\n{SAID}\n{SAID}\n{json.dumps({'kind': 'NodeList', 'items': []})}",
    "whole-dump.txt": f"{LIST}\n{SAID}\n",
    "without-a-suffix": LIST,
    "kubectl get pods.out": YAML,
    "SHOUTED.JSON": LIST,
    "yaml-within.json": YAML,
    "json-within.yaml": LIST,
    "colors.json": f"\x1b[0m{LIST}",
    "watch.json": lines(
        *(("ADDED", one) for one in (*OBJECTS, LOST)), ("DELETED", LOST), ("BOOKMARK", LOST)
    ),
    "changes.jsonl": lines(
        *(("ADDED", one) for one in OBJECTS[1:]), ("ADDED", OLD), ("MODIFIED", NEW)
    ),
    "lists-in-a-list.json": json.dumps({"kind": "List", "items": [json.loads(LIST)]}),
    "by-name.json": json.dumps({"nodes": OBJECTS[:1], "rest": {"kind": "List", "items": OBJECTS}}),
    "old-behind-new.json": json.dumps([NEW, *OBJECTS[1:], OLD]),
    "twice.json": f"{LIST}{LIST}",
}
BYTES = {
    "mark.json": LIST.encode("utf-8-sig"),
    "powershell.json": LIST.replace("\n", "\r\n").encode("utf-16"),
    "powershell.yaml": YAML.replace("\n", "\r\n").encode("utf-16"),
    "packed.json.gz": gzip.compress(LIST.encode()),
}


@pytest.mark.parametrize("name", [*FORMS, *BYTES])
def test_it_is_read_in_every_form(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BYTES.get(name) or FORMS[name].encode())
    looks = look_at_cluster(tmp_path)
    assert [(one.subject, one.what) for one in looks] == [("cordoned", "Node n1")]


def archive() -> bytes:
    held, head = io.BytesIO(), tarfile.TarInfo("dump/objects.json")
    head.size = len(LIST)
    with tarfile.open(fileobj=held, mode="w:gz") as opened:
        opened.addfile(head, io.BytesIO(LIST.encode()))
    return held.getvalue()


PROTOBUF = b"k8s\0\n\x0c\n\x02v1\x12\x07PodList\xff\xfe"
TABLE = json.dumps({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": []})
NAMELESS = json.dumps([{k: v for k, v in one.items() if k != "kind"} for one in PODS])
CLIENT = json.dumps({"api_version": "v1", "kind": "PodList", "items": []})
NOT_READ = {
    "pods.pb": (PROTOBUF, "protobuf"),
    "pods.json": (PROTOBUF, "protobuf"),
    "dump.tar.gz": (archive(), "unpack it"),
    "dump.zip": (b"PK\3\4rest", "unpack it"),
    "table.json": (TABLE.encode(), "-o json"),
    "wide.json": (b"NAMESPACE   NAME    READY\nshop        cart-1  1/1\n", "kubectl"),
    "wide.txt": (b"NAMESPACE   NAME    READY\nshop        cart-1  1/1\n", "kubectl"),
    "arrays.json": (NAMELESS.encode(), "of which kind"),
    "client.json": (CLIENT.encode(), "-o json"),
    "settings.json": (b'{"log-driver": "json-file"}', "no dump"),
    "torn.json.gz": (gzip.compress(LIST.encode())[:200], "torn.json.gz"),
    "deep.json": (b'{"kind":"List","items":[' * 450 + b"]}" * 450, "too deep"),
}


@pytest.mark.parametrize("name", NOT_READ)
def test_what_is_not_read_is_told_and_never_called_well(tmp_path: Path, name: str) -> None:
    content, why = NOT_READ[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises((InputError, TelemetryError), match=why):
        look_at_cluster(tmp_path)


def test_what_kubectl_could_not_get_is_told_beside_what_it_got(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(f"{LIST}\n{STUMBLE}\n")
    (tmp_path / "quotas.json").write_text("No resources found in shop namespace.\n")
    denied = made("Status", "", "", status="Failure", message="leases is forbidden")
    (tmp_path / "leases.json").write_text(json.dumps(denied))
    bad, *told = look_at_cluster(tmp_path)
    assert bad.health is Health.bad
    assert [one.says.rpartition(": ")[2] for one in told] == [
        "secrets is forbidden",
        "leases is forbidden",
    ]


def test_what_is_packed_counts_as_what_it_is(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("warroom.telemetry.sources.cluster_files.LARGEST", 100_000)
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(b" " * 200_000))
    with pytest.raises(TelemetryError, match="leave a namespace out"):
        look_at_cluster(tmp_path)
