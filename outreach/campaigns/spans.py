"""A YAML text as a tree whose nodes know from where to where they stand, so that one of them can be replaced alone.

Only for texts that `source` has read without a fault: no anchors, no tags, no empty values, one document.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from outreach.campaigns.source import Plain, resolved


class Shape(Enum):
    """What a node is."""

    SCALAR = "scalar"
    MAPPING = "mapping"
    SEQUENCE = "sequence"


@dataclass(slots=True)
class Node:
    """One value. `start` and `end` are offsets in the text; of a block, `end` is where its last scalar ends."""

    shape: Shape
    start: int
    end: int
    flow: bool = False  # written in brackets or braces
    value: Plain = None
    key: tuple[int, int] | None = None  # from where to where the key stands whose value this is
    entries: dict[str, Node] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)


def tree(text: str) -> Node:
    """The tree of a text that holds one sound document."""
    events = iter(YAML(typ="safe", pure=True).parse(text))
    for event in events:
        if isinstance(event, MappingStartEvent | SequenceStartEvent | ScalarEvent):
            return _node(event, events, text)
    return Node(Shape.SCALAR, 0, 0)


def _node(event: Event, events: Iterator[Event], text: str) -> Node:
    start = event.start_mark.index
    if isinstance(event, MappingStartEvent):
        return _mapping(Node(Shape.MAPPING, start, start, bool(event.flow_style), {}), events, text)
    if isinstance(event, SequenceStartEvent):
        return _sequence(Node(Shape.SEQUENCE, start, start, bool(event.flow_style), []), events, text)
    return _scalar(event, text) if isinstance(event, ScalarEvent) else Node(Shape.SCALAR, start, start)


def _scalar(event: ScalarEvent, text: str) -> Node:
    start, end = event.start_mark.index, event.end_mark.index
    if event.style in {"|", ">"}:  # the mark of a block of text stands on the next line
        end = start + len(text[start:end].rstrip())
    plain: Plain = event.value if not event.implicit[0] else resolved(str(event.value))
    return Node(Shape.SCALAR, start, end, value=plain)


def _mapping(node: Node, events: Iterator[Event], text: str) -> Node:
    value: dict[str, Plain] = {}
    while not isinstance(event := next(events), MappingEndEvent):
        key = _node(event, events, text)
        inner = _node(next(events), events, text)
        inner.key = (key.start, key.end)
        name = str(getattr(event, "value", ""))  # as it stands, whatever it looks like
        node.entries[name] = inner
        value[name] = inner.value
        node.end = inner.end
    node.value = value
    node.end = event.end_mark.index if node.flow else node.end
    return node


def _sequence(node: Node, events: Iterator[Event], text: str) -> Node:
    while not isinstance(event := next(events), SequenceEndEvent):
        inner = _node(event, events, text)
        node.items.append(inner)
        node.end = inner.end
    node.value = [each.value for each in node.items]
    node.end = event.end_mark.index if node.flow else node.end
    return node
