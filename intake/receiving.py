"""One delivery from the wire to what is kept: known sender, bounded body, alerts or the reason why
there are none. Nothing here waits for the database.
"""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from ..errors import AlertError
from ..incident.document import Alert
from ..telemetry.alerts import parse_alerts, truncated
from .authentication import Request
from .configuration import Receiver
from .mapping import delivery_id, read_mapped
from .sns import Fetch, fetch, place_to_confirm, signed_by_sns
from .taking import Delivery

MOST_OBJECTS, MOST_VALUES = 500_000, 2_000_000
"""Brackets and commas that are parsed: memory is many times the body's."""
CERTIFICATES = 16


@dataclass(frozen=True)
class Received:
    """A delivery that was read."""

    delivery: Delivery
    confirm: str = ""  # where a subscription is to be confirmed; empty: it is none


class Reader:
    """Reads what comes for one receiver; `fetch` gets certificates and confirms subscriptions."""

    def __init__(self, receiver: Receiver, fetch: Fetch = fetch) -> None:
        self.receiver = receiver
        self.fetch = fetch
        self._certificate: Callable[[str], bytes] = lru_cache(CERTIFICATES)(fetch)

    def admits(self, request: Request, now: float) -> bool:
        """Whether it comes from who may send. Raises OSError where SNS's certificate cannot be
        had now, StoreUnavailable where a secret cannot."""
        if not (self.receiver.knows(request) and self.receiver.signed(request, now)):
            return False
        if self.receiver.type != "cloudwatch":
            return True
        try:
            message = decoded(request.body)
        except AlertError:
            return False
        ours = isinstance(message, dict)
        return ours and signed_by_sns(message, self.receiver.topics, self._certificate)

    def read(self, request: Request) -> Received:
        """What it says. What cannot be read is kept with the reason."""
        name, body = self.receiver.name, request.body
        try:
            content = decoded(body)
            if self.receiver.type == "cloudwatch":
                return self._from_sns(content, body)
            if self.receiver.type == "cloudevents":
                content = _event(request, content)
            key = self._key(request, content)
        except AlertError as error:
            return Received(Delivery(name, body, problem=str(error)))
        return Received(self._kept(key, body, content))

    def confirm(self, place: str) -> None:
        """Confirm a subscription there. Raises OSError."""
        self.fetch(place)

    def _kept(self, key: str, body: bytes, content: Any) -> Delivery:
        try:
            alerts, problem = self._alerts(content)
        except AlertError as error:
            alerts, problem = [], str(error)
        return Delivery(self.receiver.name, body, key, [self._ours(a) for a in alerts], problem)

    def _alerts(self, content: Any) -> tuple[list[Alert], str]:
        mapping = self.receiver.reads
        if mapping is None:
            return readable(content)
        events = content if isinstance(content, list) and not mapping.each else [content]
        found = [read_mapped(event, mapping, self.receiver.type) for event in events]
        return [alert for part in found for alert in part], ""

    def _from_sns(self, message: Any, body: bytes) -> Received:
        if not isinstance(message, dict):
            raise AlertError("no message of SNS: the body is no object")
        place = place_to_confirm(message)
        key = f"id:{truncated(message.get('MessageId'), 300)}"
        if place or message.get("Type") != "Notification":
            return Received(Delivery(self.receiver.name, body, key), place)
        content = decoded(str(message.get("Message")).encode("utf-8", "replace"))
        return Received(self._kept(key, body, content))

    def _key(self, request: Request, content: Any) -> str:
        """The sender's id of the delivery; empty: none."""
        mapping = self.receiver.reads
        given = delivery_id(content, mapping) if mapping else ""
        if self.receiver.type == "cloudevents" and isinstance(content, dict):
            given = truncated(f"{content.get('source')} {content.get('id')}", 300)
        given = given or truncated(request.headers.get("request-id") if mapping else None, 300)
        return f"id:{given}" if given else ""

    def _ours(self, alert: Alert) -> Alert:
        level = self.receiver.severity.get(alert.severity.strip().casefold())
        return alert.model_copy(update={"receiver": self.receiver.name, "level": level})

    @property
    def refuses(self) -> int:
        """The HTTP status for what cannot be read, as its sender needs it."""
        return self.receiver.reads.refuses if self.receiver.reads else 400


def decoded(body: bytes) -> Any:
    """JSON of bounded size and depth. Raises AlertError."""
    if body.count(b"{") + body.count(b"[") > MOST_OBJECTS or body.count(b",") > MOST_VALUES:
        raise AlertError("the body holds more than any delivery of alerts does; send less at once")
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
    except RecursionError as error:
        raise AlertError("the body is nested too deeply; send a flat object") from error
    except ValueError as error:  # not UTF-8, not JSON
        raise AlertError(f"the body is not JSON in UTF-8 ({error})") from error


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def readable(content: Any) -> tuple[list[Alert], str]:
    """The alerts that can be read and what is wrong with the others: one bad alert does not sink a
    thousand good ones. Raises AlertError where none can."""
    try:
        return parse_alerts(content), ""
    except AlertError as error:
        items = content.get("alerts") if isinstance(content, dict) else content
        if not isinstance(items, list) or len(items) < 2:
            raise
        problem = str(error)
    good: list[Alert] = []
    for item in items:
        try:
            good += parse_alerts(
                {**content, "alerts": [item]} if isinstance(content, dict) else item
            )
        except AlertError:
            continue
    if not good:
        raise AlertError(problem)
    return good, f"{len(items) - len(good)} of {len(items)} alerts cannot be read: {problem}"


def _event(request: Request, content: Any) -> Any:
    """A CloudEvent as one object, whether its attributes stand in the body or in headers."""
    if "ce-specversion" in request.headers:
        names = [name for name in request.headers if name.startswith("ce-")]
        attributes = {name[3:]: unquote(request.headers[name]) for name in names}
        return {**attributes, "data": content}
    events = content if isinstance(content, list) else [content]
    if not all(isinstance(event, dict) and event.get("specversion") for event in events):
        raise AlertError("no CloudEvent: specversion stands neither in the body nor in a header")
    opened = [_opened(event) for event in events]
    return opened if isinstance(content, list) else opened[0]


def _opened(event: dict[str, Any]) -> dict[str, Any]:
    if "data_base64" not in event:
        return event
    try:
        return {**event, "data": decoded(base64.b64decode(event["data_base64"], validate=True))}
    except (TypeError, ValueError, binascii.Error) as error:
        raise AlertError("data_base64 is not base64 of JSON") from error
