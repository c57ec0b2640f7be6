"""A real supervisord over tiny HTTP programs, for tests of what operations do to processes."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warroom.errors import ToolFailed
from warroom.targets.fleet import Fleet
from warroom.targets.git import Configuration, Git
from warroom.targets.supervisor import Supervisor

SERVER = """\
import signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{}")
    def log_message(self, *_): pass
HTTPServer.allow_reuse_address = True
HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
CONFIG = """\
[supervisord]
logfile={root}/supervisord.log
pidfile={root}/supervisord.pid
[inet_http_server]
port=127.0.0.1:{port}
username=u
password=p
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
PROGRAM = """\
[program:{name}]
command={python} {command}
autostart={autostart}
startsecs={seconds}
startretries=1
stopwaitsecs=60
{more}
"""


def free_ports(count: int) -> list[int]:
    """Ports that were free just now."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def supervised(root: Path, more: str = "") -> Iterator[Fleet]:
    """web-1 (active) and web-2 (spare) answer HTTP, bad-1 ends at once; `more` is a line of each
    program's configuration."""
    control, first, second = free_ports(3)
    (root / "server.py").write_text(SERVER)
    programs = {
        "web-1": (f"{root}/server.py {first}", True, 0),
        "web-2": (f"{root}/server.py {second}", False, 0),
        "bad-1": ("-c 1/0", False, 1),
    }
    text = CONFIG.format(root=root, port=control) + "".join(
        PROGRAM.format(
            name=name,
            python=sys.executable,
            command=command,
            autostart=auto,
            seconds=seconds,
            more=more,
        )
        for name, (command, auto, seconds) in programs.items()
    )
    (root / "supervisor.conf").write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(root / "supervisor.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield _fleet(root, f"http://u:p@127.0.0.1:{control}/RPC2", first, second)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def _fleet(root: Path, url: str, first: int, second: int) -> Fleet:
    config = root / "config"
    config.mkdir()
    endpoints = {
        "web": [
            {"instance": "web-1", "url": f"http://127.0.0.1:{first}", "active": True},
            {"instance": "web-2", "url": f"http://127.0.0.1:{second}", "active": False},
        ]
    }
    (config / "endpoints.json").write_text(json.dumps(endpoints))
    (config / "edge.json").write_text(json.dumps({"blocked": [], "limits": {}, "drained": []}))
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Start"]):
        Git(config).run(*command)
    configuration = Configuration(config)
    supervisor = Supervisor(url, term_grace_s=0.5, start_timeout_s=5.0)
    _wait(supervisor, f"http://127.0.0.1:{first}")
    return Fleet(supervisor, configuration)


def _wait(supervisor: Supervisor, url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            supervisor.processes()
            urllib.request.urlopen(url, timeout=1).close()
            return
        except (ToolFailed, urllib.error.URLError, OSError):
            assert time.monotonic() < deadline, "supervisord did not start"
            time.sleep(0.05)
