"""Postmortem and messages in a model's words: every sentence checked against the record."""
