"""Surprise drills: faults that nobody announced, drawn by seed from parts."""

from .draw import Drawn, draw

__all__ = ["Drawn", "draw"]
