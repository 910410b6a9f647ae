"""The webhooks over real HTTP, with Twilio's own signatures: kept before the 2xx, or not answered with one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event, func, select, text, update

from outreach import consent
from outreach.messages.status import State
from outreach.messages.tables import Message, ProviderEvent
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, OURS, Cast, cast, clinic
from tests.console.calls import AUTH, PROVIDERS, PUBLIC, Desk, open_desk, sealed
from tests.logs import kept
from tests.threads.texting import ledger, write


@pytest.fixture
def workspace(migrated_url: str, tmp_path: Path) -> Iterator[Workspace]:
    with clinic(migrated_url, tmp_path / "clinic", providers=PROVIDERS, public_url=PUBLIC) as made:
        yield made


@pytest.fixture
def people(workspace: Workspace) -> Cast:
    return cast(workspace)


@pytest.fixture
def desk(workspace: Workspace, people: Cast) -> Iterator[Desk]:
    with open_desk(workspace) as opened:
        yield opened


on_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database
on_postgres = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)


def carried(workspace: Workspace, sid: str | None = "SM1", kind: str = "sms") -> int:
    """One of our messages at the provider; its id. Without a `sid` the provider has not named it yet."""
    write(workspace, AMINA, "HELP")
    state = State.SENDING if sid is None else State.ACCEPTED
    with workspace.database.write() as session:
        newest = session.scalar(select(func.max(Message.id)).where(Message.direction == "out"))
        provider = "twilio" if kind == "sms" else "fcm"
        values = {"state": state, "provider": provider, "provider_id": sid, "kind": kind}
        session.execute(update(Message).where(Message.id == newest).values(values))
    assert newest is not None
    return newest


def state(workspace: Workspace, message: int) -> str:
    with workspace.database.read() as session:
        return str(session.scalar(select(Message.state).where(Message.id == message)))


def events(workspace: Workspace) -> list[tuple[str, str]]:
    """What was kept of receipts: status and why it was parked."""
    with workspace.database.read() as session:
        return [(row.status, row.parked) for row in session.scalars(select(ProviderEvent).order_by(ProviderEvent.id))]


def inbound(workspace: Workspace) -> int:
    with workspace.database.read() as session:
        return session.scalar(select(func.count()).select_from(Message).where(Message.direction == "in")) or 0


def test_a_receipt_a_text_and_an_acknowledgement_are_kept_before_they_are_answered(
    desk: Desk, workspace: Workspace, people: Cast
) -> None:
    sms, push = carried(workspace, "SM1"), carried(workspace, "projects/p/messages/1", "push")
    assert desk.status("SM1") == 204
    assert state(workspace, sms) == "delivered"
    assert desk.ack(push) == 204
    assert state(workspace, push) == "delivered"
    assert desk.text(BARAKA, "STOP", "SM9") == 204
    assert ledger(workspace, people.baraka)[-1] == ("*", "revoked", "text")


def test_an_answer_has_no_words_because_they_would_be_sent_to_the_person(desk: Desk) -> None:
    form = {"MessageSid": "SM1", "From": AMINA, "To": OURS, "Body": "Hello"}
    for answer in (
        desk.http.post("/hooks/twilio/inbound", **sealed("/hooks/twilio/inbound", form)),
        desk.http.post("/hooks/twilio/inbound", data=form),
    ):
        assert answer.content == b""


def test_the_same_words_twice_change_nothing(desk: Desk, workspace: Workspace) -> None:
    carried(workspace)
    before = inbound(workspace)
    assert [desk.status("SM1") for _ in range(3)] == [204] * 3
    assert [desk.text(AMINA, "Hello", "SM2") for _ in range(3)] == [204] * 3
    assert len(events(workspace)) == 1
    assert inbound(workspace) == before + 1


REFUSED = [
    ("somebody else's token", "/hooks/twilio/status?m=1", {"MessageSid": "SM1", "MessageStatus": "sent"}, "other", 403),
    ("a text with somebody else's token", "/hooks/twilio/inbound", {"MessageSid": "SM1", "From": AMINA}, "other", 403),
    ("no id", "/hooks/twilio/status", {"MessageStatus": "sent"}, AUTH, 400),
    ("no status", "/hooks/twilio/status", {"MessageSid": "SM1"}, AUTH, 400),
    ("nobody who wrote", "/hooks/twilio/inbound", {"MessageSid": "SM1", "Body": "Hello"}, AUTH, 400),
    ("over 64 kB", "/hooks/twilio/inbound", {"MessageSid": "SM1", "From": AMINA, "Body": "x" * 65_536}, AUTH, 400),
    ("a provider that is not", "/hooks/smoke/status", {"MessageSid": "SM1"}, AUTH, 404),
    ("a text by push", "/hooks/fcm/inbound", {"MessageSid": "SM1"}, AUTH, 400),
]


@on_sqlite
def test_what_is_refused_keeps_nothing(desk: Desk, workspace: Workspace) -> None:
    for label, path, form, token, status in REFUSED:
        assert (label, desk.signed(path, form, token=token)) == (label, status)
    assert desk.ack(1, "0" * 32) == 403
    assert desk.http.post("/hooks/push/ack", content=b"[" * 40_000).status_code == 400
    assert desk.http.post("/hooks/push/ack", content=b"x" * 65_537).status_code == 400
    assert desk.http.get("/hooks/twilio/status").status_code == 405
    assert (events(workspace), inbound(workspace)) == ([], 0)


TOLERATED: list[tuple[str, str, list[tuple[str, str]]]] = [
    ("a field nobody knows", "sent", [("FutureField", "x"), ("Another", "+254712000001")]),
    ("blank fields", "sent", [("ErrorCode", ""), ("ErrorMessage", "")]),
    ("a status nobody knows", "teleported", []),
    ("a field twice", "sent", [("Tag", "a"), ("Tag", "b")]),
    ("an error nobody knows", "failed", [("ErrorCode", "99999")]),
    ("an error that is no number", "failed", [("ErrorCode", "zwölf")]),
    ("spaces and signs", "sent", [("Note", "  a+b & c=%2B 👍 ")]),
]


@on_sqlite
def test_what_nobody_knows_is_kept_with_a_2xx(desk: Desk, workspace: Workspace) -> None:
    for i, (label, status, more) in enumerate(TOLERATED):
        form = [("MessageSid", f"SM{i}"), ("MessageStatus", status), *more]
        assert (label, desk.signed("/hooks/twilio/status?m=5", form)) == (label, 204)
    assert [status for status, _ in events(workspace)] == [status for _, status, _ in TOLERATED]
    assert ("teleported", "unknown_status") in events(workspace)


def test_a_receipt_that_overtakes_the_providers_answer_finds_its_message(desk: Desk, workspace: Workspace) -> None:
    message = carried(workspace, None)
    assert desk.status("SM7", "sent", message) == 204
    assert state(workspace, message) == "sent"
    with workspace.database.read() as session:
        assert session.scalar(select(Message.provider_id).where(Message.id == message)) == "SM7"


def test_a_receipt_of_a_message_that_we_do_not_know_is_parked(desk: Desk, workspace: Workspace) -> None:
    assert desk.status("SM404", "sent", 4711) == 204
    assert events(workspace) == [("sent", "unknown_message")]


def _deny(workspace: Workspace) -> Callable[..., None]:
    """From now on nothing can be committed."""

    def refuse(_connection: object) -> None:
        raise RuntimeError(f"the disk is full; a text of {AMINA} was in it")

    event.listen(workspace.database.engine, "commit", refuse)
    return refuse


def test_what_cannot_be_committed_is_not_answered_with_2xx_and_kept_when_it_comes_again(
    desk: Desk, workspace: Workspace, people: Cast
) -> None:
    message = carried(workspace)
    refuse = _deny(workspace)
    with kept() as said:
        assert desk.text(BARAKA, "STOP", "SM2") == 503
        assert desk.status("SM1") == 503
    event.remove(workspace.database.engine, "commit", refuse)
    with workspace.database.read() as session:
        assert consent.stopped(session, [people.baraka]) == set()
    assert (events(workspace), state(workspace, message)) == ([], "accepted")
    assert desk.text(BARAKA, "STOP", "SM2") == 204
    assert desk.status("SM1") == 204
    assert ledger(workspace, people.baraka)[-1] == ("*", "revoked", "text")
    assert state(workspace, message) == "delivered"
    logged = said.getvalue()
    assert logged.count('"error": "RuntimeError"') == 2, "its class, so that somebody can mend it"
    assert [word for word in (AMINA, "Traceback", "disk is full") if word in logged] == []


@on_postgres
def test_a_database_that_goes_away_is_a_503_and_not_ready_until_it_is_back(
    desk: Desk, workspace: Workspace, people: Cast
) -> None:
    assert desk.http.get("/ready").status_code == 204
    url = workspace.database.engine.url
    name = url.database
    admin = Workspace(
        workspace.settings,
        type(workspace.database)(url.set(database="postgres").render_as_string(False)),
        workspace.vault,
    )

    def run(statement: str) -> None:
        with admin.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))

    run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    assert desk.http.get("/ready").status_code == 503
    assert desk.http.get("/health").status_code == 204
    assert desk.text(BARAKA, "STOP", "SM2") == 503
    assert desk.status("SM1") == 503
    run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    admin.close()
    assert desk.http.get("/ready").status_code == 204
    assert desk.text(BARAKA, "STOP", "SM2") == 204
    assert ledger(workspace, people.baraka)[-1] == ("*", "revoked", "text")


def test_64_at_once_are_all_kept_in_few_transactions(desk: Desk, workspace: Workspace) -> None:
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(workspace.database.engine, "commit", count)
    limits = httpx.Limits(max_connections=64)
    with httpx.Client(base_url=desk.http.base_url, limits=limits, timeout=30) as client, ThreadPoolExecutor(64) as pool:

        def tell(i: int) -> int:
            path = "/hooks/twilio/status"
            call = sealed(path, {"MessageSid": f"SM{i}", "MessageStatus": "sent"})
            return client.post(path, **call).status_code

        assert set(pool.map(tell, range(256))) == {204}
    event.remove(workspace.database.engine, "commit", count)
    assert len(events(workspace)) == 256
    assert commits < 200, f"{commits} commits for 256 receipts"


@on_postgres
def test_one_poison_receipt_does_not_fail_the_others(desk: Desk, workspace: Workspace) -> None:
    """PostgreSQL stores no NUL and no id beyond its column."""
    poison = {7: "SM\x007", 30: "S" * 300}
    with ThreadPoolExecutor(32) as pool:
        told = list(pool.map(lambda i: desk.status(poison.get(i, f"SM{i}"), "sent"), range(48)))
    assert {i: status for i, status in enumerate(told) if status != 204} == {7: 400, 30: 400}
    assert len(events(workspace)) == 46
    assert desk.text(AMINA, "Hello", "SM\x00") == 400


@on_sqlite
def test_without_a_provider_its_webhooks_are_not_there(workspace: Workspace, people: Cast) -> None:
    bare = Workspace(workspace.settings.model_copy(update={"providers": {}}), workspace.database, workspace.vault)
    with open_desk(bare) as desk:
        assert (desk.status("SM1"), desk.text(AMINA, "STOP", "SM2"), desk.ack(1)) == (404, 404, 404)


@on_sqlite
@pytest.mark.parametrize(
    "public", ["https://clinic.example", "http://clinic.example:8443/a/b", "https://clinic.example/outreach/"]
)
def test_a_signature_is_checked_over_the_configured_url_alone(public: str, workspace: Workspace, people: Cast) -> None:
    settings = workspace.settings.model_copy(update={"public_url": public.rstrip("/")})
    with open_desk(Workspace(settings, workspace.database, workspace.vault)) as desk:
        path, form = "/hooks/twilio/status?m=1&x=%20a", {"MessageSid": "SM1", "MessageStatus": "sent"}
        right = sealed(path, form, public=public.rstrip("/"))
        local = sealed(path, form, public=str(desk.http.base_url).rstrip("/"))
        assert desk.http.post(path, **right).status_code == 204
        assert desk.http.post(path, **local).status_code == 403
