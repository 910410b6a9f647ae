"""One step of a campaign, as staff write it: which message, and exactly one way of saying when."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import cached_property, reduce
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, model_validator

from outreach.audience.filters import Day, FieldName
from outreach.campaigns.timing import At, Duration, Fixed, Recurring, Relative, Rule, Timing, fault
from outreach.channels.contract import Kind
from outreach.errors import worded

NAME = r"^[a-z0-9][a-z0-9-]{0,59}$"

Name = Annotated[StrictStr, Field(pattern=NAME)]
Channels = Annotated[
    tuple[Kind, ...],
    Field(
        min_length=1,
        max_length=2,
        description="How to reach people, in order: each next one if the one before stays unread or is not to be had.",
        examples=[["push", "sms"], ["sms"]],
    ),
]


class OnUnknown(StrEnum):
    """What becomes of a message of which nobody knows whether it went out."""

    HOLD = "hold"  # never sent again
    RESEND = "resend"  # sent again once, when the provider's list does not show it


class Written(BaseModel):
    """A part of the file. Unknown keys are faults; never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


class FromDate(Written):
    """Days counted from a date that each person has in a field of her own."""

    field: FieldName = Field(description="A date field of people.", examples=["refill_date"])
    days: StrictInt = Field(ge=0, le=730, description="How many days; 0 is the day itself.", examples=[3])


class Step(Written):
    """One message of the campaign, and when it is due."""

    id: Name = Field(description="The step's name in plans and reports; unique in the campaign.", examples=["welcome"])
    template: StrictStr = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$",
        max_length=120,
        description="The message: the path of its files below templates/, without language and ending.",
        examples=["tb/welcome"],
    )
    at: At
    every: Rule | None = None
    from_: Day | None = Field(None, alias="from", description="First day for `every`; else counted from the launch.")
    before: FromDate | None = Field(None, description="So many days before a person's date.")
    after: FromDate | None = Field(None, description="So many days after a person's date.")
    on_unknown: OnUnknown = Field(
        OnUnknown.HOLD,
        description="If nobody knows whether a message went out: hold (never twice) or resend (once, when not found).",
    )
    expires: Duration | None = Field(None, description="Too old to be useful after this long; else the campaign's.")
    channels: Channels | None = Field(None, description="How to reach people with this step; else the campaign's.")

    @cached_property
    def timing(self) -> Timing:
        """When the step is due."""
        if isinstance(self.at, datetime):
            return Fixed(self.at)
        if self.every is not None:
            return Recurring(self.every, self.at, self.from_)
        if self.before is not None:
            return Relative(self.before.field, -self.before.days, self.at)
        if self.after is not None:
            return Relative(self.after.field, self.after.days, self.at)
        raise ValueError(f"step {self.id} has no timing")  # validation refuses such a step

    @model_validator(mode="after")
    def _one_timing(self) -> Step:
        given = [key for key in ("every", "before", "after") if getattr(self, key) is not None]
        dated = isinstance(self.at, datetime)
        if len(given) > 1:
            problem = worded(
                "Step `%(id)s` is timed by %(what)s.",
                id=self.id,
                what=reduce(_and_by, given),
            )
            raise fault(problem, worded("Keep one; make another step of the other."))
        if given and dated:
            raise fault(
                worded("Step `%(id)s` has a day in `at` beside `%(what)s`.", id=self.id, what=given[0]),
                worded('Write the time only: at: "09:00".'),
            )
        if not given and not dated:
            remedy = worded('Write at: "2026-12-01 09:00", or add `every`, `before` or `after`.')
            raise fault(worded("Step `%(id)s` has a time but no day.", id=self.id), remedy)
        return self

    @model_validator(mode="after")
    def _sound_days(self) -> Step:
        if self.from_ is not None and self.every is None:
            remedy = worded("Delete `from`, or say how often with `every`.")
            raise fault(worded("Step `%(id)s` has `from` without `every`.", id=self.id), remedy)
        day = self.at if isinstance(self.at, datetime) else self.from_
        if day is not None and not 2000 <= day.year < 2200:
            raise fault(
                worded("Step `%(id)s` is in the year %(year)s.", id=self.id, year=day.year), worded("Correct the year.")
            )
        return self


def _and_by(one: str, other: str) -> str:
    return worded("%(one)s and by %(other)s", one=one, other=other)
