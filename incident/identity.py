"""Who decides: an identity that something vouches for, never a free string.

A name says who it is to people; who vouches for it (a token, the operating system, our own code)
is part of it, and goes into the audit log. What code does in its own name nobody else can claim.
"""

import os
import pwd
from dataclasses import dataclass
from enum import StrEnum

from ..errors import InputError
from .communication import REPLACED_BY

NOBODY = "nobody"
"""Decides what expires."""
OURSELVES = "warroom"
AUTOMATIC = "(automatic)"
"""Stands in the name of every commander that is code."""
LONGEST = 80
"""Characters of a name."""


class Vouched(StrEnum):
    """By what an identity is known to be genuine."""

    token = "token"  # who holds a token of this name
    account = "account"  # who signed in with the password of this account
    oidc = "oidc"  # who signed in with a provider that vouches for them
    slack = "slack"  # who is known in the workspace as the person of this account
    link = "link"  # who has the link that a page brought; it acknowledges one incident
    terminal = "terminal"  # who may use this home, as the operating system says
    rule = "rule"  # a rule of the policy, by its hash
    automatic = "automatic"  # a commander of drills and evaluations, that is code
    receiver = "receiver"  # a sender of alerts that signed as its receiver demands
    warroom = "warroom"  # Warroom itself


PERSONS = (Vouched.token, Vouched.account, Vouched.oidc, Vouched.slack, Vouched.terminal)
CODE = (Vouched.rule, Vouched.automatic, Vouched.warroom)
BREAK_GLASS = "break-glass"


def _is_code(name: str) -> bool:
    plain = name.strip().casefold()
    return plain in (NOBODY, OURSELVES, REPLACED_BY) or AUTOMATIC in plain


@dataclass(frozen=True)
class Identity:
    """Somebody who may be named in a decision. Raises InputError for a name that is not theirs."""

    name: str
    vouched: Vouched
    account: str = ""  # of the operating system; empty: the name is the account
    break_glass: bool = False  # under the account for when nothing else works

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.name.isprintable() or len(self.name) > LONGEST:
            raise InputError(f"give a name of 1 to {LONGEST} printable characters")
        if _is_code(self.name) is not (self.vouched in CODE):
            raise InputError(f"{self.name!r} is a name that only code decides under; give your own")

    def __str__(self) -> str:
        """As the audit log has it: "token:ann", "terminal:ann as on-call commander"."""
        as_whom = f" as {self.name}" if self.account and self.account != self.name else ""
        mark = f" ({BREAK_GLASS})" if self.break_glass else ""
        return f"{self.vouched}:{self.account or self.name}{as_whom}{mark}"

    @property
    def person(self) -> str:
        """The same for the same person, whatever role they name and however they signed in."""
        kind = "person" if self.vouched in PERSONS else self.vouched
        return f"{kind}:{(self.account or self.name).casefold()}"


def token_holder(name: str) -> Identity:
    """Whoever holds the token of this name, once it was checked."""
    return Identity(name, Vouched.token)


def at_terminal(name: str) -> Identity:
    """Whoever runs this process, in this role."""
    uid = os.geteuid()
    try:
        account = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user without an entry
        account = f"uid {uid}"
    return Identity(name, Vouched.terminal, account)


def automatic(what: str) -> Identity:
    """A commander that is code: "drill commander" becomes "drill commander (automatic)"."""
    return Identity(f"{what} {AUTOMATIC}", Vouched.automatic)


def receiver(name: str) -> Identity:
    """A sender of alerts, once its delivery was authenticated."""
    return Identity(name, Vouched.receiver)


COMMS = Identity(REPLACED_BY, Vouched.warroom)
"""Withdraws a text that a newer one replaces."""
WARROOM = Identity(OURSELVES, Vouched.warroom)
"""Carries out what was approved."""
