"""Faults that nobody had announced, answered again from recordings.

What a live surprise takes two minutes for takes seconds here: the same questions about severity,
place, words and noise, asked of the playbooks on what was recorded. What an action did cannot be
replayed; whether the first one asked for would do harm can.
"""
