"""Evidence: one record per tool call, its payload addressed by content.

The document holds references; payloads lie beside it in the store, under their digest.
"""

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field, JsonValue

SHOWN = 12
"""Hex digits of a digest that people are shown; what binds is the whole of it."""


class EvidenceStatus(StrEnum):
    """How the tool call ended. An empty or failed call is evidence too."""

    ok = "ok"
    empty = "empty"
    failed = "failed"


class Evidence(BaseModel):
    """What was asked, of what time range, and what came back."""

    id: str = Field(description="E1, E2, … within the incident")
    tool: str = Field(description="the tool's name")
    query: dict[str, JsonValue] = Field(description="the exact arguments of the call")
    start: datetime | None = Field(
        default=None, description="begin of the time range asked for, UTC"
    )
    end: datetime | None = Field(default=None, description="end of the time range asked for, UTC")
    collected_at: datetime = Field(description="when the call was made, UTC")
    collected_by: str = Field(description="the specialist that called")
    status: EvidenceStatus = Field(description="ok, empty or failed")
    rows: int = Field(default=0, description="rows in the payload")
    summary: str = Field(default="", description="one line: what came back")
    digest: str = Field(description="SHA-256 of the payload's canonical JSON")


class Quote(BaseModel):
    """A value lifted from a piece of evidence, and where it stands there."""

    evidence: str = Field(description="the evidence id")
    pointer: str = Field(
        default="", description="RFC 6901 pointer into the payload; empty: anywhere in the payload"
    )
    value: str | float | int | bool | None = Field(description="the value as quoted")


def canonical(payload: Any) -> bytes:
    """The payload as canonical JSON bytes: sorted keys, no blanks, no NaN."""
    text = json.dumps(
        payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def short(digest: str) -> str:
    """The beginning of a digest, as people are shown it: enough to name it by."""
    return digest[:SHOWN]


def digest(payload: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return digest_of(canonical(payload))


def digest_of(text: bytes) -> str:
    """SHA-256 of canonical JSON, in hex."""
    return hashlib.sha256(text).hexdigest()
