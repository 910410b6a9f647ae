"""A key from which leaves can be cut for good: one root gives every person's wrapping key, until hers is cut out.

A Goldreich-Goldwasser-Micali tree (J. ACM 33(4), 1986), punctured as in Boneh and Waters (ASIACRYPT 2013): a node's two
children are hashes of it, a leaf is reached by the bits of its number. To cut a leaf out, the nodes on the way to it
are replaced by their siblings. Every other leaf can still be reached, this one never again, however the rest is
combined: a backup of the database then holds nothing of hers that the remaining tree opens.

Nodes are numbered as in a heap: 1 is the root, n has the children 2n and 2n+1.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

KEY = 32  # bytes of every node
DEPTH = 63  # bits of a leaf's number
_FIRST = 1 << DEPTH  # the heap's number of leaf 0


@dataclass(frozen=True, slots=True)
class KeyTree:
    """The nodes that are left. Never changed: cutting gives another tree."""

    nodes: Mapping[int, bytes] = field(repr=False)

    @classmethod
    def new(cls) -> KeyTree:
        """A fresh tree, whole."""
        return cls({1: secrets.token_bytes(KEY)})

    def leaf(self, number: int) -> bytes | None:
        """The key of a leaf, 32 bytes. None when it was cut out."""
        place = _FIRST | number
        height = self._reach(place)
        if height is None:
            return None
        key = self.nodes[place >> height]
        for level in range(height - 1, -1, -1):
            key = _child(key, place >> level & 1)
        return key

    def holds(self, number: int) -> bool:
        """Whether a leaf was not cut out."""
        return self._reach(_FIRST | number) is not None

    def without(self, numbers: Collection[int]) -> KeyTree:
        """The tree with these leaves cut out; those that are out already change nothing."""
        nodes = dict(self.nodes)
        rest = KeyTree(nodes)
        for number in numbers:
            place = _FIRST | number
            height = rest._reach(place)
            if height is None:
                continue
            key = nodes.pop(place >> height)
            for level in range(height - 1, -1, -1):
                bit = place >> level & 1
                nodes[(place >> level) ^ 1] = _child(key, 1 - bit)
                key = _child(key, bit)
        return rest

    def cut(self) -> Iterator[int]:
        """The leaves that were cut out, in order."""
        end = 0
        for start, width in sorted(map(_span, self.nodes)):
            yield from range(end, start)
            end = start + width
        yield from range(end, _FIRST)

    @property
    def missing(self) -> int:
        """How many leaves were cut out."""
        return _FIRST - sum(width for _, width in map(_span, self.nodes))

    def dump(self) -> dict[str, str]:
        """As JSON: the node's number in hexadecimal, its key in base64."""
        return {f"{place:x}": base64.b64encode(key).decode() for place, key in self.nodes.items()}

    @classmethod
    def parse(cls, raw: Mapping[str, str]) -> KeyTree:
        """Read what `dump` wrote. Raises ValueError, TypeError or AttributeError when it is something else."""
        nodes = {int(place, 16): base64.b64decode(key, validate=True) for place, key in raw.items()}
        if any(len(key) != KEY for key in nodes.values()) or not all(0 < place < 2 * _FIRST for place in nodes):
            raise ValueError("not the nodes of a tree")
        return cls(nodes)

    def _reach(self, place: int) -> int | None:
        """How many levels above a leaf the node is from which it can be reached."""
        return next((height for height in range(DEPTH + 1) if place >> height in self.nodes), None)


def _child(key: bytes, bit: int) -> bytes:
    return hashlib.sha256(bytes((bit,)) + key).digest()


def _span(place: int) -> tuple[int, int]:
    """The first leaf under a node, and how many there are."""
    height = DEPTH + 1 - place.bit_length()
    return (place << height) - _FIRST, 1 << height
