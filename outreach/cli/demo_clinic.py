"""The throw-away clinic of the demo: made-up people, one campaign that begins now, and settings that point at the
simulator.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from outreach.messages.samples import copy
from outreach.privacy.keyring import Keyring
from outreach.staff import accounts
from outreach.staff.accounts import New
from outreach.staff.roles import Role
from outreach.workspace import Workspace

ZONE = "Africa/Nairobi"
CAMPAIGN = "demo"
TOPIC = "tb"
TOKEN = "made-up-for-the-demo"  # noqa: S105

#: Prefixes of mobile numbers, by country; all of them keep Nairobi's time, so that one wall time is one moment.
PREFIXES = ("+25471", "+25472", "+25479", "+25677", "+25575")
LANGUAGES = {"en": 5, "sw": 4, "fr": 1}

_DEFINITION = """\
# The demo's campaign: the first two messages of TB treatment support, {gap} seconds apart.
title: TB treatment support
topic: {topic}
language: en
audience:
  all: [{{tag: on-treatment}}]
channels: [push, sms]
unread_after: {unread}s
hours: {{from: "00:00", to: "24:00"}}
expires: 1h
replies: {{wait: false}}             # a clinic lets a campaign wait while somebody waits for its answer; here both show
steps:
  - id: welcome
    template: tb/welcome
    on_unknown: resend               # what a killed demo had in its hands goes out after all, once nobody has it
    at: "{first:%Y-%m-%d %H:%M:%S}"
  - id: every-day
    template: tb/every-day
    on_unknown: resend
    at: "{second:%Y-%m-%d %H:%M:%S}"
"""


def found(folder: Path) -> None:
    """Make the clinic's folder: templates, keys and .env. What is there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    copy("templates", folder)
    (folder / "campaigns").mkdir(exist_ok=True)
    if not (folder / "keyring.json").exists():
        Keyring.new().save(folder / "keyring.json")


#: When somebody answers: at night and on Sunday the demo promises the next morning, as a clinic would.
_HOURS = """\
open:
  mon-fri: ["08:00-18:00"]
  sat: ["09:00-13:00"]
"""


def open_doors(folder: Path) -> None:
    """Write down when the clinic is open. Messages go out at any hour; only what is promised hangs on it."""
    (folder / "hours.yaml").write_text(_HOURS, encoding="utf-8")


#: One for each role; in the demo one click signs in as any of them.
STAFF = {
    "wanjiru": ("Wanjiru Kamau", Role.LAUNCHER),
    "otieno": ("Otieno Odhiambo", Role.HELPER),
    "achieng": ("Achieng Were", Role.COORDINATOR),
    "mutua": ("Mutua Kilonzo", Role.ADMIN),
    "njeri": ("Njeri Maina", Role.AUDITOR),
}


def staff(workspace: Workspace) -> None:
    """Write down who works here; who is there already stays."""
    with workspace.database.write() as session:
        known = {each.name for each in accounts.everybody(session)}
        for name, (full, role) in STAFF.items():
            if name not in known:
                accounts.add(session, workspace.vault, New(name, full, frozenset({role})), "demo")


def write_campaign(folder: Path, now: datetime, *, gap: float, unread: float) -> None:
    """Write the campaign: the first message is due at once, the second `gap` seconds later. `unread`: in seconds."""
    wall = now.astimezone(ZoneInfo(ZONE)).replace(microsecond=0)
    text = _DEFINITION.format(
        topic=TOPIC, gap=round(gap), unread=round(unread), first=wall, second=wall + timedelta(seconds=gap)
    )
    (folder / "campaigns" / f"{CAMPAIGN}.yaml").write_text(text, encoding="utf-8")


def write_people(path: Path, count: int, seed: int = 7) -> None:
    """Write a table of made-up people, as a clinic would export it."""
    chance = random.Random(seed)  # noqa: S311 (made-up people must be the same ones each time)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["phone", "language", "tags", "consent", "push_token", "text:district", "date:refill_date"])
        table.writerows(_people(chance, count))


def _people(chance: random.Random, count: int) -> Iterator[list[str]]:
    numbers: set[str] = set()
    while len(numbers) < count:
        numbers.add(f"{chance.choice(PREFIXES)}{chance.randrange(10**7):07d}")
    in_order = sorted(numbers)  # a set's own order is another one in each process
    chance.shuffle(in_order)
    for place, number in enumerate(in_order):
        yield [
            number,
            chance.choices(list(LANGUAGES), list(LANGUAGES.values()))[0],
            "on-treatment",
            "paper form" if chance.random() < 0.95 else "",  # the others are invited
            f"demo-app-{place:06d}-{chance.randrange(16**16):016x}" if chance.random() < 0.2 else "",
            chance.choice(["kisumu", "siaya", "busia"]),
            f"{datetime.now(ZoneInfo(ZONE)).date() + timedelta(days=chance.randrange(1, 28))}",
        ]


def read_people(path: Path) -> list[dict[str, str]]:
    """The made-up people again, by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


#: The phones on the page: what their owners speak, and whether they have the app.
SHOWN = {
    "English": ("en", False),
    "Kiswahili": ("sw", False),
    "Français": ("fr", False),
    "English, with the app": ("en", True),
    "Kiswahili 2": ("sw", False),
    "English 2": ("en", False),
}


def shown(people: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    """Who is on the page, by the name of the phone; fewer where the crowd is small."""
    free = [person for person in people if person["consent"]]
    found = {}
    for name, (language, app) in SHOWN.items():
        fitting = [each for each in free if each["language"] == language and bool(each["push_token"]) == app]
        if fitting:
            found[name] = fitting[0]
            free.remove(fitting[0])
    return found


def instant(wall: datetime) -> datetime:
    """A wall time at the clinic as a moment."""
    return wall.replace(tzinfo=ZoneInfo(ZONE))
