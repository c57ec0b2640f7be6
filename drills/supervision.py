"""supervisord for the shop's processes, driven through its XML-RPC interface."""

import secrets
import subprocess
import sys
import time
import xmlrpc.client
from http.client import HTTPException

from ..errors import DrillError
from .layout import SERVICES, Layout, ServiceSpec, ShopInstance

HEAD = """\
[supervisord]
logfile={root}/supervisord.log
pidfile={root}/supervisord.pid
nodaemon=true
silent=true

[inet_http_server]
port=127.0.0.1:{port}
username=operator
password={password}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
PROGRAM = """
[program:{name}]
command={python} -m shop.{service}
directory={root}/current/{service}
environment={environment}
autostart={autostart}
autorestart=true
startsecs=1
startretries=20
stopwaitsecs=2
stopasgroup=true
killasgroup=true
stdout_logfile={root}/output/{name}.log
stdout_logfile_maxbytes=1MB
redirect_stderr=true
"""
ANSWER_S = 8.0


class Supervision:
    """supervisor.conf and the running supervisord of a run."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.password = secrets.token_hex(12)
        port = layout.ports["supervisor"]
        self.url = f"http://operator:{self.password}@127.0.0.1:{port}/RPC2"

    def write(self, dsn_of) -> None:
        """supervisor.conf: one program per instance; `dsn_of(service)` is its database."""
        root, port = self.layout.root, self.layout.ports["supervisor"]
        parts = [HEAD.format(root=root, port=port, password=self.password)]
        for spec in SERVICES:
            dsn = dsn_of(spec.name) if spec.pool_size else ""
            parts += [self.program(spec, instance, dsn) for instance in self.layout.of(spec.name)]
        path = root / "supervisor.conf"
        path.touch(mode=0o600)
        path.write_text("".join(parts))

    def program(self, spec: ServiceSpec, instance: ShopInstance, dsn: str) -> str:
        environment = {
            "SHOP_SERVICE": spec.name,
            "SHOP_INSTANCE": instance.name,
            "SHOP_PORT": instance.port,
            "SHOP_CONFIG": self.layout.config,
            "SHOP_TELEMETRY": self.layout.telemetry,
            "SHOP_DATABASE": dsn,
            "SHOP_POOL_SIZE": spec.pool_size,
            "SHOP_CONCURRENCY": spec.concurrency,
            "SHOP_MEMORY_LIMIT": spec.memory_limit_bytes,
            "SHOP_UPSTREAM_TIMEOUT": spec.upstream_timeout_s,
            "PYTHONUNBUFFERED": "1",
        }
        return PROGRAM.format(
            name=instance.name,
            service=spec.name,
            python=sys.executable,
            root=self.layout.root,
            environment=",".join(f'{key}="{value}"' for key, value in environment.items()),
            autostart=str(instance.active).lower(),
        )

    def start(self) -> subprocess.Popen:
        config = self.layout.root / "supervisor.conf"
        with (self.layout.output / "supervisord.out").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(config)],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def call(self, method: str, *arguments):
        """One XML-RPC call, such as `call("startProcess", "catalog-2")`."""
        server = xmlrpc.client.ServerProxy(self.url)
        try:
            return getattr(server.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            raise DrillError(
                f"supervisor refused {method}{arguments}: {fault.faultString}"
            ) from fault
        except (OSError, HTTPException) as error:
            log = self.layout.root / "supervisord.log"
            raise DrillError(f"supervisor does not answer ({error}); read {log}") from error

    def running(self, service: str) -> list[str]:
        """Programs of the service that run."""
        names = {instance.name for instance in self.layout.of(service)}
        states = self.call("getAllProcessInfo")
        return [each["name"] for each in states if each["name"] in names and each["pid"]]

    def restart(self, program: str) -> None:
        self.call("stopProcess", program)
        self.call("startProcess", program, False)

    def pid(self, program: str) -> int:
        """Process id of a program; an error when it does not run."""
        pid = self.call("getProcessInfo", program)["pid"]
        if not pid:
            raise DrillError(f"{program} does not run")
        return pid

    def wait(self) -> None:
        deadline = time.monotonic() + ANSWER_S
        while True:
            try:
                self.call("getState")
                return
            except DrillError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
