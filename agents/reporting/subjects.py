"""Subject lines: level, id and stage inside the house; outside only what customers know."""

from ...incident.communication import EXTERNAL, Audience
from ...prompts.formats import zh
from ...prompts.neutral import plain
from .briefing import Briefing

STAGES = {
    "declared": ("declared", "已宣布"),
    "update": ("update", "进展"),
    "resolved": ("resolved", "已解决"),
    "noise": ("closed, no action", "已关闭，无需操作"),  # noqa: RUF001 (Chinese punctuation)
}
OUTSIDE = {
    "declared": ("Service disruption: {what}", "服务异常：{what}"),  # noqa: RUF001
    "update": ("Update on the disruption: {what}", "服务异常进展：{what}"),  # noqa: RUF001
    "resolved": ("Resolved: {what}", "已解决：{what}"),  # noqa: RUF001
}


def subject(briefing: Briefing, audience: Audience, template: str, language: str) -> str:
    """One line of plain text, at most 120 characters."""
    which = 1 if language == "zh" else 0
    if template.startswith("security_disclosure"):
        return f"安全公告 {briefing.id}" if which else f"Security notice {briefing.id}"
    if audience in EXTERNAL:
        ours = "我们的服务" if which else "our service"
        what = ", ".join(briefing.components) or ours
        return plain(OUTSIDE[briefing.stage][which].format(what=what), 120)
    level = zh(briefing.severity) if which else briefing.severity
    stage = STAGES[briefing.stage][which]
    return plain(f"[{level}] {briefing.id} {stage}: {briefing.title}", 120)
