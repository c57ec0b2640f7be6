"""Benchmarks and studies; in the source tree only, not installed."""
