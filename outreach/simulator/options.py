"""What the carrier accepts, who lives behind its numbers, and how bad its weather is. All times are seconds."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class Script(StrEnum):
    """How the person behind a handset behaves."""

    QUIET = "quiet"  # reads, changes nothing
    ANSWERS = "answers"
    STOPS = "stops"
    ASKS_HELP = "asks_help"
    LANDLINE = "landline"  # 30006
    UNREACHABLE = "unreachable"  # 30003 after a while
    UNKNOWN = "unknown"  # 30005
    ROAMING = "roaming"  # gets everything, late
    OFF = "off"  # until somebody switches it on
    OUT_OF_COVERAGE = "out_of_coverage"
    BLOCKED = "blocked"  # 30004
    APP_REMOVED = "app_removed"  # push: UNREGISTERED
    APP_SILENT = "app_silent"  # push is taken, the app never acknowledges


CAST: dict[Script, float] = {
    Script.QUIET: 0.62,
    Script.ANSWERS: 0.18,
    Script.STOPS: 0.03,
    Script.ASKS_HELP: 0.02,
    Script.LANDLINE: 0.02,
    Script.UNREACHABLE: 0.03,
    Script.UNKNOWN: 0.02,
    Script.ROAMING: 0.02,
    Script.OFF: 0.01,
    Script.OUT_OF_COVERAGE: 0.01,
    Script.BLOCKED: 0.01,
    Script.APP_REMOVED: 0.01,
    Script.APP_SILENT: 0.02,
}


class Span(BaseModel):
    """A stretch of seconds; what happens takes a time drawn evenly from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    least: Seconds = 0
    most: Seconds = 0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise ValueError("`least` must not be above `most`")
        return self


class Weather(BaseModel):
    """The mishaps of the wire. The default is a fine day; every share is of API calls or of receipts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api: Span = Field(Span(), description="How long the API thinks before it answers.")
    receipts: Span = Field(Span(), description="How long after the fact a receipt leaves.")
    loss: Share = Field(0, description="Receipts that never leave.")
    duplicate: Share = Field(0, description="Receipts sent twice.")
    reordered: Share = Field(0, description="Receipts held back until later ones have overtaken them.")
    early: Share = Field(0, description="Calls whose first receipt arrives before the API's answer.")
    throttle: Share = Field(0, description="Calls answered 429; never taken.")
    throttle_for: Seconds = Field(0, description="Answer every call 429 for this long after the weather was set.")
    retry_after: int = Field(1, ge=0, description="What a 429 says in Retry-After.")
    server_error: Share = Field(0, description="Calls answered 503.")
    reset: Share = Field(0, description="Calls whose connection is torn down without an answer.")
    black_hole: Share = Field(0, description="Calls that are never answered.")
    taken: Share = Field(0.5, description="Of calls that end in a 503, a reset or silence: taken all the same.")

    @model_validator(mode="after")
    def _one_mishap_a_call(self) -> Self:
        if self.throttle + self.server_error + self.reset + self.black_hole > 1:
            raise ValueError("throttle, server_error, reset and black_hole together must not pass 1")
        return self


class Options(BaseModel):
    """One carrier. Empty lists of numbers, services and projects accept any."""

    model_config = ConfigDict(extra="forbid")

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    auth_token: SecretStr
    numbers: list[str] = []  # ours, E.164; the first one is written to by handsets that never got a text
    services: list[str] = []  # Messaging Service ids
    projects: list[str] = []  # Firebase project ids
    inbound_url: str  # the clinic's POST /hooks/twilio/inbound
    ack_url: str  # the clinic's POST /hooks/push/ack
    log: Path  # SQLite file: what was taken and what is still owed
    seed: int = 0
    cast: dict[Script, Annotated[float, Field(ge=0)]] = CAST  # weights, not necessarily adding up to 1
    weather: Weather = Weather()
    network: Span = Span(least=0.2, most=1.0)  # from the API to the handset
    thinking: Span = Span(least=2, most=15)  # from reading to answering
    tempo: float = Field(1.0, gt=0)  # networks and people are this much faster
    answer_every: int = Field(6, ge=2)  # a person who answered reads so many texts before the next answer
    carrier_stop: bool = False  # the carrier itself acts on STOP and START, as Twilio does by default
    featured: int = Field(6, ge=1, le=60)  # handsets on the page

    @model_validator(mode="after")
    def _somebody_is_home(self) -> Self:
        if not sum(self.cast.values()):
            raise ValueError("`cast` needs at least one script with a share above 0")
        return self
