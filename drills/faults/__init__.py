"""The twelve faults of the drill: truly injected, truly curable, announced by nothing."""

from .fault import Cure, Fault, Symptom, Truth
from .registry import FAULTS

__all__ = ["FAULTS", "Cure", "Fault", "Symptom", "Truth"]
