"""What travels through the broker, and what a process does with it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from outreach import log
from outreach.campaigns import planning
from outreach.delivery import send
from outreach.delivery.stride import Stride
from outreach.messages.status import Lane, Purpose
from outreach.settings import Settings
from outreach.simulator.accounts import service_account
from outreach.workspace import Workspace
from scheduler import tasks
from scheduler.app import DRAIN, HEARD_FOR, TICK, make, queues
from scheduler.embedded import working
from tests.clinic import AMINA, BARAKA, TOKEN, cast, clinic
from tests.delivery import desk as written
from tests.processes import wait_until

#: Nobody listens there.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Path:
    """A migrated, empty SQLite file to copy."""
    path: Path = request.getfixturevalue("_migrated_sqlite")
    return path


@contextmanager
def ready(database: Path, folder: Path, **changes: Any) -> Iterator[Workspace]:
    """A clinic with both providers, none of which answers."""
    folder.mkdir()
    (folder / "outreach.db").write_bytes(database.read_bytes())
    (folder / "account.json").write_text(json.dumps(service_account(NOWHERE)))
    providers = {
        "twilio": {"account_sid": f"AC{'0' * 32}", "token": "t", "from": "+15005550006", "api_base": NOWHERE},
        "fcm": {"credentials": str(folder / "account.json"), "api_base": NOWHERE},
    }
    with clinic(f"sqlite:///{folder / 'outreach.db'}", folder, providers=providers, **changes) as made:
        yield made


def hints(server: Redis, queue: str) -> list[dict[str, Any]]:
    """The messages of a queue at Redis, as they stand there."""
    return [json.loads(each) for each in server.lrange(queue, 0, -1)]


def test_a_hint_carries_a_sender_and_a_lane_and_nothing_of_anybody(
    database: Path, tmp_path: Path, redis_url: str
) -> None:
    with ready(database, tmp_path / "clinic", broker_url=redis_url, broker_prefix="hints") as workspace:
        people = cast(workspace)
        run = written.run_of(workspace)
        with workspace.database.write() as session:
            written.message(session, people.amina, run)
            written.message(session, people.baraka, run, purpose=Purpose.REPLY, body=b"sealed")
        app = make(workspace.settings)
        desk = tasks.open_desk(workspace, app)
        tasks.tick()
        desk.close()
        with Redis.from_url(redis_url) as server:
            bulk, conversations = hints(server, "hints.sms"), hints(server, "hints.conversations")
            everything = b" ".join(server.dump(key) or b"" for key in server.scan_iter())
    assert [json.loads(base64.b64decode(hint["body"]))[:2] for hint in bulk] == [[["twilio", "bulk"], {}]]
    assert [json.loads(base64.b64decode(hint["body"]))[0] for hint in conversations] == [["twilio", "conversation"]]
    for hint in bulk + conversations:
        assert hint["headers"]["task"] == DRAIN
        left = datetime.fromisoformat(hint["headers"]["expires"]) - datetime.now(UTC)
        assert timedelta(0) < left <= timedelta(seconds=HEARD_FOR)
    assert [secret for secret in (AMINA, BARAKA, TOKEN, "+254") if secret.encode() in everything] == []


def test_every_queue_begins_with_the_clinics_own_name() -> None:
    app = make(Settings(_env_file=None, broker_prefix="sunrise"))
    assert queues(Settings(_env_file=None, broker_prefix="sunrise")) == [queue.name for queue in app.conf.task_queues]
    assert all(queue.name.startswith("sunrise.") for queue in app.conf.task_queues)
    assert app.conf.task_default_queue == "sunrise.upkeep"


def test_every_beat_is_a_task_and_expires() -> None:
    app = make(Settings(_env_file=None, plan_every=7, sweep_every=9))
    beats = app.conf.beat_schedule
    assert {name: beats[name]["schedule"] for name in ("tick", "plan", "sweep")} == {"tick": 1, "plan": 7, "sweep": 9}
    app.finalize()
    assert [beat["task"] for beat in beats.values() if beat["task"] not in app.tasks] == []
    assert [name for name, beat in beats.items() if not beat["options"]["expires"]] == []


@pytest.mark.parametrize(("senders", "threads"), [(0, 6), (1, 6), (2, 8), (5, 14)])
def test_both_lanes_of_every_sender_have_a_thread_and_so_has_an_import(senders: int, threads: int) -> None:
    assert tasks.threads_needed(senders) == threads


def test_a_job_that_is_under_way_is_not_begun_again_and_may_be_when_it_is_over(database: Path, tmp_path: Path) -> None:
    with ready(database, tmp_path / "clinic") as workspace:
        desk = tasks.open_desk(workspace, make(workspace.settings))
        with (
            desk.alone(DRAIN, "twilio", "bulk") as first,
            desk.alone(DRAIN, "twilio", "bulk") as second,
            desk.alone(DRAIN, "twilio", "conversation") as other,
        ):
            assert (first, second, other) == (True, False, True)
        with pytest.raises(ZeroDivisionError), desk.alone(TICK):
            _ = 1 / 0
        for job in ((DRAIN, "twilio", "bulk"), (TICK,)):
            with desk.alone(*job) as again:
                assert again
        desk.close()


def test_a_worker_goes_on_as_long_as_there_is_something_to_send_and_calls_others_by_a_hint(
    database: Path, tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed, strides = [500, 3, 0, 7], []

    def drain(*_: object, stride: Stride, more: Callable[[], None], **__: object) -> int:
        strides.append(stride)
        more()
        return handed.pop(0)

    monkeypatch.setattr(send, "drain", drain)
    with ready(database, tmp_path / "clinic", broker_url=redis_url, broker_prefix="more") as workspace:
        desk = tasks.open_desk(workspace, make(workspace.settings))
        tasks.drain("twilio", Lane.BULK)
        assert handed == [7]  # what comes later is another hint's
        assert len({id(each) for each in strides}) == 1  # what was learnt is kept
        desk.stopping.set()
        tasks.drain("twilio", Lane.BULK)
        desk.close()
    assert handed == [7]
    with Redis.from_url(redis_url) as server:
        bodies = [json.loads(base64.b64decode(hint["body"]))[:2] for hint in hints(server, "more.sms")]
    assert bodies == [[["twilio", "bulk"], {}]] * 3


def test_a_task_that_breaks_says_its_class_only(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError(f"somebody at {AMINA}")

    with ready(database, tmp_path / "clinic") as workspace:
        log.configure(json=False, level="error")
        desk = tasks.open_desk(workspace, make(workspace.settings))
        monkeypatch.setattr(planning, "plan", broken)
        tasks.plan()
        desk.close()
    said = capsys.readouterr().err
    assert "task failed" in said
    assert "ValueError" in said
    assert AMINA not in said


def test_two_embedded_workers_one_after_the_other_leave_no_thread_behind(database: Path, tmp_path: Path) -> None:
    def other_threads() -> set[str]:
        """Without those of the loop to providers, which is the process's, not a worker's."""
        names = {each.name for each in threading.enumerate()} - {"channels-http"}
        return {name for name in names if not name.startswith("asyncio_")}

    before = other_threads()
    for name in ("first", "second"):
        with ready(database, tmp_path / name, plan_every=0.2, broker_prefix=name) as workspace:
            people = cast(workspace)
            run = written.run_of(workspace)
            with workspace.database.write() as session:
                message = written.message(session, people.amina, run)
            with working(workspace) as desk:
                assert tasks.desk() is desk
                # Nobody answers: the attempt is made, proven to have come to nothing, and put back.
                wait_until(lambda w=workspace, m=message: written.row(w, m).attempts > 0, 20, "an attempt")  # type: ignore[misc]
        assert other_threads() <= before
