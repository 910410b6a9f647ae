"""Setting the demo's stage: a clinic in a folder, a carrier, the web, a worker and a beat; one campaign, launched
once.

Everything that is needed to go on stands in the folder: killed at any moment, the same folder continues. A demo that
ended by itself leaves nothing to continue, so the next one begins anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import select

from outreach import log
from outreach.audience import imports
from outreach.campaigns import definition, runs
from outreach.cli import demo_clinic
from outreach.cli.demo_clinic import CAMPAIGN, TOPIC
from outreach.cli.serve import serving
from outreach.cli.simulator import options as carrier_options
from outreach.cli.simulator import provider_settings, write_account
from outreach.console import app as console
from outreach.errors import ConflictError, NotFoundError
from outreach.messages.tables import Run
from outreach.settings import Settings
from outreach.simulator.app import create_app
from outreach.simulator.options import CAST, Options, Script, Span
from outreach.store import throwaway
from outreach.workspace import Workspace, prepare
from scheduler.embedded import working

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Tempo:
    """How long things take, in seconds."""

    gap: float  # between the first message and the second
    unread: float  # until a push that nobody read becomes a text
    sweep: float  # between two looks for what is stuck
    lease: float  # longer than the call to a provider may take
    settle: float  # until what is unknown counts as not found


UNHURRIED = Tempo(gap=45, unread=40, sweep=2, lease=30, settle=20)
HURRIED = Tempo(gap=4, unread=6, sweep=1, lease=12, settle=6)


@dataclass(frozen=True, slots=True)
class Play:
    """How the demo is to run. `hurried`: phones and people are quick, and nobody stays out of reach for ever."""

    folder: Path
    people: int
    port: int
    hurried: bool
    fresh: bool

    @property
    def tempo(self) -> Tempo:
        """How long things take."""
        return HURRIED if self.hurried else UNHURRIED


@dataclass(frozen=True, slots=True)
class Stage:
    """A running demo."""

    workspace: Workspace
    run_id: int
    url: str
    carrier: str
    ends: datetime

    def is_over(self) -> bool:
        """Whether every step has fired."""
        return self.workspace.database.now() > self.ends

    def owed(self) -> int:
        """What the carrier and the people behind its phones are still about to do by themselves."""
        owed: int = httpx.get(f"{self.carrier}/simulator/figures").json()["carrier"]["owed"]
        return owed

    def doubled(self) -> int:
        """How many of our messages the carrier took more than once."""
        taken: Counter[str] = Counter()
        after = 0
        while notes := httpx.get(f"{self.carrier}/simulator/log", params={"after": after}).json():
            taken.update(
                note["message"] for note in notes if note["event"] == "call" and note["sid"] and note["message"]
            )
            after = notes[-1]["id"]
        return sum(count > 1 for count in taken.values())


@contextmanager
def stage(play: Play) -> Iterator[Stage]:
    """Run the demo as long as the block lasts."""
    base = Settings(_env_file=None)
    if play.fresh or not _cut_off(play.folder):
        _clear(play.folder, base)
    demo_clinic.found(play.folder)
    demo_clinic.open_doors(play.folder)
    ports = _ports(play)
    web, carrier = (f"http://{HOST}:{port}" for port in ports)
    settings = _settings(play, base, web, carrier)
    log.configure(json=settings.log_format == "json", level=settings.log_level)
    workspace = prepare(settings)
    with ExitStack() as stack:
        stack.enter_context(serving(create_app(_carrier(play, web)), HOST, ports[1]))
        desk = stack.enter_context(working(workspace))
        demo_clinic.staff(workspace)
        app = console.make(workspace, desk.providers, carrier)
        run_id = _launched(play, workspace, carrier)
        stack.enter_context(serving(app, HOST, ports[0]))
        yield Stage(workspace, run_id, web, carrier, _ends(workspace, run_id))
    workspace.close()
    _clear(play.folder, base)


def _name(folder: Path) -> str:
    return f"demo_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:10]}"


def _cut_off(folder: Path) -> bool:
    """Whether an earlier demo in this folder did not come to its end."""
    return (folder / "demo.json").exists()


def _clear(folder: Path, base: Settings) -> None:
    throwaway.remove(base.database_url, folder, _name(folder))
    if _cut_off(folder):
        shutil.rmtree(folder)


def _ports(play: Play) -> list[int]:
    """The web's and the carrier's port; the same ones again when a demo goes on, because callbacks name them."""
    path = play.folder / "demo.json"
    if path.exists():
        ports: list[int] = json.loads(path.read_text())["ports"]
    else:
        ports = [play.port or _free(), _free()]
        path.write_text(json.dumps({"ports": ports}))
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                raise ConflictError(
                    f"Port {port} is taken: another demo runs, or another program. Choose one with --port, "
                    "and --folder for a second demo."
                ) from None
    return ports


def _free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _settings(play: Play, base: Settings, web: str, carrier: str) -> Settings:
    """The clinic's settings: database and broker may be the user's, everything else is the demo's own."""
    account = write_account(play.folder, carrier)
    prefix = "OUTREACH_PROVIDERS__"
    providers: dict[str, dict[str, Any]] = {}
    for name, value in provider_settings(carrier, demo_clinic.TOKEN, account).items():
        provider, option = name.removeprefix(prefix).lower().split("__")
        providers.setdefault(provider, {})[option] = value
    return base.model_copy(
        update={
            "workspace": play.folder,
            "database_url": throwaway.place(base.database_url, play.folder, _name(play.folder)),
            "broker_prefix": _name(play.folder),
            "keyring": SecretStr(""),
            "keyring_file": play.folder / "keyring.json",
            "clinic": "Sunrise",
            "country": "KE",
            "zone": demo_clinic.ZONE,
            "public_url": web,
            "quiet_hours": "off",
            "providers": providers,
            "plan_every": 1.0,
            "sweep_every": play.tempo.sweep,
            "lease": play.tempo.lease,
            "look_after": 10.0,
            "settle_after": play.tempo.settle,
            "log_level": "error" if play.hurried else "warning",
        }
    )


def _carrier(play: Play, web: str) -> Options:
    carrier = carrier_options(play.folder, demo_clinic.TOKEN, web)
    if not play.hurried:
        return carrier
    endless = {Script.OFF, Script.OUT_OF_COVERAGE, Script.ROAMING}
    cast = {script: 0.0 if script in endless else share for script, share in CAST.items()}
    return carrier.model_copy(update={"cast": cast, "thinking": Span(least=0.5, most=3), "tempo": 4.0})


def _launched(play: Play, workspace: Workspace, carrier: str) -> int:
    """Import the people and launch the campaign, once; a demo that goes on finds its run."""
    try:
        with workspace.database.read() as session:
            return runs.latest(session, CAMPAIGN).id
    except NotFoundError:
        pass
    table = play.folder / "people.csv"
    demo_clinic.write_people(table, play.people)
    _pair(table, carrier)  # before anybody can be written to: a phone that is known already takes no app
    imports.import_file(workspace.database, workspace.vault, workspace.settings, table, imports.Options(topic=TOPIC))
    tempo = play.tempo
    demo_clinic.write_campaign(play.folder, workspace.database.now(), gap=tempo.gap, unread=tempo.unread)
    return runs.launch(workspace, CAMPAIGN, by="demo")


def _pair(table: Path, carrier: str) -> None:
    """Tell the carrier which app lives on which phone, and which phones to show: theirs are the answers to give by
    hand.
    """
    people = demo_clinic.read_people(table)
    shown = {person["phone"]: name for name, person in demo_clinic.shown(people).items()}
    with httpx.Client(base_url=carrier) as client:
        for person in people:
            handset: dict[str, object] = {"number": person["phone"]}
            if person["push_token"]:
                handset["token"] = person["push_token"]
            if person["phone"] in shown:
                handset |= {"name": shown[person["phone"]], "script": Script.QUIET, "featured": True}
            if len(handset) > 1:
                client.post("/simulator/handsets", json=handset).raise_for_status()


def _ends(workspace: Workspace, run_id: int) -> datetime:
    """When the last step is due, and a little."""
    with workspace.database.read() as session:
        run = session.scalars(select(Run).where(Run.id == run_id)).one()
    steps = definition.thaw(run.frozen["definition"]).steps
    walls = [step.at for step in steps if isinstance(step.at, datetime)]
    return demo_clinic.instant(max(walls)) + timedelta(seconds=3)
