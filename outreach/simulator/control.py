"""JSON for tests, checkers and demonstrations: what was taken, who is out there, what the weather is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from outreach.errors import ConflictError
from outreach.simulator.carrier import Carrier
from outreach.simulator.handsets import Handset, Power
from outreach.simulator.options import Script, Weather

router = APIRouter(prefix="/simulator")

_LINES = "SELECT * FROM log WHERE id > ? ORDER BY id LIMIT ?"


class NewHandset(BaseModel):
    """A handset to add or to find: by its number, its push token, or both."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    number: str | None = Field(None, pattern=r"^\+[1-9]\d{6,14}$")
    token: str | None = Field(None, min_length=1)
    script: Script | None = None
    name: str = Field("", max_length=40)
    featured: bool = False

    @model_validator(mode="after")
    def _has_an_address(self) -> NewHandset:
        if not self.number and not self.token:
            raise ValueError("give a number, a token or both")
        return self


class Change(BaseModel):
    """What is to be different about a handset; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    script: Script | None = None
    power: Power | None = None
    blocked: bool | None = None
    name: str | None = Field(None, max_length=40)
    featured: bool | None = None


class Text(BaseModel):
    """A text that a handset writes."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    text: str = Field(min_length=1, max_length=1600)


@router.get("/log")
async def log(request: Request, after: int = 0, limit: int = Query(10_000, ge=1, le=100_000)) -> list[dict[str, Any]]:
    """Lines of the log with an id above `after`, oldest first. A `call` with a `sid` was taken, whatever came back."""
    return [dict(row) for row in await _carrier(request).journal.read(_LINES, after, limit)]


@router.get("/figures")
async def figures(request: Request) -> dict[str, dict[str, int]]:
    """Counts since the log began."""
    return _carrier(request).figures()


@router.get("/weather")
async def weather(request: Request) -> Weather:
    """The present weather."""
    return _carrier(request).sky.weather


@router.put("/weather")
async def change_weather(request: Request, weather: Weather) -> Weather:
    """Another weather from now on; what is not named is fine."""
    _carrier(request).sky.weather = weather
    return weather


@router.get("/handsets")
async def handsets(request: Request) -> list[dict[str, Any]]:
    """Every handset that was ever written to or added, without its addresses."""
    carrier = _carrier(request)
    return [_shown(carrier, handset) for handset in carrier.book]


@router.post("/handsets", status_code=201)
async def add_handset(request: Request, new: NewHandset) -> dict[str, Any]:
    """Add a handset, or find the one that has these addresses."""
    carrier = _carrier(request)
    try:
        handset = carrier.enrol(new.number, new.token, new.script)
    except ConflictError as conflict:
        raise HTTPException(409, str(conflict)) from None
    handset.name, handset.featured = new.name or handset.name, new.featured or handset.featured
    carrier.changed(handset)
    await carrier.journal.kept()
    return _shown(carrier, handset)


@router.put("/handsets/{handset_id}")
async def change_handset(request: Request, handset_id: str, change: Change) -> dict[str, Any]:
    """Give a handset another script, switch it, block us on it, name it."""
    carrier = _carrier(request)
    handset = found(carrier, handset_id)
    if change.script is not None:
        handset.play(change.script)
    for name, value in change.model_dump(exclude_none=True, exclude={"script"}).items():
        setattr(handset, name, value)
    carrier.changed(handset)
    await carrier.journal.kept()
    return _shown(carrier, handset)


@router.post("/handsets/{handset_id}/texts", status_code=201)
async def write(request: Request, handset_id: str, text: Text) -> dict[str, str]:
    """The handset writes to the clinic."""
    carrier = _carrier(request)
    try:
        return {"sid": await carrier.say(found(carrier, handset_id), text.text)}
    except ConflictError as conflict:
        raise HTTPException(409, str(conflict)) from None


def found(carrier: Carrier, handset_id: str) -> Handset:
    """The handset with this id. Raises 404."""
    handset = carrier.book.get(handset_id)
    if handset is None:
        raise HTTPException(404, "No handset goes by this id. GET /simulator/handsets lists them.")
    return handset


def _shown(carrier: Carrier, handset: Handset) -> dict[str, Any]:
    return {
        "id": handset.id,
        "name": handset.name,
        "script": handset.script,
        "power": handset.power,
        "blocked": handset.blocked,
        "stopped": handset.stopped,
        "featured": handset.featured,
        "sms": handset.number is not None,
        "push": handset.token is not None,
        "waiting": carrier.network.waiting(handset),
    }


def _carrier(request: Request) -> Carrier:
    carrier: Carrier = request.app.state.carrier
    return carrier
