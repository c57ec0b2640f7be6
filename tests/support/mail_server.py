"""A real SMTP server on loopback, which can be told to refuse and to be away."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Mailbox:
    """What arrived; `says` is answered to DATA, `unknown` addresses are refused."""

    port: int
    letters: list[EmailMessage] = field(default_factory=list)
    takers: list[list[str]] = field(default_factory=list)
    says: str = "250 OK"
    unknown: set[str] = field(default_factory=set)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.says.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            letter = message_from_bytes(content, policy=policy.default)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
            self.takers.append(list(envelope.rcpt_tos))
        return self.says


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def mail_server(box: Mailbox | None = None, password: str = "") -> Iterator[Mailbox]:
    """It answers until the block ends; `password` of the user warroom, where one is wanted."""
    box = box or Mailbox(free_port())

    def known(_server, _session, _envelope, _how, login: LoginPassword) -> AuthResult:
        right = login.login == b"warroom" and login.password == password.encode()
        return AuthResult(success=right, handled=False)

    login: dict[str, Any] = {}
    if password:
        login = {"auth_required": True, "auth_require_tls": False, "authenticator": known}
    server = Controller(box, hostname="127.0.0.1", port=box.port, **login)
    server.start()
    try:
        yield box
    finally:
        server.stop()
