"""Who asks: a bearer token, whose role says what it may. The token's name is who decided.

    observer    reads
    responder   and takes part: resumes, silences, merges, stops effects
    commander   and decides: approves, rejects, edits, lets effects go on
    admin       and gives out tokens, checks the audit log

What a token may not, and one that does not exist, are told apart by nothing but 403 and 401.
"""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ..record.tokens import Role, Token
from .problems import Refused
from .service import Service, service_of

BEARER = HTTPBearer(auto_error=False, description="a token of `warroom token create`")
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


def _who(request: Request, service: Annotated[Service, Depends(service_of)], given: Given) -> Token:
    """The token's owner. Raises Refused: 401 without one that is alive, 429 after too many."""
    address = request.client.host if request.client else ""
    if (wait := service.attempts.wait(address)) > 0:
        raise Refused(429, "too many wrong tokens from this address: wait", retry_after_s=wait)
    token = service.tokens.find(given.credentials) if given else None
    if token is None:
        if given:
            service.attempts.failed(address)
        raise Refused(401, "send `Authorization: Bearer …` with a token that is alive")
    return token


def _may(needed: Role) -> Any:
    def check(who: Annotated[Token, Depends(_who)]) -> Token:
        if not who.role.may(needed):
            raise Refused(403, f"this takes a token of the role {needed} or above")
        return who

    return Depends(check)


Sender = Annotated[Token, _may(Role.sender)]
Observer = Annotated[Token, _may(Role.observer)]
Responder = Annotated[Token, _may(Role.responder)]
Commander = Annotated[Token, _may(Role.commander)]
Admin = Annotated[Token, _may(Role.admin)]
