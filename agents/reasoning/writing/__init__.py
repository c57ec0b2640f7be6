"""Postmortem and messages in a model's words: every sentence checked against the record."""

from .messages import rewrite_messages
from .postmortem import rewrite_postmortem

__all__ = ["rewrite_messages", "rewrite_postmortem"]
