"""What is kept elsewhere: issues of trackers, incidents of status pages, a file under git. Each is
made once: what may have arrived is looked for by its title before it is made again."""

import hashlib
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import quote

import jmespath
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import Field

from ..errors import ToolFailed
from ..incident.communication import Message
from ..outgoing import asked, read_secret
from ..yaml_tables import Entry, read_table
from . import texts
from .configuration import Channel

TIMEOUT_S = 10.0
JINJA = ImmutableSandboxedEnvironment(autoescape=False)


class Post(Entry):
    """posts.yaml, which says what each is for."""

    find: str
    items: str
    title: str
    id: str
    create: str
    body: dict[str, Any]
    update: str = ""
    method: Literal["POST", "PATCH"] = "POST"
    updated: dict[str, Any] = Field(default={})


class Memory(Protocol):
    """Ids there of what was made, by a name of ours."""

    def get(self, name: str) -> str:
        """Empty: nothing was made."""
        ...

    def put(self, name: str, remote: str) -> None:
        """Keep it for good."""
        ...


@cache
def kinds() -> Mapping[str, Post]:
    """The table of posts.yaml."""
    return read_table("notify/posts.yaml", dict[str, Post])


def send(one: Channel, message: Message, name: str, over: bool, memory: Memory) -> None:
    """Make or update it. name: of what is told of, an incident's or a follow-up's; over: it is
    resolved. Raises ToolFailed."""
    if one.post == "git":
        return _committed(Path(one.place), message, name)
    if one.post not in kinds():
        raise ToolFailed(f"{one.name}: nobody knows {one.post}; write one of {', '.join(kinds())}")
    post, known = kinds()[one.post], memory.get(f"{one.name} {name}")
    said = {"place": one.place, "title": texts.subject(message), "over": over, "remote": known}
    said["text"] = texts.plain(message.body)
    if known and post.update:
        _asked(one, post.method, post.update, said, post.updated)
    elif not known:
        memory.put(f"{one.name} {name}", _made(one, post, said))
    return None


def check(one: Channel) -> None:
    """Ask there as before something is made. Raises ToolFailed."""
    said = {"place": one.place, "title": "dry run", "remote": "", "over": False}
    if one.post != "git":
        _asked(one, "GET", kinds()[one.post].find, said)


def _made(one: Channel, post: Post, said: dict[str, Any]) -> str:
    """The id there, of one that is there already or is new."""
    there = jmespath.search(post.items, _asked(one, "GET", post.find, said)) or []
    for each in there if isinstance(there, list) else []:
        if jmespath.search(post.title, each) == said["title"]:
            return str(jmespath.search(post.id, each))
    return str(jmespath.search(post.id, _asked(one, "POST", post.create, said, post.body)))


def _asked(
    one: Channel,
    method: str,
    path: str,
    said: dict[str, Any],
    body: dict[str, Any] | None = None,
) -> Any:
    encoded = {**said, "remote": quote(str(said["remote"]), safe="")}
    place = f"{one.url.rstrip('/')}/{JINJA.from_string(path).render(encoded)}"
    headers = {"Accept": "application/json", "User-Agent": "warroom"}
    if one.authorization:
        secret = read_secret(one.authorization.credentials_file)
        headers["Authorization"] = f"{one.authorization.type} {secret}"
    sent = None if body is None else _filled(body, said)
    return asked(one.name, method, place, {}, TIMEOUT_S, json=sent, headers=headers) or {}


def _filled(value: Any, said: dict[str, Any]) -> Any:
    """The same with every text rendered: a value stays one value, whatever stands in it."""
    if isinstance(value, str):
        return JINJA.from_string(value).render(said)
    if isinstance(value, dict):
        return {key: _filled(each, said) for key, each in value.items()}
    return [_filled(each, said) for each in value] if isinstance(value, list) else value


def _committed(file: Path, message: Message, name: str) -> None:
    """The newest text on top of a Markdown file, committed; once, by a mark that no reader sees."""
    mark = f"<!-- {hashlib.sha256(f'{name} {message.hash}'.encode()).hexdigest()[:16]} -->"
    entry = f"{mark}\n## {texts.subject(message)}\n\n{message.created_at:%Y-%m-%d %H:%M} UTC\n\n"
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        if mark not in before:
            file.write_text(f"{entry}{message.body}\n{before}", encoding="utf-8")
        git = ["git", "-C", str(file.parent)]
        commit = [*git, "commit", "--quiet", "-m", texts.subject(message), "--", file.name]
        subprocess.run([*git, "add", "--", file.name], check=True, capture_output=True, timeout=20)
        clean = subprocess.run([*git, "diff", "--cached", "--quiet"], check=False, timeout=20)
        if clean.returncode:
            subprocess.run(commit, check=True, capture_output=True, timeout=20)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise ToolFailed(f"{file} cannot be committed ({error}): is it in a git tree?") from error
