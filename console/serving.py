"""`warroom serve` and `warroom worker`: processes that run until they are told to stop."""

import os
from contextlib import nullcontext
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from ..app.configuration import Sources, settings
from ..app.configuration_file import Configuration, read_configuration, use_configuration
from ..errors import InputError
from .exits import Exit
from .screen import say, screen

if TYPE_CHECKING:
    from ..intake.configuration import Receiver
    from ..service.otlp_process import Beside
    from ..service.service import Service
    from ..service.serving import Bound


def serve_command(
    telemetry: Path | None,
    operations: Path | None,
    config: Path | None,
    listen: str | None,
    worker: bool,
) -> Exit:
    """Bind first, so that nothing is printed or made where the address is taken."""
    from ..service.opening import open_beside, open_service
    from ..service.serving import bind, bind_otlp, serve

    if config:
        use_configuration(config)
    configured, file = settings(), _listening(read_configuration(), listen)
    bound, bound_otlp = bind(file.server), bind_otlp(file)
    sources = Sources(telemetry=telemetry, operations=operations)
    service = open_service(configured, file, sources, worker)
    beside = open_beside(configured.home, file, bound_otlp)
    _greet(screen(to_stderr=True), service, bound.url, bound_otlp, beside)
    with beside or nullcontext():
        whole = serve(service, bound)
    if not whole:
        os._exit(Exit.done)  # its incident was given back: whoever takes it goes on
    return Exit.done


def _listening(file: Configuration, listen: str | None) -> Configuration:
    if listen is None:
        return file
    known = file.server.model_dump()
    try:
        server = type(file.server).model_validate({**known, "listen": listen})
    except ValueError:
        raise InputError(f"--listen {listen}: write host:port, such as 127.0.0.1:8844") from None
    return file.model_copy(update={"server": server})


def worker_command(telemetry: Path | None, operations: Path | None) -> Exit:
    """Work incidents until told to stop."""
    from ..service.queue import work_on

    work_on(settings(), Sources(telemetry=telemetry, operations=operations))
    return Exit.done


def mcp_command(read_only: bool) -> Exit:
    """Speak MCP on stdin and stdout until the client closes them."""
    from ..service.mcp_server import speak_on_stdio
    from ..service.opening import open_service

    speak_on_stdio(open_service(settings(), read_configuration(), Sources(), False), read_only)
    return Exit.done


FIRST = "open the address and sign in with this, of role admin; it is shown this once:"

MAKE = "`warroom token create NAME --role admin` makes one and prints it"
NOBODY = f"nobody can: each token was revoked, as a demo's is when it ends; {MAKE}"
WITH_YOURS = f"with your token or account; {MAKE}"


def _greet(
    console: Console,
    service: "Service",
    url: str,
    otlp: "Bound | None" = None,
    beside: "Beside | None" = None,
) -> None:
    """Where it listens, and what is needed to speak with it."""
    say(console, ("Warroom listens on ", ""), (url, "strong"))
    if text := service.tokens.first():
        say(console, ("  token         ", "dim"), FIRST)
        say(console, ("                ", ""), (text, "strong"))
    else:
        alive = [token for token in service.tokens.all() if token.revoked_at is None]
        someone = alive or service.accounts.all() or service.configuration.server.sign_in.oidc
        say(console, ("  sign in       ", "dim"), WITH_YOURS if someone else NOBODY)
    for reader in service.reception.readers.values():
        senders(console, reader.receiver, url)
    if otlp and beside:
        known = beside.job.authorization
        how = f"shows {known.type} and what is in {known.files[0]}" if known else "reaches it"
        told = Text.assemble(("  OTLP          ", "dim"), f"{otlp.url}, for whoever {how}")
        console.print(told, soft_wrap=True)
    say(console, ("  ready         ", "dim"), "Ctrl-C or SIGTERM ends it")


def senders(console: Console, receiver: "Receiver", url: str) -> None:
    """Where they send; for Alertmanager, with a secret in one file, what to paste."""
    from ..service.webhooks import paste

    text = paste(receiver, url)
    if not text:
        say(console, (f"  {receiver.type:<13} ", "dim"), f"{url}/hooks/{receiver.name}")
        return
    say(console, (f"  {receiver.type:<13} ", "dim"), "paste into alertmanager.yml, then reload it:")
    console.print(Text(indent(f"\n{text}\n", " " * 16)), soft_wrap=True)
