"""A small real shop, faults truly injected, and the score of a response to them."""
