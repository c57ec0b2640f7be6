"""Runbooks: what they say, which fits an incident and why. Knows no store and no clock."""
