"""Mail by SMTP: text and HTML in one, under an id that stays the same when it is sent again."""

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime

from ..errors import ToolFailed
from ..incident.communication import Message
from ..outgoing import read_secret
from ..text_safety.lines import one_line
from . import texts
from .configuration import Mail

log = logging.getLogger(__name__)
TIMEOUT_S = 15.0
"""For each answer of the server: a try ends long before somebody else takes the message."""


def send(mail: Mail, to: Sequence[str], message: Message, key: str, drill: bool = False) -> None:
    """Hand it to the server. Raises ToolFailed when not one address was taken, or it is unsure."""
    letter = written(mail, to, message, key, drill)
    with _session(mail) as session:
        if refused := session.send_message(letter, mail.sender, list(to)):
            log.warning("%s takes no mail for %s; others have it", mail.host, ", ".join(refused))


def check(mail: Mail) -> None:
    """Whether it answers and knows us; nothing is sent. Raises ToolFailed."""
    with _session(mail) as session:
        session.noop()


def written(
    mail: Mail, to: Sequence[str], message: Message, key: str, drill: bool = False
) -> EmailMessage:
    """The whole letter. key: of the outbox; the same one gives the same Message-ID, by which mail
    systems leave a second copy out. Raises ToolFailed for an address that is none."""
    letter = EmailMessage(POLICY)
    domain = mail.sender.rpartition("@")[2]
    try:
        letter["From"] = Address("Warroom", addr_spec=mail.sender)
        letter["To"] = [Address(addr_spec=one) for one in to]
        letter["Subject"] = texts.subject(message, drill)
    except (MessageError, ValueError, IndexError) as error:
        raise ToolFailed(f"no mail can be addressed to {', '.join(to)}: correct it") from error
    letter["Date"] = format_datetime(message.created_at)
    letter["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"  # no holiday's answer comes back (RFC 3834)
    letter["Content-Language"] = message.language
    note = f"{texts.EXERCISE[message.language]}\n\n" if drill else ""
    letter.set_content(note + texts.plain(message.body))
    letter.add_alternative(texts.page(message), subtype="html")
    return letter


@contextmanager
def _session(mail: Mail) -> Iterator[smtplib.SMTP]:
    """Connected, by TLS where that is set, and known. What goes wrong is told in words."""
    place = f"{mail.host}:{mail.port}"
    try:
        with _connected(mail) as session:
            if mail.username and mail.password_file:
                session.login(mail.username, read_secret(mail.password_file))
            yield session
    except smtplib.SMTPAuthenticationError as error:
        raise ToolFailed(f"{place} does not accept our login ({error.smtp_code})") from error
    except smtplib.SMTPRecipientsRefused as error:
        one, (code, words) = next(iter(error.recipients.items()))
        said = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
        raise ToolFailed(
            f"{place} takes no mail for {one}: {code} {one_line(said)[:200]}"
        ) from error
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error
        said = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise ToolFailed(f"{place} refused: {error.smtp_code} {one_line(said)[:200]}") from error
    except ssl.SSLError as error:
        raise ToolFailed(
            f"{place}: no TLS that we trust ({error.reason}): see `ca_file`"
        ) from error
    except smtplib.SMTPException as error:
        raise ToolFailed(f"{place}: {one_line(str(error))[:200]}") from error
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise ToolFailed(f"{place} cannot be reached ({said}): is it up?") from error


def _connected(mail: Mail) -> smtplib.SMTP:
    trust = None
    if mail.tls != "none":
        trust = ssl.create_default_context(cafile=mail.ca_file)
    if mail.tls == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT_S, context=trust)
    session = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_S)
    if trust is not None:
        session.starttls(context=trust)
    return session
