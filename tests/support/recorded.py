"""Bundles that the drills recorded of themselves, for tests: one line to unpack one."""

from warroom.evals.incidents.recordings import unpacked

__all__ = ["unpacked"]
