"""The incident document, evidence and grounding, events, and our own tables."""
