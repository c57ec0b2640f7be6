"""The shop: a small web store made of independent HTTP services."""
