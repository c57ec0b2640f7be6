"""What may leave the house: what the floor's public templates could say, in other words.

Those templates print times, the share of requests hurt, the components as customers know them,
what customers may meet and whether it is over. They never name a cause, a system behind the
components, a supplier, a version, a host, evidence, a person or a sum, and promise nothing.
"""

import re
from collections.abc import Iterable

from ....faults import faults
from ...reporting.briefing import Briefing
from .causality import CAUSAL
from .check import named

MACHINE = re.compile(
    r"\b[\w-]+[./_:@\\][\w-]+|\b\w+-\w+|\b[a-z]+[A-Z]\w*|\b[A-Z]{2,}\d*\b|\b[A-Z]\d+\b"
    r"|\b[0-9a-f]{7,}\b|https?|www",
    re.ASCII,
)
"""Hosts, paths, addresses, identifiers, capitals, ids."""
PROPER = re.compile(r"(?<=[\w,;] )[A-Z][A-Za-z]+\b", re.ASCII)
"""A capitalised word within a sentence: a name."""
PROMISE = re.compile(
    r"\b(?:guarantee\w*|promise\w*|compensat\w*|refund\w*|credits?|liab\w+|never again|will not"
    r"|won't|ensure\w*|shortly|soon)\b|保证|承诺|赔偿|补偿|退款|绝不|不会再|很快|马上|确保",
    re.IGNORECASE,
)
DATA = re.compile(
    r"\b(?:data|accounts?|passwords?|personal|privacy|breach\w*|leak\w*|hack\w*|security|lost|stolen"
    r"|revenue|money)\b|数据|账户|账号|密码|个人信息|隐私|泄[漏露]|黑客|安全|丢失|被盗|收入",
    re.IGNORECASE,
)
FOUND = re.compile(
    r"\b(?:found|identified|know|located)\b.{0,30}\bcause|\bcause.{0,20}(?:found|identified|known)"
    r"|定位|找到.{0,6}原因|原因.{0,6}找到",
    re.IGNORECASE,
)
OPERATIONS = re.compile(
    r"\b(?:restart|roll(?:ed|ing)? ?back|rollback|revert|scal(?:e|ed|ing)|throttl\w+"
    r"|block(?:ed|ing)?|fail(?:ed)? ?over|switch(?:ed)? (?:to|over)|server|cluster|instance"
    r"|process|pod|container|backend|code|bug|exception|engineer\w*|team|operator)s?\b"
    r"|重启|回滚|扩容|限流|屏蔽|切换|服务器|集群|实例|进程|容器|后端|代码|缺陷|异常堆栈|工程师|团队",
    re.IGNORECASE,
)


def leak(text: str, briefing: Briefing, public: str, inner: Iterable[str]) -> str:
    """What in a public sentence stays inside; empty: nothing.

    Args:
        text: the sentence.
        briefing: of the document.
        public: all that the floor tells this audience; words of it are no secret.
        inner: names of systems, suppliers, teams and people.
    """
    for name in inner:
        if len(name) > 2 and _names(name, text) and not _names(name, public):
            return f"{name} is not named outside"
    strange = [w for p in (MACHINE, PROPER) for w in p.findall(text) if not named(w, public)]
    if strange:
        return f"{', '.join(strange)} is not told outside"
    return _matter(text, briefing)


def _names(name: str, text: str) -> bool:
    """Whether a text holds a name, also as customers would spell it."""
    return named(name, text) or named(re.sub(r"[-_]", " ", name), text)


def _matter(text: str, briefing: Briefing) -> str:
    """Causes, operations, data, promises: nothing for the public unless the templates say it."""
    hopeful = FOUND.search(text) and briefing.cause
    named_faults = [f.kind for f in faults().values() if f.named and f.named.search(text)]
    if named_faults or OPERATIONS.search(text):
        return "causes and operations are not told outside"
    if CAUSAL.search(text) and not (hopeful or re.search(r"looking for|查找|排查", text)):
        return "causes are not told outside"
    if FOUND.search(text) and not briefing.cause:
        return "no cause is found"
    if PROMISE.search(text):
        return "it promises what nobody decided"
    return "it speaks of data, accounts or money" if DATA.search(text) else ""
