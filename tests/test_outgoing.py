"""What other servers answer: bounded in size and time, from nowhere else."""

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from warroom import outgoing

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"
AWAY = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def dripping() -> Iterator[str]:
    """Answers a byte each hundredth of a second, and at /away with a redirect."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            with peer:
                asked = peer.recv(4096)
                peer.sendall(AWAY if b" /away " in asked else HEAD)
                try:
                    for _ in range(4000):
                        peer.sendall(b"x")
                        time.sleep(0.01)
                except OSError:
                    return  # nobody listens any more

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize(
    ("most", "seconds", "error"), [(10_000, 0.2, httpx.ReadTimeout), (5, 30, outgoing.TooLarge)]
)
def test_an_answer_is_bounded_in_time_and_in_size(dripping, most, seconds, error):
    begun = time.monotonic()
    with (
        outgoing.client() as client,
        client.stream("GET", dripping) as answer,
        pytest.raises(error),
    ):
        outgoing.body(answer, most, begun + seconds)
    assert time.monotonic() - begun < 5


def test_nobody_is_led_elsewhere_and_no_proxy_is_used(dripping, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with outgoing.client() as client, client.stream("GET", f"{dripping}/away") as answer:
        assert (answer.status_code, answer.headers["location"]) == (302, "/elsewhere")
