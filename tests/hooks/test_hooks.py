"""Other programs are told what happened: in ids, signed, once it is committed, again and again until they hear."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import select, text, update

from outreach.campaigns import runs
from outreach.errors import ConflictError
from outreach.hooks import address, carry, events, health, signature, targets
from outreach.hooks.address import NowhereError
from outreach.hooks.events import CHOSEN, Kind
from outreach.hooks.tables import HookTelling, Telling
from outreach.threads import inbox
from outreach.threads.tables import Outcome, ThreadState
from outreach.workspace import Workspace
from tests.campaigns import crowds
from tests.clinic import AMINA, cast
from tests.simulator.running import running
from tests.threads.texting import write


@dataclass
class Other:
    """Another program, which listens. `answers`: what it says; the last one again and again."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [204])
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.heard]


@contextmanager
def listening() -> Iterator[Other]:
    other, app = Other(), FastAPI()

    @app.post("/in")
    async def hear(request: Request) -> Response:
        other.heard.append((dict(request.headers), await request.body()))
        answer = other.answers.pop(0) if len(other.answers) > 1 else other.answers[0]
        return Response(status_code=answer, headers={"Location": "/elsewhere"})

    with running(app) as base:
        other.url = f"{base}/in"
        yield other


def inside(workspace: Workspace) -> Workspace:
    """The same clinic, where addresses of this machine may be called."""
    settings = workspace.settings.model_copy(update={"hooks_inside": True})
    return Workspace(settings, workspace.database, workspace.vault)


def add(workspace: Workspace, url: str, *kinds: Kind, name: str = "register") -> str:
    with workspace.database.write() as session:
        return targets.add(session, workspace.vault, name, url, kinds or CHOSEN, "mutua", inside=True)


def tellings(workspace: Workspace) -> list[tuple[str, int, str]]:
    with workspace.database.read() as session:
        rows = session.scalars(select(HookTelling).order_by(HookTelling.id))
        return [(row.state, row.tries, row.outcome) for row in rows]


def come_due(workspace: Workspace) -> None:
    """Time goes by."""
    with workspace.database.write() as session:
        past = workspace.database.now() - timedelta(seconds=1)
        session.execute(update(HookTelling).values(due_at=past, leased_until=None))


def test_what_happens_is_told_in_ids_and_signed(workspace: Workspace) -> None:
    there = inside(workspace)
    cast(there)
    with listening() as other:
        secret = add(there, other.url)
        write(there, AMINA, "I feel dizzy, call +254712000001")
        with there.database.read() as session:
            thread = inbox.waiting(session, list(ThreadState))[0].id
        inbox.reply(there, thread, "Drink something warm.", by="otieno")
        inbox.close(there, thread, Outcome.ANSWERED, by="otieno")
        crowds.write(there, there.database.now())
        run = runs.launch(there, crowds.NAME, "amina")
        for turn in (runs.pause, runs.resume, runs.cancel):
            turn(there, crowds.NAME, "amina")
        assert carry.carry(there) == 7
        assert carry.carry(there) == 0, "nothing is told twice"
    assert other.kinds == [
        kind for kind in Kind if kind.partition(".")[0] in {"thread", "run"} and kind != Kind.RUN_FINISHED
    ]
    for headers, body in other.heard:
        said = json.loads(body)
        assert set(said) == {"type", "timestamp", "data"}
        assert said["data"] == ({"thread": thread} if "thread" in said["type"] else {"run": run})
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        wanted = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{wanted}"
    assert len({headers["webhook-id"] for headers, _ in other.heard}) == 7


def test_a_signature_is_that_of_the_public_scheme() -> None:
    """The example of the Standard Webhooks specification's own libraries."""
    made = signature.headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_whoever_does_not_hear_is_told_again_and_at_last_given_up(workspace: Workspace) -> None:
    there = inside(workspace)
    with listening() as other:
        other.answers = [500, 302, 204]
        add(there, other.url)
        with there.database.write() as session:
            events.tell(session, Kind.RUN_FINISHED, there.database.now(), run=1)
        assert [carry.carry(there), tellings(there)] == [0, [("waiting", 1, "500")]]
        assert carry.carry(there) == 0, "it waits before it tries again"
        assert len(other.heard) == 1
        for _ in range(2):
            come_due(there)
            carry.carry(there)
        assert tellings(there) == [("done", 3, "204")], "a redirect is not followed, and counts as not heard"
        assert len({headers["webhook-id"] for headers, _ in other.heard}) == 1
    with there.database.write() as session:
        events.tell(session, Kind.RUN_FINISHED, there.database.now(), run=2)
        session.execute(update(HookTelling).where(HookTelling.state == Telling.WAITING).values(tries=len(carry.LATER)))
    carry.carry(there)
    assert tellings(there)[-1] == ("given_up", len(carry.LATER) + 1, "unreachable")
    with there.database.read() as session:
        [told] = health.everyone(session)
    assert (told.counts, told.failure) == ({Telling.DONE: 1, Telling.GIVEN_UP: 1}, "unreachable")


def test_what_was_rolled_back_is_not_told_and_two_carriers_tell_it_once(workspace: Workspace) -> None:
    there = inside(workspace)
    add(there, "http://127.0.0.1:9/in")
    with suppress(ConflictError), there.database.write() as session:
        events.tell(session, Kind.RUN_FINISHED, there.database.now(), run=1)
        raise ConflictError
    assert tellings(there) == []
    with there.database.write() as session:
        events.tell(session, Kind.RUN_FINISHED, there.database.now(), run=1)
    lease, [call] = carry._claim(there)
    assert carry._claim(there)[1] == [], "the first one has it"
    come_due(there)
    later, _ = carry._claim(there)
    assert not carry._record(there, lease, call, "500"), "its lease is over"
    assert tellings(there) == [("waiting", 0, "")]
    assert carry._record(there, later, call, "200")
    assert tellings(there) == [("done", 1, "200")]


def test_address_and_secret_lie_sealed_and_an_end_is_an_end(workspace: Workspace) -> None:
    url = "https://register.example/in?key=canary"
    secret = add(workspace, url, Kind.RUN_LAUNCHED)
    with workspace.database.write() as session:
        kept = repr(session.execute(text("SELECT * FROM hook")).all())
        events.tell(session, Kind.RUN_FINISHED, workspace.database.now(), run=1)
        events.tell(session, Kind.RUN_LAUNCHED, workspace.database.now(), run=1)
        targets.end(session, workspace.vault, "register", "mutua")
        events.tell(session, Kind.RUN_LAUNCHED, workspace.database.now(), run=2)
    assert not [each for each in (url, "canary", secret) if each in kept]
    assert tellings(workspace) == [("given_up", 0, "ended")], "only what it asked for, and nothing after its end"


PRIVATE = (
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1"),
    *(
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "ff02::1",
        "localhost",
    ),
)

WRONG = [
    "http://register.example/in",
    "https://user:password@register.example/",
    "https:///in",
    "ftp://register.example/",
    "https://register.example/#x",
    "https://register.example:99999/",
    "https://127.0.0.1/in",
    "https://[::1]/in",
    "https://register.example/a b",
]


def test_our_own_network_is_never_called(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [each for each in PRIVATE if address.is_public(each)] == []
    assert address.is_public("8.8.8.8")
    assert address.is_public("2606:4700:4700::1111")
    for url in WRONG:
        with pytest.raises(ConflictError):
            address.read(url, inside=False)
    target = address.read("https://register.example/in", inside=False)
    assert (target.named, target.path, target.port) == ("register.example", "/in", 443)

    def means(*places: str) -> None:
        found = [(0, 0, 0, "", (place, 443)) for place in places]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)

    means("8.8.8.8", "192.168.1.1")
    with pytest.raises(NowhereError, match="address_private"):
        address.resolve(target, inside=False)
    means("8.8.8.8")
    assert address.resolve(target, inside=False) == "8.8.8.8"


def test_a_private_address_that_slipped_in_is_not_called(workspace: Workspace) -> None:
    """It was allowed while it was added, or its name means another place today."""
    with listening() as other:
        add(workspace, other.url)
        with workspace.database.write() as session:
            events.tell(session, Kind.RUN_FINISHED, workspace.database.now(), run=1)
        assert carry.carry(workspace) == 0
    assert other.heard == []
    assert tellings(workspace) == [("waiting", 1, "address_refused")]
