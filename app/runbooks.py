"""The runbooks of an installation: a team's own, read from the folders and git repositories that
warroom.yaml names and kept with every text that they had; and those that fit an incident.
"""

import base64
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from difflib import unified_diff
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from ..errors import NotFound, TableError, TelemetryError, ToolFailed
from ..incident.document import Incident
from ..incident.evidence import digest
from ..incident.identity import WARROOM
from ..outgoing import read_secret
from ..plans.matching import Match, match
from ..plans.runbook import Repository, Runbook, parse_runbook, shipped
from ..record import full_text
from ..record.oncall import Shelf
from ..record.store import Store
from ..telemetry.sources.git import ENVIRONMENT, SETTINGS, bounded
from ..text_safety.lines import one_line
from .configuration_file import read_configuration

MOST, LONGEST, VERSIONS, FEW, FETCH_S, LARGEST = 500, 200_000, 50, 3, 60.0, 131_072
"""Files of one place, characters of a file, texts that are kept of one; found by their texts; of
git: seconds for one thing, blocks of 512 bytes of a file."""

MARKS = re.compile(r"^(?:#+|[-*]|\d+\.) ", re.MULTILINE)
"""Of Markdown, which nobody searches for."""


class Written(BaseModel):
    """A team's runbook: its file, its texts with the newest last, the hash of that."""

    file: str
    digest: str
    listed: bool  # it was there when last looked for
    texts: list[str]


def kept(store: Store) -> Shelf[Written]:
    """All of them by name."""
    return Shelf(store.engine, "runbook", Written, lambda book: book.model_dump(exclude={"texts"}))


def library(store: Store) -> dict[str, Runbook]:
    """The newest text of each that the team has, and ours of other names. What this version of
    Warroom cannot read is left out."""
    own = dict[str, Runbook]()
    for each in kept(store).all():
        with suppress(TableError):
            if each.body.listed:
                own[each.key] = parse_runbook(each.body.texts[-1], each.body.file)
    return {**own, **{book.name: book for book in shipped() if book.name not in own}}


def named(store: Store, name: str) -> Runbook:
    """Raises NotFound."""
    if (found := library(store).get(name)) is None:
        raise NotFound(f"no runbook {name!r}: `warroom runbook list` has all")
    return found


def fitting(store: Store, document: Incident) -> list[Match]:
    """Those that fit by their triggers, then a few by their texts, each with why: a team's own
    before ours, the best first. Ours by their texts only where no trigger fits."""
    found = [fit for book in library(store).values() if (fit := match(document, book)).score]
    found.sort(key=lambda fit: (fit.book.shipped, -fit.score, fit.book.name))
    told, known = (document.alert.name, document.alert.summary), {fit.book.name for fit in found}
    others = [fit for fit in search(store, " ".join(told)) if fit.book.name not in known]
    others = [fit for fit in others if not (found and fit.book.shipped)]
    return [*found, *sorted(others, key=lambda fit: fit.book.shipped)[:FEW]]


def search(store: Store, words: str, most: int = 20) -> list[Match]:
    """Those whose title, text or steps have these words, the best first, each with the place."""
    books = library(store)
    said = {n: [b.title, *(s.text for s in b.steps), b.body] for n, b in books.items()}
    texts = {name: MARKS.sub("", " ·\n".join(parts)) for name, parts in said.items()}
    found = full_text.search(store.engine, texts, words, most)
    return [Match(books[name], why=(f"its text: {one_line(where)}",)) for name, where in found]


def refresh(store: Store, home: Path) -> list[str]:
    """Read them all anew; what is wrong with which, where anything is. `home`: for repositories."""
    told, read, faults = read_configuration().runbooks, dict[str, tuple[str, str]](), list[str]()
    places = [partial(_files, one) for one in told.folders]
    places += [partial(_fetched, home, one) for one in told.git]
    shelf, files = kept(store), list[tuple[str, Callable[[], str]]]()
    for place in places:
        try:
            files += place()
        except (OSError, TelemetryError, ToolFailed) as error:
            faults.append(f"runbooks: {error}")
    for file, reading in files:
        try:
            text = reading()[:LONGEST].replace("\0", "")
            if text.startswith("---"):  # else a README beside them
                read[parse_runbook(text, file).name] = file, text
        except (OSError, TelemetryError, TableError) as error:
            faults.append(str(error))
    known = {each.key: each.body for each in shelf.all()}
    for name, (file, text) in read.items():
        old = known.get(name)
        if old is None or not old.listed or (old.file, old.digest) != (file, digest(text)):
            texts = [*(each for each in (old.texts if old else []) if each != text), text]
            new = {"file": file, "digest": digest(text), "texts": texts[-VERSIONS:]}
            shelf.put(name, Written(listed=True, **new), WARROOM)
    for name in known.keys() - read.keys() if not faults else ():  # what is not read is not gone
        if known[name].listed:
            shelf.put(name, known[name].model_copy(update={"listed": False}), WARROOM)
    return faults


def _files(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    found = sorted(f for f in folder.rglob("*.md") if f.resolve().is_relative_to(folder.resolve()))
    for file in found[:MOST]:
        yield file.name, partial(file.read_text, encoding="utf-8", errors="replace")


def _fetched(home: Path, place: Repository) -> Iterator[tuple[str, Callable[[], str]]]:
    """Those of its commit, without hooks, submodules, filters or configuration of ours. Raises
    OSError, TelemetryError, ToolFailed."""
    folder = home.resolve() / "runbooks" / digest(place.url)[:12]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = {**ENVIRONMENT, "PATH": os.environ.get("PATH", os.defpath)}
    known["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes -o ConnectTimeout=10"  # nobody is asked
    if place.credentials_file:  # no other process sees what stands in the environment
        pair = base64.b64encode(read_secret(place.credentials_file).encode()).decode()
        known |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader"}
        known["GIT_CONFIG_VALUE_0"] = f"Authorization: Basic {pair}"
    allowed = (f"protocol.{name}.allow=always" for name in ("https", "ssh", "file"))
    settings = (*SETTINGS, *allowed, "http.followRedirects=false")
    options = [part for each in settings for part in ("-c", each)]

    def git(*asked: str) -> str:
        command = ["sh", "-c", f'ulimit -f {LARGEST}; exec git "$@"', "git", *options, *asked]
        return bounded(command, folder, known, FETCH_S)

    if not (folder / "HEAD").exists():
        git("init", "--quiet", "--bare", ".")
    fetch = ("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--force")
    git(*fetch, "--", place.url, place.commit or place.branch)
    commit = git("rev-parse", "--verify", "FETCH_HEAD^{commit}").strip()
    listing = git("ls-tree", "-r", "-z", "--name-only", commit, "--", *filter(None, [place.folder]))
    for name in [each for each in listing.split("\0") if each.endswith(".md")][:MOST]:
        yield f"{name}@{commit[:12]}", partial(git, "cat-file", "blob", f"{commit}:{name}")


def changes(store: Store, name: str, versions: Sequence[int]) -> Iterator[str]:
    """What differs between two of its versions, by default the last two; lines. Raises NotFound."""
    texts = kept(store).get(name).body.texts
    numbered = {parse_runbook(text, name).version: text for text in texts}
    if missing := set(versions) - numbered.keys():
        raise NotFound(
            f"{name} has no version {missing.pop()}, only {', '.join(map(str, numbered))}"
        )
    chosen = [numbered[version] for version in versions] or texts[-2:]
    old, new = chosen[0].splitlines(), chosen[-1].splitlines()
    return unified_diff(old, new, name, name, lineterm="")
