"""Many people at once, as different as they can be, and a campaign that treats each of them differently."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert

from outreach import consent
from outreach.audience import people
from outreach.audience.tables import Endpoint, EndpointState, Openness, PersonField, PersonState, PersonTag
from outreach.channels.contract import Variant
from outreach.consent import ConsentState, Line, Source
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import own_templates

NAME = "visits"

CAMPAIGN = """\
title: Visits
topic: tb
language: en
audience: {{all: [{{tag: on-treatment}}]}}
channels: [push, sms]
unread_after: 1h
hours: {{from: "08:00", to: "20:00"}}
expires: 6h
fields: [first_name, district]
steps:
  - id: hello
    template: visits/hello
    at: "{tomorrow} 19:30"
  - id: weekly
    template: visits/weekly
    every: "FREQ=DAILY;INTERVAL=2;COUNT=3"
    at: "09:00"
    channels: [sms]
  - id: refill
    template: visits/refill
    before: {{field: refill_date, days: 2}}
    at: "10:00"
"""

ENDING = CAMPAIGN[: CAMPAIGN.index("  - id: refill")]

TEMPLATES = {
    "hello.en": "Dear {{ first_name }}, we greet you. {% if district %}We are also in {{ district }}.{% endif %}",
    "hello.en.covert": "Hello {{ first_name|default('there') }}, see you soon.",
    "hello.fr": "Bonjour {{ first_name }}, à bientôt. " + "Nous vous attendons à la clinique. " * 3,
    "hello.fr.covert": "Bonjour, à bientôt.",
    "hello.en.push": "A message\nOpen the app to read it.",
    "weekly.en": "How are you, {{ first_name|default('friend') }}? Answer us when you can.",
    "weekly.fr": "Ça va œ " * 10,
    "refill.en": "Your visit is near: come in two days.",
    "refill.en.covert": "See you in two days.",
    "refill.en.push": "A message\nOpen the app to read it.",
}

_ZONES = {"Africa/Nairobi": 6, "Europe/Paris": 3, "America/New_York|America/Chicago": 1}
_HOURS = [(None, None)] * 6 + [(18 * 60, 20 * 60), (6 * 60, 7 * 60)]
_numbers = count(1)


def write(workspace: Workspace, now: datetime, campaign: str = CAMPAIGN) -> None:
    """Write the campaign and its templates, with a first step tomorrow."""
    folder = own_templates(workspace.folder) / "visits"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in TEMPLATES.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    text = campaign.format(tomorrow=(now + timedelta(days=1)).date())
    (workspace.folder / "campaigns" / f"{NAME}.yaml").write_text(text, encoding="utf-8")


def gather(workspace: Workspace, size: int, seed: int = 1) -> None:
    """Write so many people into the clinic; the same ones for the same seed."""
    chance = random.Random(seed)
    with workspace.database.write() as session:
        at = dialects.now(session)
        made = [_person(workspace, chance, at) for _ in range(size)]
        people.add(session, [each for each, _ in made])
        ids = [each.person["id"] for each, _ in made]
        session.execute(insert(PersonTag), [{"person_id": each, "tag": "on-treatment"} for each in ids])
        session.execute(insert(Endpoint), [row for _, rows in made for row in rows])
        session.execute(insert(PersonField), [row for each in ids for row in _fields(each, chance, at)])
        consent.record(session, [line for each in ids for line in _lines(each, chance, at)], at)


def _person(workspace: Workspace, chance: random.Random, at: datetime) -> tuple[people.Newcomer, list[dict[str, Any]]]:
    place = next(_numbers)
    zone = chance.choices(list(_ZONES), list(_ZONES.values()))[0]
    new = people.newcomer(
        workspace.vault,
        f"+2547{place:08d}",
        f"somebody-{place}",
        country=chance.choice(["KE", "KE", "FR", "ZZ"]),
        zone=zone,
        language=chance.choice(["en", "en", "fr", "sw"]),
        at=at,
    )
    hours_from, hours_to = chance.choice(_HOURS)
    new.person.update(hours_from=hours_from, hours_to=hours_to, openness=chance.choice(list(Openness)))
    new.person["state"] = chance.choices(list(PersonState), [19, 1])[0]
    new.endpoint["state"] = chance.choices(list(EndpointState), [17, 2, 1])[0]
    rows = []
    if chance.random() < 0.3:
        rows.append(
            people.endpoint(workspace.vault, new.person["id"], new.key, Variant.TOKEN, f"token-of-somebody-{place}", at)
            | {"state": chance.choices(list(EndpointState), [8, 1, 1])[0]}
        )
    return new, rows


def _fields(person_id: int, chance: random.Random, at: datetime) -> list[dict[str, Any]]:
    blank: dict[str, Any] = {"person_id": person_id, "text": None, "number": None, "day": None}
    rows = [blank | {"name": "district", "text": chance.choice(["kisumu", "a rather longer district " * 6])}]
    if chance.random() < 0.8:
        rows.append(blank | {"name": "first_name", "text": chance.choice(["Ana", "Wanjiru", "Zoë", ""])})
    if chance.random() < 0.7:
        rows.append(blank | {"name": "refill_date", "day": at.date() + timedelta(days=chance.randrange(-5, 120))})
    return rows


def _lines(person_id: int, chance: random.Random, at: datetime) -> list[Line]:
    def line(topic: str, state: ConsentState, until: datetime | None = None) -> Line:
        return Line(person_id, topic, state, Source.STAFF, until=until)

    return chance.choices(
        [
            [line("tb", ConsentState.GRANTED)],
            [line("tb", ConsentState.PAUSED, at - timedelta(days=1))],
            [line("tb", ConsentState.PAUSED, at + timedelta(days=300))],
            [line("tb", ConsentState.INVITED)],
            [line("hiv", ConsentState.GRANTED)],
            [line("tb", ConsentState.GRANTED), line(consent.ALL, ConsentState.REVOKED)],
            [line("tb", ConsentState.GRANTED), line(consent.ALL, ConsentState.GRANTED)],
        ],
        [14, 1, 1, 1, 1, 1, 1],
    )[0]
