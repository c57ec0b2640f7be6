"""More forms of secrets, known to detect-secrets; asked for by WARROOM_MASK_EXTRA."""

import re
import threading
from collections.abc import Callable, Iterable

from ..errors import InputError

PLUGINS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "CloudantDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "IbmCloudIamDetector",
    "IbmCosHmacDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SoftlayerDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)
"""What knows a form. Entropy is left out: it would take trace ids and hashes for secrets."""
Scan = Callable[[str], Iterable[tuple[str, str]]]
"""Values in a text that are secret, each with what it is."""
TURN = threading.Lock()
"""The library keeps its settings in one place for the whole process."""


def nothing(_text: str) -> Iterable[tuple[str, str]]:
    """No further look."""
    return ()


def detect_secrets() -> Scan:
    """A scan by detect-secrets. Raises InputError where it is not installed."""
    try:
        from detect_secrets.core.scan import scan_line
        from detect_secrets.settings import transient_settings
    except ImportError as error:
        raise InputError(
            "WARROOM_MASK_EXTRA needs detect-secrets: install warroom[masking], or unset it"
            " (our own patterns always apply)"
        ) from error
    settings = {"plugins_used": [{"name": name} for name in PLUGINS], "filters_used": []}

    def scan(text: str) -> Iterable[tuple[str, str]]:
        with TURN, transient_settings(settings):
            lines = text.splitlines()
            found = {(s.secret_value, s.type) for line in lines for s in scan_line(line)}
        return [(value, _label(kind)) for value, kind in sorted(found, key=str) if value]

    return scan


def _label(kind: str) -> str:
    return re.sub(r"[^a-z]+", " ", kind.lower()).strip()
