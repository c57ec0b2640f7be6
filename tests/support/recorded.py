"""Bundles that the drills recorded of themselves, for tests: one line to unpack one."""

from warroom.evals.incidents.cases import unpacked

__all__ = ["unpacked"]
