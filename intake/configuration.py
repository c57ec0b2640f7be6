"""`receivers:` of warroom.yaml: who may send alerts, how it is known to be them, what their words
mean. Authentication in the words of Prometheus' http_config; secrets stand in files, several of
them while they are changed, and are read anew for each delivery.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from ..errors import StoreUnavailable
from ..incident.severity import Severity
from ..telemetry.alerts import MOST_BYTES
from ..yaml_tables import Entry
from .authentication import SIGNATURES, Request, Signature, bears, knows, shows
from .mapping import Mapping, vendors

Kind = Literal[
    "alertmanager",
    "grafana",
    "pagerduty",
    "sentry",
    "datadog",
    "opsgenie",
    "cloudwatch",
    "cloudevents",
    "generic",
]
Files = tuple[Path, ...]
GROUPING = ("alertmanager", "grafana", "cloudevents", "generic")
MOST_OF_ONE = 1_000_000
"""Bytes of a delivery of those that send one alert at a time."""


class Authorization(Entry):
    """The Authorization header: `Bearer` and a secret."""

    type: str = Field("Bearer", description="its scheme")
    credentials_file: Path | None = Field(None, description="holds the credentials")
    credentials_files: Files = Field((), description="several: any of them counts")

    @property
    def files(self) -> Files:
        """All of them."""
        return (
            *self.credentials_files,
            *([self.credentials_file] if self.credentials_file else []),
        )


class BasicAuth(Entry):
    """A user and a password."""

    username: str = Field(description="as the sender gives it")
    password_file: Path | None = Field(None, description="holds the password")
    password_files: Files = Field((), description="several: any of them counts")

    @property
    def files(self) -> Files:
        """All of them."""
        return (*self.password_files, *([self.password_file] if self.password_file else []))


class SecretHeader(Entry):
    """A header that the sender was told to send, for those that sign nothing."""

    name: str = Field("X-Warroom-Secret", description="of the header")
    secret_files: Files = Field(min_length=1, description="any of them counts")


class Receiver(Entry):
    """Takes deliveries of one sender at /hooks/NAME."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="last part of its URL")
    type: Kind = Field(description="whose webhook it is")
    authorization: Authorization | None = Field(None, description="an Authorization header")
    basic_auth: BasicAuth | None = Field(None, description="user and password")
    header: SecretHeader | None = Field(None, description="a header with a secret")
    signing_secret_files: Files = Field((), description="for senders that sign; any counts")
    signature_header: str = Field("", description="Grafana: another header of the signature")
    timestamp_header: str = Field("", description="Grafana: the header of the signed time")
    topics: tuple[str, ...] = Field((), description="CloudWatch: TopicArn that may send")
    unauthenticated: bool = Field(False, description="whoever can reach it may send")
    severity: dict[str, Severity] = Field(
        default_factory=dict, description="what the sender's words mean: {critical: P1}"
    )
    mapping: Mapping | None = Field(None, description="generic: where each part of an alert stands")

    @field_validator("severity")
    @classmethod
    def _any_case(cls, value: dict[str, Severity]) -> dict[str, Severity]:
        return {word.strip().casefold(): level for word, level in value.items()}

    @model_validator(mode="after")
    def _known_sender(self) -> Self:
        ways = (self.authorization, self.basic_auth, self.header, self.signing_secret_files)
        if self.type == "cloudwatch":
            if not self.topics:
                raise ValueError("name in `topics` which TopicArn may send")
        elif not any(ways) and not self.unauthenticated:
            raise ValueError(
                "say how its sender is known: `authorization`, `basic_auth`, `header` or "
                "`signing_secret_files`; or `unauthenticated: true`, if only it can reach this"
            )
        if self.signing_secret_files and self.type not in SIGNATURES:
            raise ValueError(f"{self.type} signs nothing: give `authorization` or `header`")
        if self.mapping and self.type not in ("generic", "cloudevents"):
            raise ValueError(f"how {self.type} writes is known: leave `mapping` out")
        return self

    @property
    def reads(self) -> Mapping | None:
        """How its bodies are read; None: as Alertmanager's, Grafana's or the plain format."""
        return self.mapping or vendors().get(self.type)

    @property
    def most_bytes(self) -> int:
        """Longest body, inflated: a storm in one delivery where the sender groups alerts."""
        return MOST_BYTES if self.type in GROUPING else MOST_OF_ONE

    def knows(self, request: Request) -> bool:
        """Whether the headers are those of a known sender, in each way that is configured: asked
        before a body is read. Raises StoreUnavailable where a secret cannot be read.
        """
        checks = []
        if one := self.authorization:
            checks.append(bears(request, one.type, read_secrets(one.files)))
        if one := self.basic_auth:
            checks.append(knows(request, one.username, read_secrets(one.files)))
        if one := self.header:
            checks.append(shows(request, one.name, read_secrets(one.secret_files)))
        return all(checks)

    def signed(self, request: Request, now: float) -> bool:
        """Whether the body is signed as it has to be. SNS's signature is looked at elsewhere.

        Raises StoreUnavailable where a secret cannot be read.
        """
        if not self.signing_secret_files:
            return True
        return self._signature.fits(request, read_secrets(self.signing_secret_files), now)

    @property
    def _signature(self) -> Signature:
        own = SIGNATURES[self.type]
        header = self.signature_header or own.header
        return Signature(header, own.prefix, self.timestamp_header or own.timestamp)


def read_secrets(files: Files) -> list[bytes]:
    """What is in them, without blanks around it; one that is gone is left out.

    Raises StoreUnavailable where none is left: the sender tries again, and nothing is lost.
    """
    found, missing = [], ""
    for file in files:
        try:
            found.append(file.read_bytes().strip())
        except OSError as error:
            missing = f"{file}: {error.strerror}"
    if not any(found):
        raise StoreUnavailable(f"{missing or 'a secret is empty'}; write the secret there")
    return [secret for secret in found if secret]
