"""systemd's real journal gateway, over journals that were written beforehand."""

import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

FOLDER = Path("/lib/systemd")
GATEWAY, REMOTE = FOLDER / "systemd-journal-gatewayd", FOLDER / "systemd-journal-remote"
INSTALLED = GATEWAY.exists() and REMOTE.exists()

Entry = Mapping[str, str | bytes]


def write_journal(file: Path, entries: Sequence[Entry]) -> None:
    """Write entries into a journal file (`*.journal`), by systemd's export format."""
    text = b"\n".join(b"".join(map(_field, one.items())) for one in entries) + b"\n"
    make = [str(REMOTE), f"--output={file}", "-"]
    subprocess.run(make, input=text, check=True, capture_output=True)


def entry(at: float, unit: str, message: str | bytes, **fields: str | bytes) -> Entry:
    """One line of a unit."""
    return {
        "__REALTIME_TIMESTAMP": str(round(at * 1e6)),
        "__MONOTONIC_TIMESTAMP": str(round(at * 1e6) % 10**9),
        "_BOOT_ID": "1" * 32,
        "_HOSTNAME": "host-1",
        "_SYSTEMD_UNIT": unit,
        "PRIORITY": "6",
        "MESSAGE": message,
        **fields,
    }


def _field(field: tuple[str, str | bytes]) -> bytes:
    name, value = field
    data = value.encode() if isinstance(value, str) else value
    if b"\n" in data or isinstance(value, bytes):  # with its length before it
        return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
    return f"{name}={value}\n".encode()


@contextmanager
def gateway(folder: Path) -> Iterator[str]:
    """The URL of a gateway that serves the journals of a folder."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    listen = ["systemd-socket-activate", "-l", f"127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        command = [*listen, str(GATEWAY), f"--directory={folder}"]
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for attempt in Retrying(
            stop=stop_after_attempt(300),
            wait=wait_fixed(0.1),
            retry=retry_if_exception_type(httpx.HTTPError),
            reraise=True,
        ):
            with attempt:
                httpx.get(f"{url}/machine").raise_for_status()
        yield url
    finally:
        server.terminate()
        server.wait()
