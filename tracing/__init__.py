"""Traces of what a response does, and where they go."""
