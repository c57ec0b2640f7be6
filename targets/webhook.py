"""Somebody else's system behind two requests of ours, signed as Standard Webhooks says.

    GET  url   -> what there is: {"services": {"checkout": {"instances": […], "version": …}}}
    POST url   <- {"action": "restart", "service": "checkout", "parameters": {…}, "key": "…"}
               -> {"changed": true, "note": "…"} once it is done

`webhook-id` is the key of the effect: whoever gets it a second time does it no second time, and
answers as at the first.
"""

import base64
import hashlib
import hmac
import json
import time
import uuid
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ..actions.capabilities import (
    KEY,
    Activated,
    Receipt,
    Restarted,
    Restarting,
    RolledOut,
    Rollout,
    Scaling,
)
from ..actions.inventory import Inventory, Part
from ..errors import Halfway, ToolFailed, Unheard
from ..misfit import misfits
from ..outgoing import asked
from .doors import Guarded, R, Section


class WebhookAccess(Section):
    """The section `webhook`."""

    url: str = Field(pattern=r"^https?://", description="asked by GET, told by POST")
    secret_file: Path = Field(description="the shared secret: whsec_ and base64, or any text")
    timeout_s: float = Field(default=60.0, gt=0, le=170, description="until it is done over there")

    @property
    def secret(self) -> bytes:
        """Raises ToolFailed where it cannot be read."""
        try:
            text = self.secret_file.read_text().strip()
            encoded = text.removeprefix("whsec_")
            return base64.b64decode(encoded, validate=True) if encoded != text else text.encode()
        except (OSError, ValueError) as error:
            raise ToolFailed(f"{self.secret_file} cannot be used: {error}") from error


class Webhook(Guarded[WebhookAccess], Rollout, Restarting, Scaling):
    """Restart, roll back and scale, as whoever listens there does it."""

    section = "webhook"
    given = WebhookAccess

    def inventory(self) -> Inventory:
        """As it says itself; of an answer nothing but services is believed."""
        found = self._ask("GET", b"", uuid.uuid4().hex)
        services = found.get("services")
        try:
            parts = {name: Part.model_validate(one) for name, one in dict(services or {}).items()}
        except (ValidationError, ValueError, TypeError) as error:
            said = misfits(error)[0] if isinstance(error, ValidationError) else error
            raise ToolFailed(f"{self.access.url} does not say what there is: {said}") from error
        return Inventory(services=parts)

    def run_version(self, service: str, version: str) -> RolledOut:
        """Its action `roll back`, with `to_version`."""
        before = self._part(service).version
        receipt = RolledOut(service=service, before=before, version=version)
        return self._told(receipt, "roll back", service, to_version=version)

    def restart(self, service: str) -> Restarted:
        """Its action `restart`."""
        return self._told(Restarted(service=service), "restart", service)

    def scale(self, service: str, instances: int) -> Activated:
        """Its action `scale`, with `instances`."""
        receipt = Activated(service=service, before=self._part(service).instances)
        done = self._told(receipt, "scale", service, instances=instances)
        return done.model_copy(update={"active": self._part(service).instances})

    def restore(self, was: Activated) -> Activated:
        """As many as before."""
        return self.scale(was.service, len(was.before))

    def _part(self, service: str) -> Part:
        return self.inventory().service(service)

    def _told(self, receipt: R, action: str, service: str, **parameters: Any) -> R:
        self.open(f"{action} of {service}, as it is done behind {self.access.url}")
        key = KEY.get() or uuid.uuid4().hex
        told = {"action": action, "service": service, "parameters": parameters, "key": key}
        try:
            answer = self._ask("POST", json.dumps(told, sort_keys=True).encode(), key)
            done = Receipt.model_validate(answer)
        except (Unheard, ValidationError) as error:
            raise Halfway(f"what became of it nobody said: {error}", receipt) from error
        return receipt.model_copy(update=done.model_dump())

    def _ask(self, method: str, content: bytes, key: str) -> dict[str, Any]:
        at = str(int(time.time()))
        signed = signature(self.access.secret, key, at, content)
        heads = {"webhook-id": key, "webhook-timestamp": at, "webhook-signature": signed}
        heads |= {"content-type": "application/json"} if content else {}
        known = {"content": content, "headers": heads}
        found = asked(self.access.url, method, self.access.url, {}, self.access.timeout_s, **known)
        return found if isinstance(found, dict) else {}


def signature(secret: bytes, key: str, at: str, content: bytes) -> str:
    """Of one request: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`
    (https://www.standardwebhooks.com)."""
    signed = b".".join([key.encode(), at.encode(), content])
    return f"v1,{base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()}"
