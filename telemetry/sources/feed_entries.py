"""One entry of a tool's list as a change, by the words of its row in feeds.yaml. Asks nothing."""

import difflib
import re
from collections.abc import Iterable
from typing import Any

import yaml

from ...cluster.objects import named
from ...errors import TelemetryError
from ..model import Change
from ..records import KINDS, change_kind
from .changes import Changes, moment
from .feed_table import Listing
from .otlp import fields, number

MILLISECONDS = 1e11
"""A larger number is no time in seconds."""
LARGEST = 2_000_000
"""Characters of a state that is compared."""
FACT = re.compile(r"(?is)(service|app|component|version|release)\s*[:=]\s*(\S.*)")
WORDS = {word for words in KINDS.values() for word in words.split()}
Row = dict[str, Any]


def change_of(listing: Listing, entry: Row, feed: Changes) -> Change:
    """The change that an entry tells of. Raises TelemetryError for one without a time."""
    at = when(listing.at.at(entry))
    if at is None:
        raise TelemetryError(f"told of {listing.what} without a time")
    tags = (str(tag) for tag in listing.tags.all(entry))
    facts = {one[1].lower(): one[2] for tag in tags if (one := FACT.fullmatch(tag))}
    files, diff = _patches(listing, entry)
    whose = _service(listing, entry, feed, facts) or feed.whose(files)
    version = listing.version.of(entry) or facts.get("version") or facts.get("release") or ""
    summary = "failed: " * bool(listing.failed.at(entry)) + listing.text.of(entry)
    told = listing.previous.of(entry), listing.author.of(entry), summary.strip(), files, diff
    return Change(at, kind_of(listing, entry), whose, listing.id.of(entry), version, *told)


def kind_of(listing: Listing, entry: Row) -> str:
    """The tool's word: the row's, else the first tag that names a kind that counts; empty: none."""
    tags = (str(tag) for tag in listing.tags.all(entry))
    meant = (tag for tag in tags if WORDS & set(re.split(r"[^a-z]+", tag.lower())))
    counted = listing.kinds
    found = (tag for tag in meant if not counted or change_kind(tag, False) in counted)
    return listing.kind.of(entry) or next(found, "")


def followed(listing: Listing, entries: Iterable[Row]) -> list[Row]:
    """The entries that count, newest first, each with the older one of its group."""
    counted = [one for one in entries if listing.only.at(one)]
    if listing.order:
        counted.sort(key=lambda one: _rank(listing.order.at(one)), reverse=True)  # pyright: ignore
    older = dict[str, Row]()
    for one in reversed(counted):
        group = str(listing.group.at(one))
        one["before"] = older.get(group)
        older[group] = {name: value for name, value in one.items() if name != "before"}
    return counted


def when(value: Any) -> float | None:
    """Unix seconds of a time as tools write it; None where nothing stands."""
    if value is None or value == "":
        return None
    seconds = number(value)
    if seconds is None:
        return moment(value)
    return seconds / 1000 if seconds > MILLISECONDS else seconds


def _rank(value: Any) -> tuple[float, str]:
    return (float(value), "") if isinstance(value, (int, float)) else (0.0, str(value))


def _service(listing: Listing, entry: Row, feed: Changes, facts: dict[str, str]) -> str:
    """Whom an entry names: as the datasource's folders say, by tag, by label, by its own word."""
    names = [str(name) for name in listing.names.all(entry)]
    folders = feed.source.jsonData.folders.items()
    mapped = (whose for whose, start in folders for name in names if name.startswith(start))
    tagged = (facts.get(name) for name in ("service", "app", "component"))
    labels = {named(str(key)): one for key, one in fields(listing.labels.at(entry)).items()}
    labelled = (labels.get(named(label)) for label in feed.source.whose.service)
    every = (*mapped, *tagged, *labelled, listing.service.of(entry))
    return str(next(filter(None, every), ""))


def _patches(listing: Listing, entry: Row) -> tuple[tuple[str, ...], str]:
    """Names of files, and what changed in them as one diff."""
    if listing.states:
        before, now = (path.at(entry) for path in listing.states)
        name = listing.file.of(entry)
        return ((name,), _difference(name, before, now)) if before and now else ((), "")
    pairs = [pair for pair in listing.patches.all(entry) if pair[0]]
    patches = [f"--- a/{name}\n+++ b/{name}\n{patch}\n" for name, patch in pairs if patch]
    return tuple(str(name) for name, _ in pairs), "".join(patches)


def _difference(name: str, before: Any, now: Any) -> str:
    """Of two JSON values, as lines of YAML; empty for what is too large or deep to compare."""
    try:
        old, new = (
            yaml.safe_dump(_plain(one), allow_unicode=True, width=LARGEST) for one in (before, now)
        )
    except RecursionError:
        return ""
    if len(old) + len(new) > LARGEST:
        return ""
    both = old.splitlines(), new.splitlines()
    lines = difflib.unified_diff(*both, f"a/{name}", f"b/{name}", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _plain(value: Any) -> Any:
    """Lists of named things by their names: an order that changes is no difference, and a setting
    stands on one line with its name."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    every = [fields(one).get("name") for one in value]
    if not every or not all(isinstance(name, str) for name in every) or len({*every}) < len(every):
        return [_plain(one) for one in value]
    rest = ({key: _plain(one[key]) for key in one if key != "name"} for one in value)
    return {
        name: one["value"] if [*one] == ["value"] else one
        for name, one in zip(every, rest, strict=True)
    }
