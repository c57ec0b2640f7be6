"""The shape of a lesson."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One piece of work: what, how urgent (1 to 3), of which kind, whose."""

    title: str
    priority: int
    kind: str = "fix"
    owner: str = ""  # empty: the team of the guilty service


@dataclass(frozen=True)
class Lesson:
    """What one kind of fault teaches. Texts may use {service} and {change}."""

    question: str  # "why was it possible", for the review to answer
    prevention: tuple[Item, ...]
    hardening: tuple[Item, ...]
    signals: tuple[str, ...]  # worth an early warning, best first
    runbook: str
    chaos: str
    steady: str  # what must hold while the chaos scenario runs
    slo: str
