"""Slack: one message an incident that shows how it stands, a thread of what changed, decisions."""
