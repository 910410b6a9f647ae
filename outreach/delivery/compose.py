"""From a claimed row to a text on its way: opens the endpoint, picks the body, writes it.

One bad person fails alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from outreach import parts
from outreach.audience import people
from outreach.audience.recipients import Recipient
from outreach.audience.tables import Openness, Person
from outreach.channels.acks import acknowledgement
from outreach.channels.contract import Kind, Outgoing, Variant
from outreach.delivery.facts import Claim, Facts, RunFacts
from outreach.errors import KeyringError, OutreachError
from outreach.messages import templates
from outreach.messages.samples import system_text
from outreach.messages.status import Purpose
from outreach.messages.templates import RenderError, Template
from outreach.privacy.vault import Vault, unseal
from outreach.settings import Settings


@dataclass(frozen=True, slots=True)
class Written:
    """A message ready to hand over, and what it will cost: parts, and their price."""

    claim: Claim
    outgoing: Outgoing
    parts: int
    cost: float


@dataclass(slots=True)
class Composed:
    """A batch after writing: what can go, and what cannot be written (a poison message fails alone)."""

    written: list[Written] = field(default_factory=list)
    failed: list[Claim] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pen:
    """What writing needs besides facts. `keys`: people's own keys, opened."""

    settings: Settings
    ack_key: bytes = field(repr=False)
    keys: dict[int, bytes] = field(repr=False)


def compose(claims: Sequence[Claim], facts: Facts, pen: Pen) -> Composed:
    """Write every claimed message."""
    composed = Composed()
    for claim in claims:
        try:
            composed.written.append(_write(claim, facts, pen))
        except (OutreachError, LookupError, ValueError):
            composed.failed.append(claim)
    return composed


def keys_of(session: Session, vault: Vault, ids: Sequence[int]) -> dict[int, bytes]:
    """The keys of people. Where one of them is unreadable the others are still opened: only she gets nothing."""
    try:
        return people.keys_of(session, vault, ids)
    except KeyringError:
        if len(ids) == 1:
            return {}
    half = len(ids) // 2
    return keys_of(session, vault, ids[:half]) | keys_of(session, vault, ids[half:])


def _write(claim: Claim, facts: Facts, pen: Pen) -> Written:
    person = facts.people[claim.person_id]
    endpoint = facts.endpoints[(person.id, claim.kind)]
    key = pen.keys[person.id]
    title, text = _text(claim, person, facts, pen, key)
    outgoing = Outgoing(
        id=claim.id,
        kind=Kind(claim.kind),
        variant=Variant(endpoint.variant),
        to=people.value_of(key, endpoint),
        title=title,
        text=text,
        lifetime=_lifetime(claim, facts.at),
        ack=acknowledgement(pen.ack_key, claim.id) if claim.kind == Kind.PUSH else "",
    )
    count = parts.count(text).parts if claim.kind == Kind.SMS else 1
    return Written(claim, outgoing, count, cost_of(claim.kind, person.country, count, pen.settings))


def _lifetime(claim: Claim, at: datetime) -> int:
    return max(1, int((claim.expires_at - at).total_seconds()))


def _text(claim: Claim, person: Recipient, facts: Facts, pen: Pen, key: bytes) -> tuple[str, str]:
    if claim.body is not None:
        return "", unseal(key, claim.body, "message", "body", claim.dedupe_key)
    if claim.purpose in _BY_ITSELF:
        return "", _by_itself(claim, person, pen.settings)
    if claim.run_id is None:
        raise KeyError("neither a body nor a run")
    return text_of(claim, person, facts.runs[claim.run_id], facts.fields.get(person.id, {}), pen.settings)


#: Texts that are the same for everybody, and stand nowhere before they are sent.
_BY_ITSELF = {Purpose.KNOCK: "knock", Purpose.QUESTION: "question"}


def _by_itself(claim: Claim, person: Recipient, settings: Settings) -> str:
    """Where she has a word of her own, not even how to ask is said: she knows it."""
    name = "wave" if claim.purpose == Purpose.KNOCK and person.safe_word is not None else _BY_ITSELF[claim.purpose]
    values = {"clinic": settings.clinic}
    return system_text(name, person.language, values, settings.workspace, fallback=settings.language)


def text_of(
    claim: Claim, person: Person | Recipient, run: RunFacts, fields: dict[str, object], settings: Settings
) -> tuple[str, str]:
    """Title (push only) and text of a campaign message for one person. Raises RenderError."""
    frozen = run.frozen
    template = _thawed(frozen.steps[claim.step].template, _Frozen(frozen.templates))
    openness = Openness(person.openness)
    body = template.choose(Kind(claim.kind), person.language, frozen.language, openness)
    if body is None:
        raise RenderError(f"{template.name}: no body for {claim.kind} in this language or in {frozen.language}.")
    if (
        openness is Openness.COVERT
        and body.openness is not Openness.COVERT
        and frozen.topic in settings.sensitive_topics
    ):
        raise RenderError(f"{template.name}: a sensitive topic without a covert body. Add one.")
    rendered = templates.compile(body).render({**fields, "clinic": settings.clinic})
    return rendered.title, rendered.text


def cost_of(kind: str, country: str, count: int, settings: Settings) -> float:
    """What so many parts to a country cost."""
    if kind != Kind.SMS:
        return 0.0
    return count * settings.prices.get(country, settings.prices.get("*", 0.0))


class _Frozen:
    """Frozen templates as a cache key: the parsed run is kept once in each process, so identity is equality."""

    __slots__ = ("templates",)

    def __init__(self, templates: dict[str, dict[str, Any]]) -> None:
        self.templates = templates

    def __hash__(self) -> int:
        return id(self.templates)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and other.templates is self.templates


@lru_cache(maxsize=256)
def _thawed(name: str, frozen: _Frozen) -> Template:
    return Template.thaw(frozen.templates[name])
