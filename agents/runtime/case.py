"""What a specialist works on: the document as it stands, a toolbox, the time, the attempt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ...actions.inventory import Inventory
from ...incident.document import Incident
from ...settings import Settings
from ...telemetry.model import Catalogue
from ...tools.base import Frame
from ...tools.toolbox import Toolbox


@dataclass(frozen=True)
class Case:
    """One specialist's view of one incident. The document is a copy: reports change it."""

    document: Incident
    tools: Toolbox
    catalogue: Catalogue
    frame: Frame
    inventory: Inventory
    settings: Settings
    now: datetime
    attempt: int = 1
    tell: Callable[[dict], None] = lambda _event: None
    """Tells people what goes on; nobody listens by default."""
