"""A real HAProxy and a real Traefik: requests go elsewhere, and come back."""

import os
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from warroom.actions.catalogue import checked
from warroom.errors import ToolFailed
from warroom.targets.operations import Operations
from warroom.targets.proxies import Haproxy, Traefik
from warroom.tests.support.http_backends import HttpBackend, Question, Reply
from warroom.tests.support.http_backends import serving as answering
from warroom.tests.support.supervised import free_ports

HAPROXY = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin") or ""
TRAEFIK = str(Path(sysconfig.get_path("scripts")) / "traefik")
PATIENCE_S = 60.0


needs_haproxy = pytest.mark.skipif(not HAPROXY, reason="Debian's haproxy is not installed")


class Instance(HttpBackend):
    """One instance, which says its name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def answer(self, question: Question) -> Reply:
        return Reply(self.name.encode())


@contextmanager
def running(*words: str) -> Iterator[None]:
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def who(place: str) -> set[str]:
    """Who answers, of ten requests."""
    try:
        return {httpx.get(place, trust_env=False).text for _ in range(10)}
    except httpx.HTTPError:
        return set()


@pytest.fixture
def instances() -> Iterator[dict[str, str]]:
    """Two that answer: name to host and port."""
    with ExitStack() as all_of_them:
        found = {name: Instance(name) for name in ("web1", "web2")}
        for one in found.values():
            all_of_them.enter_context(answering(one))
        yield {name: one.where.removeprefix("http://") for name, one in found.items()}


@pytest.fixture
def haproxy(tmp_path: Path, instances: dict[str, str]) -> Iterator[tuple[str, dict]]:
    """Where it listens, and its section of operations.json."""
    (port,), socket = free_ports(1), tmp_path / "admin.sock"
    servers = "".join(f"  server {name} {place}\n" for name, place in instances.items())
    config = tmp_path / "haproxy.cfg"
    config.write_text(
        f"global\n  stats socket {socket} mode 600 level admin\n"
        "defaults\n  mode http\n  timeout connect 2s\n  timeout client 9s\n  timeout server 9s\n"
        f"frontend in\n  bind 127.0.0.1:{port}\n  default_backend shop\nbackend shop\n{servers}"
    )
    with running(HAPROXY, "-f", str(config)):
        place = f"http://127.0.0.1:{port}"
        until(lambda: who(place) == {"web1", "web2"}, "both are asked")
        yield place, {"socket": str(socket), "backends": {"checkout": "shop"}, "mode": "act"}


@pytest.mark.live
@needs_haproxy
def test_haproxy_drains_a_server_and_takes_it_back(haproxy):
    place, section = haproxy
    edge = Operations(Haproxy.configured(section))
    there = edge.inventory()
    assert there.services["checkout"].instances == ["web1", "web2"]
    action = checked("reroute", "checkout", {"away_from": ["web1"]}, there)
    receipt = edge.perform(action)
    assert who(place) == {"web2"}
    assert edge.inventory().services["checkout"].instances == ["web2"]
    edge.undo(action, receipt.model_dump(mode="json"))
    until(lambda: who(place) == {"web1", "web2"}, "both are asked again")


@pytest.mark.live
@needs_haproxy
def test_haproxy_keeps_one_server_and_says_what_it_does_not_know(haproxy):
    place, section = haproxy
    proxy = Haproxy.configured(section)
    with pytest.raises(ToolFailed, match="no other server"):
        proxy.reroute("checkout", ["web1", "web2"])
    with pytest.raises(ToolFailed, match="no backend of cart is written down"):
        proxy.reroute("cart", ["web1"])
    gone = Haproxy.configured({**section, "backends": {"checkout": "nowhere"}})
    with pytest.raises(ToolFailed, match="nowhere"):
        gone.inventory()
    reading = Haproxy.configured({**section, "mode": "propose"})
    with pytest.raises(ToolFailed, match="by hand: set server shop/web1 state drain"):
        reading.reroute("checkout", ["web1"])
    assert who(place) == {"web1", "web2"}


def dynamic(instances: dict[str, str]) -> str:
    """Traefik's dynamic configuration: nine requests in ten go to web1."""
    one, two = (f'[{{url: "http://{place}"}}]' for place in instances.values())
    return (
        "http:\n  routers:\n    all: {rule: 'PathPrefix(`/`)', service: shop, entryPoints: [web]}\n"
        "  services:\n    shop:\n      weighted:\n        services:\n"
        "          - {name: web1, weight: 9}\n          - {name: web2, weight: 1}\n"
        f"    web1: {{loadBalancer: {{servers: {one}}}}}\n"
        f"    web2: {{loadBalancer: {{servers: {two}}}}}\n"
    )


@pytest.fixture
def traefik(tmp_path: Path, instances: dict[str, str]) -> Iterator[tuple[str, dict]]:
    web, api = free_ports(2)
    file = tmp_path / "shop.yaml"
    file.write_text(dynamic(instances))
    options = [
        f"--entrypoints.web.address=127.0.0.1:{web}",
        f"--entrypoints.traefik.address=127.0.0.1:{api}",
        "--api.insecure=true",
        f"--providers.file.filename={file}",
        "--providers.file.watch=true",
        "--global.sendanonymoususage=false",
        "--global.checknewversion=false",
    ]
    with running(TRAEFIK, *options):
        place = f"http://127.0.0.1:{web}"
        until(lambda: who(place) == {"web1", "web2"}, "both are asked")
        api_of = f"http://127.0.0.1:{api}"
        section = {"file": str(file), "api": api_of, "services": {"checkout": "shop"}}
        yield place, {**section, "mode": "act", "patience_s": PATIENCE_S}


def test_traefik_gives_a_canary_nothing_and_then_its_weight_again(traefik):
    place, section = traefik
    edge = Operations(Traefik.configured(section))
    action = checked("reroute", "checkout", {"away_from": ["web2"]}, edge.inventory())
    receipt = edge.perform(action)
    assert who(place) == {"web1"}
    assert edge.inventory().services["checkout"].instances == ["web1"]
    edge.undo(action, receipt.model_dump(mode="json"))
    assert "weight: 9" in Path(section["file"]).read_text()
    until(lambda: who(place) == {"web1", "web2"}, "both are asked again")


def test_what_traefik_does_not_take_is_said(tmp_path: Path, instances):
    file = tmp_path / "shop.yaml"
    file.write_text(dynamic(instances))
    section = {"file": str(file), "api": "http://127.0.0.1:9", "services": {"checkout": "shop"}}
    nobody = Traefik.configured({**section, "mode": "act", "patience_s": 0.1})
    with pytest.raises(ToolFailed, match="does not say what it goes by"):
        nobody.reroute("checkout", ["web2"])
    with pytest.raises(ToolFailed, match="nobody else"):
        nobody.reroute("checkout", ["web1", "web2"])
    other = Traefik.configured({**section, "services": {"checkout": "cart"}})
    with pytest.raises(ToolFailed, match=r"no http.services.cart.weighted"):
        other.inventory()
