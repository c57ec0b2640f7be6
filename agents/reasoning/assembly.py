"""Puts a model on top of the playbooks where one is configured.

Metered (budget, record) > Masked > what models/assembly.py builds
"""

from collections.abc import Callable

from ...incident.model_use import ModelCall
from ...incident.store import Store
from ...models.assembly import describe, model_from, specialist_models
from ...models.budget import Budget
from ...models.masked import Masked
from ...models.masking import Mask
from ...models.metered import Metered
from ...models.protocol import Model
from ...models.spending import Spending
from ...settings import Settings
from ..runtime.model_layer import ModelLayer, PlaybookOnly
from .layer import Thinking


def model_layer_of(settings: Settings, store: Store, model: Model | None = None) -> ModelLayer:
    """The model layer that the settings describe; the playbooks alone where they describe none.

    Args:
        settings: which model, its limits and prices.
        store: keeps what is spent, with the incidents.
        model: another one than the settings', for evaluations.
    """
    model = model or model_from(settings)
    if model is None:
        return PlaybookOnly()
    masks: dict[str, Mask] = {}
    masked = Masked(model, lambda incident: masks.setdefault(incident, Mask()))
    budget = Budget(settings, Spending(store.engine))
    names = specialist_models(settings)

    def model_for(_specialist: str, listen: Callable[[ModelCall], None]) -> Model:
        return Metered(masked, budget, listen, names=names)

    return Thinking(model_for, store, settings, _note(settings, model))


def _note(settings: Settings, model: Model) -> str:
    where = describe(settings) or model.name
    return f"{where} on top of the playbooks; where it has no answer, they do"
