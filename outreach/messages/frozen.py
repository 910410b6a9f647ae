"""What a run was launched with, as the sending path needs it. Stored as JSON in `run.frozen`;
never changed afterwards.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from outreach.channels.contract import Kind


class FrozenStep(BaseModel):
    """One step: which template, and what holds for its messages."""

    model_config = ConfigDict(frozen=True)

    template: str
    channels: tuple[Kind, ...]
    expires: int  # seconds after it is due
    on_unknown: Literal["hold", "resend"] = "hold"
    field: str = ""  # the person's date that the step hangs on; empty for fixed and recurring steps


class Frozen(BaseModel):
    """A run's definition and texts. Hours are minutes after local midnight."""

    model_config = ConfigDict(frozen=True)

    campaign: str
    title: str
    topic: str
    language: str  # where a person's own has no text
    hours: tuple[int, int]
    unread_after: int  # seconds until a push that was not read becomes a text
    stop_steps: bool  # whether an answer ends the remaining steps
    wait: bool = True  # while she waits for an answer about the topic
    thread: str  # the programme whose helpers read answers
    steps: dict[str, FrozenStep]
    templates: dict[str, dict[str, Any]]  # `messages.templates.Template.freeze()` by name
    definition: dict[str, Any]  # the file as it was, for people and for planning
