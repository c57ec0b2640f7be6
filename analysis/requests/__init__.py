"""Requests: spans and the lines they wrote, compared between a healthy time and now."""
