"""The whole walk, out and in, with planted canaries; then every place where one could have flown to is searched.

A campaign goes out by push and SMS to people whose numbers, token and custom field are canaries, over a simulated
carrier and real HTTP, by a real Celery worker; they answer with a canary, a helper answers with another one. None of
them may be seen in logs, output, broker, URLs, databases, files or texts of errors.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from redis import Redis
from sqlalchemy import MetaData, select
from starlette.types import ASGIApp, Receive, Scope, Send

from outreach.audience import imports
from outreach.audience.tables import Person
from outreach.audience.verdicts import Outcome
from outreach.campaigns import runs
from outreach.cli.simulator import provider_settings, write_account
from outreach.console import app as console
from outreach.errors import OutreachError
from outreach.messages.status import State
from outreach.messages.tables import Message
from outreach.simulator.app import create_app
from outreach.simulator.options import Options, Script, Span
from outreach.threads import inbox
from outreach.threads.tables import ThreadState
from outreach.workspace import Workspace
from scheduler.embedded import working
from tests.clinic import AMINA, BARAKA, CHAUSIKU, clinic, own_templates, write_campaign
from tests.logs import kept
from tests.simulator.clinic import soon
from tests.simulator.running import running

AUTH = "canary-auth-token"
TOKEN = "canary-push-token-of-baraka"
FIELD = "Zawadi-canary"  # a custom field: what a clinic writes there is clear in `person_field`, by design
SAID = "canary: I am afraid of my tablets"
ANSWERED = "canary: come and talk to me"
SPOILT = "+25471200000"  # refused at the import: too short
NUMBERS = [form for each in (AMINA, BARAKA, CHAUSIKU, SPOILT) for form in (each, each[1:], each[4:])]
OVER = "the broker is heard no longer"
CANARIES = [*NUMBERS, TOKEN, FIELD, SAID, ANSWERED, AUTH]

CAMPAIGN = """\
title: Canaries
topic: tb
language: en
fields: [village]
audience:
  all: [{{tag: on-treatment}}]
channels: [push, sms]
unread_after: 1h
hours: {{from: "00:00", to: "24:00"}}
expires: 3h
steps:
  - id: hello
    template: canary/hello
    at: "{at:%Y-%m-%d %H:%M:%S}"
"""


@dataclass
class Heard:
    """Everything that could be overheard: what was logged, printed, asked by URL, and passed through the broker."""

    records: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    broker: list[str] = field(default_factory=list)


class _Listener(logging.Handler):
    """What any library logs at any level, before it is guarded."""

    def __init__(self, records: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(f"{record.name} {record.getMessage()} {record.exc_info}")


def _noting(app: ASGIApp, urls: list[str]) -> ASGIApp:
    """The same app; the path and query of each call are noted."""

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            urls.append(f"{scope['method']} {scope['raw_path'].decode()}?{scope['query_string'].decode()}")
        await app(scope, receive, send)

    return noted


@contextmanager
def _overheard(broker_url: str, heard: list[str]) -> Iterator[None]:
    """Every command that the broker is told meanwhile, with all its values."""
    if not broker_url:
        yield
        return
    with Redis.from_url(broker_url) as server, server.monitor() as monitor:

        def listen() -> None:
            while OVER not in (command := str(monitor.next_command())):
                heard.append(command)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.echo(OVER)
            thread.join(10)
        assert not thread.is_alive()


@dataclass(frozen=True)
class Stage:
    """A clinic at work with its carrier."""

    workspace: Workspace
    carrier: httpx.Client
    heard: Heard


@contextmanager
def _stage(migrated_url: str, broker_url: str, folder: Path) -> Iterator[Stage]:
    heard = Heard()
    web, carrier = (f"http://127.0.0.1:{port}" for port in (_free(), _free()))
    elsewhere = folder / "carrier"
    elsewhere.mkdir()
    account = write_account(elsewhere, carrier)
    settings = _settings(migrated_url, broker_url, web, provider_settings(carrier, AUTH, account))
    listener = _Listener(heard.records)
    with ExitStack() as stack:
        workspace = stack.enter_context(clinic(migrated_url, folder / "clinic", **settings))
        said = stack.enter_context(kept(level="debug"))
        logging.getLogger().addHandler(listener)
        logging.getLogger().setLevel(logging.DEBUG)
        stack.enter_context(_overheard(broker_url, heard.broker))
        stack.enter_context(running(_noting(create_app(_phones(web, elsewhere)), heard.urls), port=_port(carrier)))
        desk = stack.enter_context(working(workspace))
        stack.enter_context(running(_noting(console.make(workspace, desk.providers), heard.urls), port=_port(web)))
        yield Stage(workspace, stack.enter_context(httpx.Client(base_url=carrier, timeout=10)), heard)
        heard.records.append(said.getvalue())
    assert heard.records[-1]


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _settings(database_url: str, broker_url: str, web: str, given: dict[str, str]) -> dict[str, Any]:
    providers: dict[str, dict[str, str]] = {}
    for name, value in given.items():
        provider, option = name.removeprefix("OUTREACH_PROVIDERS__").lower().split("__")
        providers.setdefault(provider, {})[option] = value
    return {
        "providers": providers,
        "public_url": web,
        "broker_url": broker_url,
        "broker_prefix": "canaries",
        "plan_every": 0.5,
        "sweep_every": 1.0,
        "look_after": 1.0,
    }


def _phones(web: str, folder: Path) -> Options:
    return Options(
        account_sid="AC" + "0" * 32,
        auth_token=SecretStr(AUTH),
        inbound_url=f"{web}/hooks/twilio/inbound",
        ack_url=f"{web}/hooks/push/ack",
        log=folder / "carrier.db",
        cast={Script.QUIET: 1.0},
        network=Span(least=0, most=0.05),
        tempo=50,
    )


def _people(folder: Path) -> Path:
    table = folder / "people.csv"
    lines = [
        "phone,language,tags,consent,push_token,text:village",
        f"{AMINA},en,on-treatment,form,,{FIELD}",
        f"{BARAKA},en,on-treatment,form,{TOKEN},{FIELD}",
        f"{CHAUSIKU},en,on-treatment,form,,{FIELD}",
        f"{SPOILT},en,on-treatment,form,,{FIELD}",
    ]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


def _launch(stage: Stage, table: Path) -> int:
    workspace = stage.workspace
    for name in ("hello.en.txt", "hello.en.covert.txt"):
        place = own_templates(workspace.folder) / "canary" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text("Hello {{ village }}, your visit is near. Reply here to talk to us.\n", encoding="utf-8")
    (own_templates(workspace.folder) / "canary" / "hello.en.push.txt").write_text("Sunrise\nThere is a message.\n")
    report = imports.import_file(workspace.database, workspace.vault, workspace.settings, table, imports.Options("tb"))
    assert report.totals.outcomes[Outcome.REFUSED] == 1
    wall = workspace.database.now() + timedelta(hours=3)  # Nairobi
    write_campaign(workspace, "canaries", CAMPAIGN.format(at=wall))
    return runs.launch(workspace, "canaries", by="test")


def _handset(stage: Stage, number: str, token: str | None = None) -> str:
    given = {"number": number} | ({"token": token} if token else {})
    answer = stage.carrier.post("/simulator/handsets", json=given)
    answer.raise_for_status()
    return str(answer.json()["id"])


def _states(stage: Stage) -> list[tuple[str, ...]]:
    """Kind, purpose, state and reason of all our messages."""
    with stage.workspace.database.read() as session:
        query = select(Message.kind, Message.purpose, Message.state, Message.reason).where(Message.direction == "out")
        return [tuple(row) for row in session.execute(query.order_by(Message.id))]


def _walk(stage: Stage, table: Path) -> int:
    """Campaign, delivery, receipts, an answer, a STOP, a helper's answer. Gives the thread."""
    amina, chausiku = _handset(stage, AMINA), _handset(stage, CHAUSIKU)
    _handset(stage, BARAKA, TOKEN)
    _launch(stage, table)
    went = [("push", "campaign", "delivered", ""), *[("sms", "campaign", "delivered", "")] * 2]
    assert soon(lambda: sorted(_states(stage)) == went, 40), _states(stage)
    stage.carrier.post(f"/simulator/handsets/{amina}/texts", json={"text": f"{SAID} {AMINA}"}).raise_for_status()
    stage.carrier.post(f"/simulator/handsets/{chausiku}/texts", json={"text": "STOP"}).raise_for_status()
    assert soon(lambda: _count(stage, "confirmation") == _count(stage, "automatic") == 1, 20), _states(stage)
    with stage.workspace.database.read() as session:
        [waiting] = inbox.waiting(session, [ThreadState.WAITING])
    inbox.reply(stage.workspace, waiting.id, ANSWERED)
    assert soon(lambda: _count(stage, "reply") == 1, 20), _states(stage)
    return waiting.id


def _count(stage: Stage, purpose: str) -> int:
    return sum(row[1] == purpose and row[2] == State.DELIVERED for row in _states(stage))


def _found(texts: Iterable[str], allowed: Callable[[str, str], bool] = lambda canary, text: False) -> set[str]:
    """The canaries in these texts, each with the beginning of where it was seen."""
    return {
        f"{canary} in: {text[:200]}"
        for text in texts
        for canary in CANARIES
        if canary in text and not allowed(canary, text)
    }


def _cells(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Every value of every column of every table, with the name of its column."""
    tables = MetaData()
    tables.reflect(workspace.database.engine)
    with workspace.database.engine.connect() as connection:
        for table in tables.sorted_tables:
            for row in connection.execute(table.select()).mappings():
                for name, value in row.items():
                    yield f"{table.name}.{name}", _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _of_errors(stage: Stage, thread: int) -> Iterator[str]:
    """What a user's mistakes make the product say."""
    workspace = stage.workspace
    with workspace.database.read() as session:
        [stopped] = session.scalars(select(Message.person_id).where(Message.purpose == "confirmation"))
        pseudonym = session.scalar(select(Person.pseudonym).where(Person.id == stopped))
    mistakes: list[Callable[[], object]] = [
        lambda: inbox.reply(workspace, thread, f"{ANSWERED} {AMINA}" * 100),
        lambda: inbox.reply(workspace, thread, ANSWERED, seen=1),
        lambda: inbox.close(workspace, thread, SAID),  # type: ignore[arg-type]
        lambda: runs.launch(workspace, "canaries", by=str(pseudonym)),
    ]
    for mistake in mistakes:
        with pytest.raises(OutreachError) as raised:
            mistake()
        yield f"{raised.value} {raised.value!r}"


BROKERS = [
    pytest.param("sqlite", "", id="sqlite, embedded broker"),
    pytest.param("postgres", "redis", id="postgres, redis"),
]


@pytest.mark.parametrize(("migrated_url", "broker"), BROKERS, indirect=["migrated_url"])
def test_no_canary_is_ever_seen(
    migrated_url: str,
    broker: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    broker_url = request.getfixturevalue("redis_url") if broker else ""
    table = _people(tmp_path)
    with _stage(migrated_url, broker_url, tmp_path) as stage:
        thread = _walk(stage, table)
        shown = inbox.show(stage.workspace, thread)
        # A helper reads what was said, and no number in it. Her field stands in the campaign's text, as she got it.
        assert [each.text for each in shown.said if each.who == "person"] == [f"{SAID} [number]"]
        assert _found(each.text for each in shown.said if each.who != "helper") <= {
            f"{FIELD} in: Hello {FIELD}, your visit is near. Reply here to talk to us.",
            f"{SAID} in: {SAID} [number]",
        }
        assert _found(_of_errors(stage, thread)) == set()
        assert _found([repr(shown), repr(stage.workspace), repr(stage.workspace.settings)]) == set()
        cells = list(_cells(stage.workspace))
        time.sleep(1.2)  # one more tick, plan and sweep
    assert len(cells) > 300
    assert _found(f"{name} {value}" for name, value in cells if name != "person_field.text") == set()
    # A custom field is clear by design: audiences are chosen and dates are found by it, inside the database.
    assert [value for name, value in cells if name == "person_field.text"] == [FIELD] * 3
    heard = stage.heard
    assert len(heard.records) > 1
    assert _found(heard.records) == set()
    assert _found(capfd.readouterr()) == set()
    assert len(heard.urls) > 10
    assert _found(heard.urls, lambda _, url: _is_twilios_list(url)) == set()
    assert _found(heard.broker) == set()
    assert bool(broker) == any("canaries.conversations" in command for command in heard.broker)
    _search_files(tmp_path, table)


def _is_twilios_list(url: str) -> bool:
    """Twilio's own look-up of what became of a message takes the number in its query; there is no other way."""
    return url.startswith("GET /2010-04-01/Accounts/") and "/Messages.json?" in url


def _search_files(folder: Path, table: Path) -> None:
    """Every file of the clinic, verdicts and SQLite's own included; a deleted value may linger in a page."""
    files = [file for file in folder.rglob("*") if file.is_file() and "carrier" not in file.parts and file != table]
    assert any(file.name.startswith("people") for file in files), "the verdicts"
    clear = {FIELD}  # in SQLite's file it stands as the custom field that it is
    for file in files:
        content = file.read_bytes().decode("latin-1")
        seen = {canary for canary in CANARIES if canary in content}
        assert seen <= (clear if file.name.startswith("outreach.db") else set()), file.name
