"""Changes of the tools that a team has: whatever list of feeds.yaml, read by one class."""

import shlex
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from ...errors import TelemetryError
from ..model import Change, Window
from .changes import LATE, SECONDS, Changes, Say
from .datasource import Datasource
from .feed_entries import Row, change_of, followed, kind_of, when
from .feed_table import Listing, Lookup, feeds
from .http import HttpApi, Refused
from .otlp import objects
from .source import Source

MOST_PAGES = 5
"""Of one list in one ask: the newest."""
LOOKED_UP = 30
"""Entries of one list that are asked about one by one in one ask; the rest has no diff."""
LOST = (404, 409, 422)
"""Answers about an entry whose commit is gone: it stays a change."""


class Feed(Changes):
    """The lists of one datasource."""

    def __init__(self, source: Datasource, listings: Sequence[Listing]) -> None:
        super().__init__(source)
        self.listings = listings
        self.api = HttpApi(source)
        self._until = 0.0
        self._window: Window | None = None
        self._entries = dict[str, list[Row]]()
        """Of that window: in one step several scopes ask for the same."""

    def changes(self, window: Window, known: frozenset[str], say: Say) -> Iterator[Change]:
        """List by list, as in the table: one that is refused keeps no other from being read."""
        self._until, refused = time.monotonic() + SECONDS, list[str]()
        if window != self._window:
            self._window, self._entries = window, {}
        for listing in self.listings:
            try:
                yield from self._listed(listing, window, known, say)
            except Refused as error:
                if not (listing.optional and error.status == 404):
                    refused.append(f"{listing.what}: {error}")
        if wrong := "; ".join(filter(None, [*refused, self.api.clock()])):
            raise TelemetryError(wrong)

    @property
    def language(self) -> str:
        """In which a person asks the same."""
        return "kubectl" if self.source.type == "kubernetes" else "http"

    def listing(self, window: Window) -> Iterator[str]:
        """The addresses of its lists."""
        known = self._given() | {"start": _times(window.start), "end": _times(window.end)}
        for one in self.listings:
            place = next(filter(None, (path.at(known) for path in one.path)), ())
            params = {name: value.of(known) for name, value in one.params.items()}
            given = urlencode({name: value for name, value in params.items() if value != ""})
            asked = "/" + "/".join(map(str, place)) + (f"?{given}" if given else "")
            raw = f"kubectl get --raw {shlex.quote(asked)}"
            yield raw if self.language == "kubectl" else f"GET {asked}"

    def _listed(
        self, listing: Listing, window: Window, known: frozenset[str], say: Say
    ) -> Iterator[Change]:
        told, looked = set(known), 0
        if listing.what not in self._entries:
            self._entries[listing.what] = followed(listing, self._pages(listing, window, say))
        for entry in self._entries[listing.what]:
            since, id = when(listing.since.at(entry)), listing.id.of(entry)
            if id in told or (since is not None and since < window.start):
                continue
            if not kind_of(listing, entry):
                say(f"{listing.what} of {self.name} that name no kind of change were left out")
                continue
            told.add(id)
            looked += 1
            if looked > LOOKED_UP and any(one.needed for one in listing.look.values()):
                return  # with the next step, when the others are known
            if looked == LOOKED_UP + 1 and listing.look:
                newest = f"{listing.what} before the newest {LOOKED_UP}"
                say(f"diffs of {newest} of {self.name} were left out")
            if looked > LOOKED_UP or self._looked(listing, entry):
                yield change_of(listing, entry, self)

    def _looked(self, listing: Listing, entry: Row) -> bool:
        """Ask about an entry; whether it is over."""
        looks = entry.setdefault("look", {})
        for name, lookup in listing.look.items():
            if name not in looks:
                looks[name] = self._look(listing, lookup, entry)
        return bool(listing.over.at(entry))

    def _look(self, listing: Listing, lookup: Lookup, entry: Row) -> Any:
        """What is answered about an entry; None where there is nothing to ask about."""
        known = self._given() | entry
        params = {name: one.whole(known) for name, one in lookup.params.items()}
        place = lookup.path.at(known)
        if not place or not all(params.values()):
            return None
        try:
            return self._ask(listing, place, params)
        except Refused as error:
            if lookup.needed or error.status not in LOST:
                raise
            return None

    def _pages(self, listing: Listing, window: Window, say: Say) -> list[Row]:
        """The entries of a list, as far back as the window."""
        known = self._given() | {"start": _times(window.start), "end": _times(window.end)}
        place = next(filter(None, (path.at(known) for path in listing.path)), ())
        if not place:
            need = f"its jsonData needs what {listing.path[-1].text} names"
            raise TelemetryError(f"was not asked for {listing.what}: {need}")
        asked = {name: one.of(known) for name, one in listing.params.items()}
        found, more = list[Row](), dict[str, Any]()
        for page in range(MOST_PAGES):
            answer = self._ask(listing, place, asked | more)
            entries = listing.entries.at(answer)
            if not isinstance(entries, list):
                raise TelemetryError(f"answered something that is no list of {listing.what}")
            found += _inner(listing, objects(entries))
            last = objects(entries)[-1:]
            facts = {"answer": answer, "last": last[0] if last else None, "page": page + 2}
            facts["count"] = (page + 1) * listing.size
            more = {name: value for name, path in listing.next.items() if (value := path.at(facts))}
            oldest = when(listing.since.at(facts["last"]))
            before = oldest is not None and oldest < window.start
            if not 0 < listing.size <= len(entries) or before or (listing.next and not more):
                return found
            if not listing.next:
                break
        say(f"{listing.what} beyond the first {len(found)} of {self.name} were left out")
        return found

    def _ask(self, listing: Listing, place: tuple[str, ...], params: dict[str, Any]) -> Any:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TelemetryError(LATE)
        given = {name: value for name, value in params.items() if value != ""}
        headers = {"Accept": listing.accept} if listing.accept else {}
        return self.api.json(*place, params=given, headers=headers, seconds=left)

    def _given(self) -> Row:
        """The datasource's own keys, for addresses and parameters."""
        keys = self.source.jsonData.model_dump(mode="json")
        owner, _, name = self.source.jsonData.repository.partition("/")
        return {"given": keys | {"owner": owner, "name": name}}


def _inner(listing: Listing, entries: list[Row]) -> list[Row]:
    if listing.within is None:
        return [{**one} for one in entries]
    pairs = ((one, objects(listing.within.at(one))) for one in entries)
    return [{**each, "of": one} for one, inside in pairs for each in inside]


def _times(at: float) -> dict[str, Any]:
    day = datetime.fromtimestamp(at, UTC)
    iso = day.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"iso": iso, "ms": int(at * 1000), "day": iso[:10]}


def open_feed(source: Datasource) -> Sequence[Source]:
    """The changes of a datasource whose lists are in the table."""
    return [Feed(source, feeds()[source.type])]
