"""Which channels a message goes out on, and its way through one of them.

A name in the outbox is a channel of warroom.yaml, somebody's own way (`sms:KEY`, with the address
where they keep it), somebody without one (`person:NAME`), or, where nothing is configured, a word
of the practice: then it stays a file for a gateway.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

from ..errors import ToolFailed
from ..incident.communication import Message
from ..incident.severity import Severity
from ..incident.timeline import last_at
from ..outgoing import read_secret
from ..plugins import plugins
from ..text_safety.lines import one_line
from . import mail, posts, texts
from .configuration import Channel, Medium, Notifications

WAY = re.compile(r"(email|chat|sms|phone|push|webhook):(.+)")
PERSON, DIGEST = "person:", "email digest"
SHORT, SPOKEN = ("sms",), ("phone",)
LOG = logging.getLogger("apprise")
LOG.addHandler(logging.NullHandler())
LOG.propagate = False  # its lines may hold parts of addresses; we say what went wrong


def _nowhere(key: str) -> str:
    raise ToolFailed(f"nobody keeps the way {key} any more")


class _Forgetful(dict[str, str]):
    """For who posts nothing that is updated."""

    def get(self, name: str, _default: object = None) -> str:
        return ""

    def put(self, name: str, remote: str) -> None:
        """Not kept."""


@dataclass(frozen=True)
class Channels:
    """The channels of one installation. `address_of` finds the address of somebody's own way."""

    told: Notifications = field(default_factory=Notifications)
    address_of: Callable[[str], str] = _nowhere
    memory: posts.Memory = field(default_factory=_Forgetful)

    def names(self, message: Message, severity: Severity, drill: bool = False) -> list[str]:
        """Where a message goes: the channels that carry it; a medium that none does by its word."""
        if drill and not self.told.drills:
            return list(message.channels)
        found: list[str] = []
        for medium in message.channels:
            mine = [
                one.name for one in self.told.channels if _takes(one, medium, message, severity)
            ]
            found += mine or [medium]
        return list(dict.fromkeys(found))

    def carries(self, channel: str, drill: bool = False) -> bool:
        """Whether it goes out by us; else it is a file."""
        if drill and not self.told.drills:
            return False
        if found := WAY.fullmatch(channel):
            method = found[1]
            known = self.told.mail is not None if method == "email" else method in self.told.methods
            return known or bool(self.told.fallback)
        if channel.startswith(PERSON):
            return bool(self.told.fallback)
        return any(one.name == channel for one in self.told.channels)

    def gathers(self, channel: str, message: Message, drill: bool = False) -> bool:
        """Whether it goes out with the others of its day, as one."""
        digest = DIGEST in message.channels and self.told.p3_hour is not None and not drill
        known = (one for one in self.told.channels if one.name == channel)
        return digest and any(DIGEST in one.carries and not one.post for one in known)

    def due(self, channel: str, message: Message, now: datetime, drill: bool = False) -> datetime:
        """When it is to go out: now, or at the end of its day."""
        if self.told.p3_hour is None or not self.gathers(channel, message, drill):
            return now
        return last_at(self.told.p3_hour, now) + timedelta(days=1)

    def send(
        self, channel: str, message: Message, key: str, drill: bool = False, over: bool = False
    ) -> None:
        """Hand it over; `key` is its own for good, and begins with what it tells of; over: that is
        resolved. Raises ToolFailed where it did not arrive."""
        if found := WAY.fullmatch(channel):
            method, way = found[1], found[2]
            if method == "email" and self.told.mail:
                return mail.send(self.told.mail, [self.address_of(way)], message, key, drill)
            if file := self.told.methods.get(method):  # pyright: ignore[reportArgumentType]
                return _by_apprise(_filled(file, self.address_of(way)), method, message, drill)
        known = {one.name: one for one in self.told.channels}
        own = channel.startswith(PERSON) or found is not None
        name = self.told.fallback if own else channel
        if name not in known:
            raise ToolFailed(f"warroom.yaml has no channel {name} any more: name it there")
        return self._by(known[name], message, key.removeprefix("page:"), drill, over)

    def _by(self, one: Channel, message: Message, key: str, drill: bool, over: bool) -> None:
        if one.post:
            ticket = "ticket" in one.carries
            return posts.send(
                one, message, key if ticket else key.split(":", maxsplit=1)[0], over, self.memory
            )
        if one.url_file:
            return _by_apprise(read_secret(one.url_file), one.carries[0], message, drill)
        assert self.told.mail is not None
        return mail.send(self.told.mail, one.to, message, key, drill)

    def faults(self) -> list[str]:
        """What would keep a message from going out, as far as that shows without sending one."""
        checks: list[Callable[[], object]] = []
        if self.told.mail:
            server = self.told.mail
            checks.append(lambda: mail.check(server))
        files = [one.url_file for one in self.told.channels if one.url_file]
        checks += [lambda file=file: _opened(read_secret(file)) for file in files]
        ways = self.told.methods.values()
        checks += [lambda file=file: _opened(_filled(file, "+491511234567")) for file in ways]
        secrets = [one.signing_secret_file for one in self.told.events if one.signing_secret_file]
        checks += [partial(read_secret, file) for file in secrets]
        return [fault for check in checks if (fault := _fault(check))]

    def unanswered(self, medium: Medium) -> list[str]:
        """Why what is posted under this medium would not be made, as far as asking shows."""
        mine = [one for one in self.told.channels if one.post and medium in one.carries]
        return [fault for one in mine if (fault := _fault(partial(posts.check, one)))]


def _takes(one: Channel, medium: str, message: Message, severity: Severity) -> bool:
    level = not one.severities or severity in one.severities
    return medium in one.carries and level and message.audience in one.written


def _fault(check: Callable[[], object]) -> str:
    try:
        check()
    except ToolFailed as error:
        return str(error)
    return ""


def _filled(file: Path, address: str) -> str:
    """The address of a provider with somebody's own in its place, as one part of it."""
    return read_secret(file).replace("{address}", quote(address, safe=""))


def _by_apprise(url: str, medium: str, message: Message, drill: bool) -> None:
    """Through whatever the address names, whose secrets no error repeats."""
    import apprise  # takes half a second

    title, body = _text(medium, message, drill)
    with apprise.LogCapture(level=logging.WARNING) as said:
        sent = _opened(url).notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT)
        said.seek(0)
        words = said.read()
    if not sent:
        raise ToolFailed(f"{_provider(url)} did not take it: {_safe(words, url)}")


def _opened(url: str):
    import apprise

    plugins("notifiers")  # each tells apprise of an address of its own
    opened = apprise.Apprise(
        asset=apprise.AppriseAsset(app_id="Warroom", async_mode=False, http_redirects=False)
    )
    if not opened.add(url):
        raise ToolFailed(f"{_provider(url)}: apprise knows no such address: see its wiki")
    return opened


def _text(medium: str, message: Message, drill: bool) -> tuple[str, str]:
    """Title and body, as the medium takes them."""
    if medium in SHORT:
        return "", texts.sms(message, drill)
    if medium in SPOKEN:
        return "", texts.voice(message, drill)
    return texts.subject(message, drill), texts.chat(message)


def _provider(url: str) -> str:
    return url.partition("://")[0][:20]


def _safe(words: str, url: str) -> str:
    """Why, as apprise has it, without any part of the address that may be a key."""
    line = one_line(words)[-200:] or "it says no more"
    for part in sorted(set(re.split(r"[/:@?&=]", url)), key=len, reverse=True):
        line = line.replace(part, "…") if len(part) > 5 else line
    return line


def described(told: Notifications) -> Sequence[tuple[str, str]]:
    """Each channel and what it carries, for people."""
    rows = []
    for one in told.channels:
        levels = ", ".join(one.severities) or "all levels"
        by = f"mail to {', '.join(one.to)}" if one.to else one.post or "apprise"
        rows.append((one.name, f"{by}: {', '.join(one.carries)} of {levels}"))
    what = [(one.name, ", ".join(one.only) or "every event", one.url) for one in told.events]
    return rows + [(name, f"CloudEvents at {url}: {types}") for name, types, url in what]
