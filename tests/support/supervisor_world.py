"""A world to act on whose every move a test sees: it speaks as supervisord does, over XML-RPC, and
keeps its processes in memory. A hook runs before and after each call, so that whoever calls can be
killed or stopped at exactly that point, or never be answered."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCServer

NOT_RUNNING, ALREADY_STARTED, BAD_NAME = 70, 60, 10  # supervisor.xmlrpc.Faults
Hook = Callable[[str, str], None]
"""Called with the method and the process; what it raises is what the caller is answered."""


class _Server(ThreadingMixIn, SimpleXMLRPCServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever called is dead: that was the point."""


class World:
    """Processes by name; `acted` is what reached them, in order, and outlives whoever asked."""

    def __init__(self, *names: str) -> None:
        self.pids = {name: 1000 + number for number, name in enumerate(names)}
        self.running = dict.fromkeys(names, True)
        self.acted: list[tuple[str, str]] = []
        self.before: Hook = lambda _method, _name: None
        self.after: Hook = lambda _method, _name: None
        self.url = ""
        self._lock = threading.Lock()

    def starts(self, name: str = "") -> int:
        """How often a process was started, all of them or this one."""
        return sum(method == "startProcess" and name in ("", n) for method, n in self.acted)

    def getAllProcessInfo(self) -> list[dict[str, Any]]:
        self.before("getAllProcessInfo", "")
        return [self.getProcessInfo(name) for name in self.pids]

    def getProcessInfo(self, name: str) -> dict[str, Any]:
        if name not in self.pids:
            raise Fault(BAD_NAME, f"BAD_NAME: {name}")
        state = "RUNNING" if self.running[name] else "STOPPED"
        return {"name": name, "group": name, "statename": state, "pid": self.pids[name]}

    def stopProcess(self, name: str, _wait: bool = True) -> bool:
        return self._change("stopProcess", name, False, NOT_RUNNING)

    def startProcess(self, name: str, _wait: bool = True) -> bool:
        return self._change("startProcess", name, True, ALREADY_STARTED)

    def _change(self, method: str, name: str, running: bool, refused: int) -> bool:
        self.before(method, name)
        with self._lock:
            if self.running[name] is running:
                raise Fault(refused, f"{method}: {name}")
            self.running[name] = running
            self.pids[name] += running
            self.acted.append((method, name))
        self.after(method, name)
        return True


@contextmanager
def world(*names: str) -> Iterator[World]:
    """A world with these processes, all of them running, until the block ends."""
    found = World(*names)
    with _Server(("127.0.0.1", 0), logRequests=False, allow_none=True) as server:
        for method in ("getAllProcessInfo", "getProcessInfo", "stopProcess", "startProcess"):
            server.register_function(getattr(found, method), f"supervisor.{method}")
        found.url = f"http://127.0.0.1:{server.server_address[1]}/RPC2"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
