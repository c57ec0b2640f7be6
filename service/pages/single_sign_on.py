"""Signing in with an OpenID provider: authorization code, PKCE, state and nonce by Authlib.

What a sign-in that is under way needs lies in a signed cookie of ten minutes, so that it may end on
another server than it began. The cookie's key is made from the client's secret, which all have.
"""

import hashlib
import logging
from typing import Any

import httpx
import httpx2
import jmespath
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App
from fastapi import FastAPI
from joserfc.errors import JoseError
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...app.signing_in import Oidc
from ...errors import InputError
from ...incident.identity import Vouched
from ...record.single_sign_on import Vouch, admit
from ...record.tokens import Role
from ..auth import own_place
from ..problems import Refused
from ..service import Service
from .signing_in import begun, form

BEGIN = "/sign-in/oidc"
UNDER_WAY_S = 600
PATIENCE_S = 10
FAILED = (
    *(AuthlibBaseError, JoseError, httpx.HTTPError, httpx2.HTTPError),
    *(RuntimeError, ValueError, KeyError),
)
"""What Authlib, whichever client it found, and the provider's answers end in."""
log = logging.getLogger(__name__)


def mount(app: FastAPI, service: Service, oidc: Oidc) -> None:
    """Its two addresses. Raises InputError for a secret that cannot be read."""
    way = SingleSignOn(oidc, service)
    key = hashlib.sha256(f"warroom sign-in {oidc.read_secret()}".encode()).hexdigest()
    kept = Middleware(
        SessionMiddleware,
        secret_key=key,
        session_cookie=f"{service.cookie}-oidc",
        max_age=UNDER_WAY_S,
        https_only=service.secure,
    )
    for path, step in ((BEGIN, way.begin), (f"{BEGIN}/callback", way.arrive)):
        app.router.routes.append(Route(path, step, middleware=[kept]))


class SingleSignOn:
    """One provider's two steps."""

    def __init__(self, oidc: Oidc, service: Service) -> None:
        self.oidc, self.service = oidc, service
        options = {
            "client_id": oidc.client_id,
            "client_secret": oidc.read_secret(),
            "server_metadata_url": f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration",
            "client_kwargs": {
                "scope": " ".join(oidc.scopes),
                "code_challenge_method": "S256",
                "timeout": PATIENCE_S,
            },
        }
        self.client: StarletteOAuth2App = OAuth().register("oidc", **options)

    async def begin(self, request: Request) -> Response:
        """To the provider; `next` is where they wanted to go."""
        try:
            await self._metadata()
            back = f"{self.service.configuration.server.url}{BEGIN}/callback"
            request.session["next"] = own_place(request.query_params.get("next", "/"))
            return await self.client.authorize_redirect(request, back)
        except FAILED as error:
            return self._said(request, error)

    async def arrive(self, request: Request) -> Response:
        """Back from there: who they are is checked, and their session begins."""
        try:
            vouch = self._vouch(await self._claims(request))
            answer = await run_in_threadpool(self._begun, request, vouch)
        except InputError as error:
            text = str(error)
            return self._no(request, f"{text[:1].upper()}{text[1:]}.", error)
        except FAILED as error:
            return self._said(request, error)
        request.session.clear()
        return answer

    def _begun(self, request: Request, vouch: Vouch) -> Response:
        who = self.service.identity(admit(self.service.accounts, vouch), Vouched.oidc)
        return begun(request, self.service, _place(request), who)

    async def _metadata(self) -> dict[str, Any]:
        """What the provider says of itself; signatures that anybody could make are none."""
        found = await self.client.load_server_metadata()
        if found.get("issuer") != self.oidc.issuer:
            raise RuntimeError(f"it calls itself {found.get('issuer')}, not {self.oidc.issuer}")
        usual = found.get("id_token_signing_alg_values_supported") or ["RS256"]
        signed = [each for each in usual if each[:2] in ("RS", "PS", "ES", "Ed")]
        found["id_token_signing_alg_values_supported"] = signed
        return found

    async def _claims(self, request: Request) -> dict[str, Any]:
        """What is signed of them, and what the provider says when it is asked itself."""
        metadata = await self._metadata()
        if request.query_params.get("iss", self.oidc.issuer) != self.oidc.issuer:
            raise RuntimeError("the answer came from another issuer")
        meant = {
            "iss": {"essential": True, "value": self.oidc.issuer},
            "aud": {"essential": True, "value": self.oidc.client_id},
        }
        token = await self.client.authorize_access_token(request, claims_options=meant)
        claims = token.get("userinfo")
        if not claims:
            raise RuntimeError("it sent no ID token")
        asked = jmespath.search(self.oidc.name_claim, claims)
        if (asked is None or self._groups(claims) is None) and "userinfo_endpoint" in metadata:
            more = await self.client.userinfo(token=token)
            if more.get("sub") != claims["sub"]:
                raise RuntimeError("it speaks of somebody else when it is asked")
            claims = {**more, **claims}
        return claims

    def _vouch(self, claims: dict[str, Any]) -> Vouch:
        """Raises InputError, which tells them why, for whoever stays outside."""
        name, by_address = jmespath.search(self.oidc.name_claim, claims), "email"
        if not isinstance(name, str) or not name:
            raise InputError(f"the provider does not say your {self.oidc.name_claim}")
        if self.oidc.name_claim == by_address and claims.get("email_verified") is not True:
            raise InputError(f"the provider has not verified {name}: verify it there first")
        groups = self._groups(claims) or []
        roles = [role for group, role in self.oidc.roles.items() if group in groups]
        role = max(roles, key=list(Role).index, default=self.oidc.default_role)
        if role is None:
            raise InputError(f"{name} is in no group that may sign in here: ask an administrator")
        mine = {team for group, team in self.oidc.teams.items() if group in groups}
        subject = f"{self.oidc.issuer} {claims['sub']}"
        return Vouch(subject, name.strip().lower(), role, mine if self.oidc.teams else None)

    def _groups(self, claims: dict[str, Any]) -> list[str] | None:
        found = jmespath.search(self.oidc.groups_claim, claims)
        return [found] if isinstance(found, str) else found if isinstance(found, list) else None

    def _said(self, request: Request, error: Exception) -> Response:
        """To whoever asks, what to do; why, in the log only."""
        why = WORDS.get(type(error).__name__, "its answer is not what it should be")
        text = f"{self.oidc.name} did not vouch for you ({why}): begin again on this page."
        return self._no(request, text, error)

    def _no(self, request: Request, problem: str, error: Exception) -> Response:
        log.warning("no sign-in by %s: %s: %s", self.oidc.issuer, type(error).__name__, error)
        return form(request, self.service, _place(request), Refused(403, problem))


def _place(request: Request) -> str:
    """Where they wanted to go."""
    return own_place(request.session.get("next", "/"))


WORDS = {
    "MismatchingStateError": "it was begun in another browser, or more than ten minutes ago",
    "OAuthError": "it said no",
    "ConnectError": "it does not answer",
    "ConnectTimeout": "it does not answer",
}
"""What went wrong, by the error's name."""
