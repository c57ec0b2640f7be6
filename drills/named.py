"""The drills of a world that have a name."""

from collections.abc import Mapping

from ..errors import NotFound
from .fault import Fault
from .faults import FAULTS
from .surprise.draw import announced
from .surprise.mechanism import ground
from .world import SHOP, WORLDS, world


def named(name: str = SHOP) -> Mapping[str, Fault]:
    """Every one of a world by its name, in the order of the score table. Raises NotFound."""
    if name not in WORLDS:
        raise NotFound(f"no world {name!r} to drill in; there are: {', '.join(WORLDS)}")
    own = FAULTS if name == SHOP else {one: announced(one, name) for one in world(name).faults}
    return {**own, **{one: announced(one, name) for one in ground(name).besides}}
