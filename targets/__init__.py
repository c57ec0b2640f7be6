"""Adapters over capabilities: what a running system lets us do."""
