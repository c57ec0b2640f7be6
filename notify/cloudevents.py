"""Events for other systems: CloudEvents 1.0, structured JSON over HTTP, signed as webhooks are.

One that was not acknowledged with 2xx is sent again, with the same id from the same source: whoever
takes them counts each pair once.
"""

import hashlib
import hmac
import json
import time
from typing import Any

import httpx

from .. import outgoing
from ..errors import ToolFailed
from ..outgoing import read_secret
from .configuration import SIGNATURE, TIMESTAMP, Sink

TYPE = "dev.warroom.incident."
MEDIA = "application/cloudevents+json; charset=utf-8"
TIMEOUT_S, MOST_BYTES = 10.0, 2**20


def envelope(source: str, key: tuple[str, int, int], at: str, event: dict[str, Any]) -> bytes:
    """One event. key: incident, number in it, position over all; at: RFC 3339."""
    incident, number, position = key
    told = {"specversion": "1.0", "id": f"{incident}/{number}", "source": source}
    told |= {"type": TYPE + event["event"], "subject": incident, "time": at}
    told |= {"sequence": f"{position:020d}", "partitionkey": incident}
    return json.dumps({**told, "datacontenttype": "application/json", "data": event}).encode()


def post(client: httpx.Client, sink: Sink, body: bytes) -> None:
    """Hand one over. Raises ToolFailed where it was not taken."""
    headers = {"Content-Type": MEDIA, "User-Agent": "warroom"}
    if sink.authorization:
        secret = read_secret(sink.authorization.credentials_file)
        headers["Authorization"] = f"{sink.authorization.type} {secret}"
    if sink.signing_secret_file:
        at = str(int(time.time()))
        key = read_secret(sink.signing_secret_file).encode()
        signed = hmac.new(key, at.encode() + b":" + body, hashlib.sha256).hexdigest()
        headers |= {TIMESTAMP: at, SIGNATURE: signed}
    try:
        with client.stream("POST", sink.url, content=body, headers=headers) as answer:
            outgoing.body(answer, MOST_BYTES, time.monotonic() + TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ToolFailed(f"{sink.name} at {sink.url}: {type(error).__name__}") from error
    if not answer.is_success:
        raise ToolFailed(f"{sink.name} answers HTTP {answer.status_code}: look at its access")
