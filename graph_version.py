"""Which graph a run began in, and whether another one continues it.

A checkpoint names the nodes that are to run next. LangGraph ends a run silently when it does not
know one of them; so a run whose graph has changed since is looked at first: it goes on where every
node that it waits in is still there and its state can be read, a renamed node under its new name.
"""

import hashlib
import json
from functools import cache
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.graph.state import CompiledStateGraph, StateGraph
from langgraph.types import StateSnapshot
from pydantic import ValidationError

from .errors import StoreError

RENAMED: dict[str, str] = {}
"""Nodes that have another name now: {"old": "new"}. A phase (a graph of its own) cannot be renamed
while incidents wait in it."""
TO, JOIN = "branch:to:", "join:"
"""How LangGraph names the channels that start one node, and one after several."""

Graph = CompiledStateGraph[Any, Any, Any, Any]


class Misfit(StoreError):
    """An incident waits in a graph that this one does not continue; a person has to look."""


def version_of(graph: Graph) -> str:
    """Twelve hex digits over nodes, edges and state fields, of the phases too."""
    return _version_of(graph.builder)


@cache  # drawing it takes as long as some steps, and one is built for all that is worked
def _version_of(built: StateGraph[Any, Any, Any, Any]) -> str:
    drawn = built.compile().get_graph(xray=True)
    edges = sorted([e.source, e.target, str(e.data or "")] for e in drawn.edges)
    fields = built.state_schema.model_json_schema().get("properties", {})
    shape = [sorted(drawn.nodes), edges, {name: _kind(each) for name, each in fields.items()}]
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:12]


def _kind(schema: dict[str, Any]) -> str:
    return str(schema.get("type", "any"))


def fitted(graph: Graph, config: RunnableConfig, renamed: dict[str, str] | None = None) -> None:
    """See that the graph continues the run that waits under this config; nodes that have another
    name now are renamed in its checkpoints. Raises Misfit, which says what is missing."""
    names = RENAMED if renamed is None else renamed
    saver = graph.checkpointer
    assert isinstance(saver, BaseCheckpointSaver)
    try:
        snapshot = graph.get_state(config, subgraphs=True)
        if snapshot.values:
            graph.builder.state_schema.model_validate(snapshot.values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise Misfit(
            f"it was begun by another version, whose state has no fitting {field!r}; {CURE}"
        ) from error
    if snapshot.values:
        _fit(graph, saver, config, snapshot, names)


CURE = "go on with that version, or close it and open it anew with `warroom triage`"


def _fit(
    graph: Graph,
    saver: BaseCheckpointSaver[Any],
    config: RunnableConfig,
    snapshot: StateSnapshot,
    names: dict[str, str],
) -> None:
    """One level, then the phases in it that are not over."""
    kept = saver.get_tuple(config)
    if kept is None:
        return
    missing = {node for node in _pending(kept) if node not in graph.nodes}
    lost = {node for node in missing if names.get(node) not in graph.nodes}
    lost |= {node for node in _written(kept) if node not in graph.nodes}
    if lost:
        told = ", ".join(sorted(lost))
        raise Misfit(f"it waits in {told}, which this version does not have; {CURE}")
    if missing:
        _rename(saver, kept, names)
    phases = dict(graph.get_subgraphs())
    for task in snapshot.tasks:
        phase, inner = phases.get(task.name), task.state
        if isinstance(phase, CompiledStateGraph) and isinstance(inner, StateSnapshot):
            _fit(phase, saver, inner.config, inner, names)


def _pending(kept: CheckpointTuple) -> set[str]:
    """Nodes that are to run next, by the channels that start them; joins count with what they
    start."""
    found: set[str] = set()
    for channel in kept.checkpoint["channel_values"]:
        if channel.startswith(TO):
            found.add(channel.removeprefix(TO))
        elif channel.startswith(JOIN):
            found.add(channel.rpartition(":")[2])
    return found


def _written(kept: CheckpointTuple) -> set[str]:
    """Nodes that a step names which is done and not yet followed."""
    channels = [channel for _task, channel, _value in kept.pending_writes or []]
    return {channel.removeprefix(TO) for channel in channels if channel.startswith(TO)}


def _rename(saver: BaseCheckpointSaver[Any], kept: CheckpointTuple, names: dict[str, str]) -> None:
    """Write the checkpoint again, with the nodes under their new names."""
    checkpoint = kept.checkpoint.copy()
    for part in ("channel_values", "channel_versions"):
        checkpoint[part] = {_channel(k, names): v for k, v in kept.checkpoint[part].items()}
    seen = kept.checkpoint["versions_seen"].items()
    checkpoint["versions_seen"] = {
        names.get(node, node): {_channel(k, names): v for k, v in versions.items()}
        for node, versions in seen
    }
    if changed := kept.checkpoint.get("updated_channels"):
        checkpoint["updated_channels"] = [_channel(name, names) for name in changed]
    above = kept.parent_config or {"configurable": _without_id(kept.config)}
    saver.put(above, checkpoint, kept.metadata, checkpoint["channel_versions"])


def _without_id(config: RunnableConfig) -> dict[str, Any]:
    place = config.get("configurable", {})
    return {name: each for name, each in place.items() if name != "checkpoint_id"}


def _channel(name: str, names: dict[str, str]) -> str:
    """A channel's name after its nodes were renamed."""
    if name.startswith(TO):
        node = name.removeprefix(TO)
        return TO + names.get(node, node)
    if name.startswith(JOIN):
        before, _, after = name.removeprefix(JOIN).rpartition(":")
        parts = "+".join(names.get(node, node) for node in before.split("+"))
        return f"{JOIN}{parts}:{names.get(after, after)}"
    return name
