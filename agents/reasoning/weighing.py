"""How much a model's reason counts: by what kind of evidence it quotes, never by what it says.

Weights are log-odds, as in analysis/fusion.py, chosen by reasoning: a measured share counts in
proportion; text that outsiders can write counts little, so no log line can make a cause likely.
One observation counts once: the strongest reason per tool, and none for a tool whose rows the
playbook has weighed already.
"""

from collections.abc import Iterable
from typing import Any

from ...analysis.fusion import Signal, fuse
from ...incident.finding import Argument, Hypothesis
from .proof import Proof, names

STRENGTH: dict[str, tuple[float, str]] = {
    "failure_origins": (2.0, "share"),
    "origin": (1.0, "share"),
    "slow_operations": (1.5, "share"),
    "error_groups": (1.0, ""),
    "compare_signals": (1.0, ""),
    "call_edges": (1.0, ""),
    "growth": (1.0, ""),
    "saturation": (1.0, ""),
    "slow_queries": (1.0, ""),
    "recent_changes": (0.8, ""),
    "backup_differences": (1.0, ""),
    "auth_failures": (0.8, ""),
    "traffic": (0.8, ""),
    "instance_load": (0.8, ""),
    "log_patterns": (0.4, ""),
}
"""Log-odds of a tool's full observation, and the field (0..1) that says how full it was."""
OTHERWISE = 0.3
"""Evidence that anybody who can send a request may have written, or that says little."""
MOST = 2.5
"""All a model's reasons together: alone they make a cause likely, never certain."""
MOST_BESIDE = 1.0
"""What they may add to, or take from, a cause that the playbook has weighed already."""


def weigh(proof: Proof, argument: Argument, service: str) -> float:
    """Log-odds of one reason, above zero, from the strongest value it quotes."""
    return max((_strength(proof, quote, service) for quote in argument.quotes), default=0.0)


def _strength(proof: Proof, quote: Any, service: str) -> float:
    record = proof.evidence[quote.evidence]
    rows = proof.rows(quote)
    if not rows or not names(rows[0], service):
        return 0.0  # true, and about somebody else
    strength, field = STRENGTH.get(record.tool, (OTHERWISE, ""))
    share = rows[0].get(field) if field else 1.0
    value = float(share) if isinstance(share, (int, float)) else 0.0
    return strength * min(1.0, max(0.0, value))


def counted(
    proof: Proof, arguments: Iterable[Argument], service: str, known: set[str], most: float
) -> list[Argument]:
    """The arguments with their weights: once per tool, nothing twice, capped in all.

    Args:
        known: tools that the playbook's own reasons for this cause rest on.
        most: the cap on their sum.
    """
    seen, left, kept = set(known), most, []
    for argument in sorted(arguments, key=lambda a: -weigh(proof, a, service)):
        tools = {proof.evidence[q.evidence].tool for q in argument.quotes}
        weight = 0.0 if tools & seen else min(left, weigh(proof, argument, service))
        seen |= tools
        left -= weight
        kept.append(argument.model_copy(update={"weight": round(weight, 2)}))
    return kept


def fused_again(hypotheses: list[Hypothesis]) -> list[Hypothesis]:
    """The hypotheses with confidences from all their arguments, most likely first."""
    signals = {
        f"{h.service} {h.kind.value}": [
            Signal(a.text, abs(a.weight), 1.0, supports=a.weight > 0)
            for a in (*h.support, *h.contradiction)
        ]
        for h in hypotheses
    }
    found = {v.hypothesis: v.probability for v in fuse(signals).ranking}
    scored = [
        h.model_copy(update={"confidence": round(found[f"{h.service} {h.kind.value}"], 3)})
        for h in hypotheses
    ]
    return sorted(scored, key=lambda h: (bool(h.ruled_out), -h.confidence))
