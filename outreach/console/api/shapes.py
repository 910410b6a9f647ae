"""What the API answers. People are pseudonyms, everything else is an id; no number, no token, no name of a person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """Base of every answer: made from our own values by their names."""

    model_config = ConfigDict(from_attributes=True)


class Person(Shape):
    """Somebody, as a list shows her."""

    pseudonym: str
    language: str
    country: str
    manner: str = Field(description="How openly she is written to: covert, request, open.")
    tags: list[str]
    topics: list[str] = Field(description="Topics that she agrees to now.")
    stopped: bool = Field(description="She said STOP to everything.")
    replied_at: datetime | None


class Whole(Person):
    """Somebody with what staff know of her."""

    zone: str
    hours: str
    fields: dict[str, str | int | float | date | None]
    reach: dict[str, int] = Field(description="How many ways there are to reach her that work: sms, push.")


class People(Shape):
    """A page of people."""

    data: list[Person]
    next: str | None


class Agreement(Shape):
    """One line of the consent ledger. `topic` is `*` where it stands for all."""

    topic: str
    state: str
    at: datetime
    until: datetime | None
    source: str
    wording: str


class Consent(Shape):
    """What somebody agreed to: every line, oldest first, and what holds now."""

    pseudonym: str
    topics: list[str]
    stopped: bool
    ledger: list[Agreement]


class Proposal(Shape):
    """What waits for a second person, or was decided."""

    id: int
    state: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None


class Campaign(Shape):
    """A campaign's file and where it stands. `title` is empty where the file has faults."""

    name: str
    title: str
    topic: str
    state: str | None = Field(description="Of the newest run; null: never launched.")
    launched_at: datetime | None


class WholeCampaign(Campaign):
    """A campaign with its newest proposal and run."""

    proposal: Proposal | None
    run: int | None


class Campaigns(Shape):
    """A page of campaigns."""

    data: list[Campaign]
    next: str | None


class Amount(Shape):
    """Messages as they would be planned, those that can go, the parts of SMS among them, and their price."""

    planned: int
    messages: int
    parts: int
    cost: float


class PlanDay(Shape):
    """One day of a plan."""

    day: date
    total: Amount


class PlanRefusal(Shape):
    """Why something would not be sent. `people`: null where it lies in the hours."""

    reason: str
    name: str
    people: int | None
    messages: int


class Plan(Shape):
    """What a campaign would do if it were launched now. Nothing is sent or written by asking."""

    campaign: str
    at: datetime
    until: datetime
    ends: bool
    people: int
    languages: dict[str, int]
    total: Amount
    kinds: dict[str, Amount]
    steps: dict[str, Amount]
    days: list[PlanDay]
    currency: str
    exact: bool
    refused: list[PlanRefusal]


class Turned(Shape):
    """A run that was turned. `messages`: that are held, wait again, or will not go."""

    campaign: str
    run: int
    state: str
    messages: int


class Launched(Shape):
    """A run that has begun."""

    campaign: str
    run: int


class Proposed(Shape):
    """A proposal that was made; a second person approves it in the console."""

    campaign: str
    proposal: int


class Tally(Shape):
    """What became of a run's messages. Why, and what people did, is in the reports, where small groups are hidden."""

    planned: int
    waiting: int
    sent: int
    delivered: int
    undelivered: int
    unknown: int
    failed: int
    refused: int
    cancelled: int
    expired: int
    parts: int
    cost: float


class Run(Shape):
    """One launched campaign."""

    id: int
    campaign: str
    topic: str
    state: str
    launched_by: str
    launched_at: datetime
    changed_at: datetime
    tally: Tally


class Runs(Shape):
    """A page of runs, the newest first."""

    data: list[Run]
    next: str | None


class ReportName(Shape):
    """A report that can be asked for."""

    name: str
    title: str
    about: str
    filters: list[str]


class Reports(Shape):
    """Every report that this token may read."""

    data: list[ReportName]
    next: None = None


class Report(Shape):
    """A report's rows and totals. A figure that could give somebody away is null and named under `hidden`."""

    report: str
    title: str
    currency: str
    rows: list[dict[str, Any]]
    total: dict[str, Any]


class Thread(Shape):
    """One anonymous conversation, as a list shows it."""

    id: int
    pseudonym: str
    language: str
    programme: str
    topic: str
    state: str
    hold: bool = Field(description="Perhaps a wish to stop: staff decide.")
    urgent: str
    wants_call: bool
    mark: str
    stopped: bool
    assignee: str
    opened_at: datetime
    waiting_since: datetime | None
    closed_at: datetime | None
    outcome: str


class Threads(Shape):
    """A page of conversations: danger first, then whoever waits longest."""

    data: list[Thread]
    next: str | None


class Text(Shape):
    """One text of a conversation, without numbers and names, as helpers read it."""

    id: int
    who: str
    at: datetime
    text: str
    state: str
    by: str


class Conversation(Thread):
    """A conversation. `last`: the id of its last text, which a reply must name."""

    last: int
    earlier: bool
    texts: list[Text]


class Replied(Shape):
    """An answer that is queued, ahead of every bulk message."""

    thread: int
    message: int


class Verdict(Shape):
    """What became of one row. `row`: its place in what was sent, from 0."""

    row: int
    outcome: str
    reason: str | None
    column: str
    remedy: str
    pseudonym: str | None


class Verdicts(Shape):
    """What became of all rows, in their order."""

    dry_run: bool
    outcomes: dict[str, int]
    verdicts: list[Verdict]


class Recorded(Shape):
    """What was written in the ledger: `changed` is false where it stands already, or her own word stands against it."""

    pseudonym: str
    topic: str
    changed: bool
    note: str | None
