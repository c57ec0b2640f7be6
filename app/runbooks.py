"""The runbooks of an installation: a team's own, read from the folders that warroom.yaml names and
kept with every text that they had; and those that fit an incident.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import unified_diff
from pathlib import Path

from pydantic import BaseModel

from ..errors import NotFound, TableError
from ..incident.document import Incident
from ..incident.evidence import digest
from ..incident.identity import WARROOM
from ..plans.matching import Match, match
from ..plans.runbook import Runbook, parse_runbook, shipped
from ..record import full_text
from ..record.oncall import Shelf
from ..record.store import Store
from ..text_safety.lines import one_line
from .configuration_file import read_configuration

MOST, LONGEST, VERSIONS, FEW = 500, 200_000, 50, 3
"""Files of one folder, characters of a file, texts that are kept of one; found by their texts."""


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
    before ours, the best first."""
    found = [fit for book in library(store).values() if (fit := match(document, book)).score]
    found.sort(key=lambda fit: (fit.book.shipped, -fit.score, fit.book.name))
    told, known = (document.alert.name, document.alert.summary), {fit.book.name for fit in found}
    by_text = search(store, " ".join(told), FEW)
    return [*found, *(fit for fit in by_text if fit.book.name not in known)]


def search(store: Store, words: str, most: int = 20) -> list[Match]:
    """Those whose title, text or steps have these words, the best first, each with the place."""
    books = library(store)
    told = {name: " ".join([b.title, *(s.text for s in b.steps)]) for name, b in books.items()}
    texts = {name: f"{words_} {books[name].body}" for name, words_ in told.items()}
    found = full_text.search(store.engine, texts, words, most)
    return [Match(books[name], why=(f"its text: {one_line(where)}",)) for name, where in found]


def refresh(store: Store) -> list[str]:
    """Read them all anew; what is wrong with which, where anything is."""
    shelf, read, faults = kept(store), dict[str, tuple[str, str]](), list[str]()
    files = [file for folder in read_configuration().runbooks.folders for file in _files(folder)]
    for file in files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")[:LONGEST]
            if text.startswith("---"):  # else a README beside them
                read[parse_runbook(text, file.name).name] = file.name, text
        except (OSError, TableError) as error:
            faults.append(str(error))
    known = {each.key: each.body for each in shelf.all()}
    for name, (file, text) in read.items():
        old = known.get(name)
        if old is None or not old.listed or old.digest != digest(text):
            texts = [*(each for each in (old.texts if old else []) if each != text), text]
            new = {"file": file, "digest": digest(text), "texts": texts[-VERSIONS:]}
            shelf.put(name, Written(listed=True, **new), WARROOM)
    for name in known.keys() - read.keys() if not faults else ():  # what is not read is not gone
        if known[name].listed:
            shelf.put(name, known[name].model_copy(update={"listed": False}), WARROOM)
    return faults


def _files(folder: Path) -> list[Path]:
    found = (file for file in folder.rglob("*.md"))
    return sorted(f for f in found if f.resolve().is_relative_to(folder.resolve()))[:MOST]


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
