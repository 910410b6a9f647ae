"""What the suite itself stands on: servers of one's own, and no way out of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from kombu import Connection
from redis import Redis
from sqlalchemy import create_engine, inspect, text

from tests.postgres import Postgres

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("host", ["192.0.2.1", "example.org", "2001:db8::1"])
def test_no_test_can_call_out(host: str) -> None:
    with pytest.raises(RuntimeError, match="this machine only"):
        socket.create_connection((host, 80), timeout=1)


@pytest.mark.parametrize("_turn", [1, 2])
def test_each_test_has_a_database_of_its_own(database_url: str, _turn: int) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text("CREATE TABLE left_over (id INTEGER)"))
    engine.dispose()


def test_a_database_can_be_copied_from_another(postgres: Postgres) -> None:
    with postgres.database() as first:
        engine = create_engine(first)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE kept (id INTEGER)"))
        engine.dispose()
        with postgres.database(template=str(engine.url.database)) as second:
            copy = create_engine(second)
            assert inspect(copy).get_table_names() == ["kept"]
            copy.dispose()


@pytest.mark.parametrize("_turn", [1, 2])
def test_each_test_finds_redis_empty(redis_url: str, _turn: int) -> None:
    with Redis.from_url(redis_url) as server:
        assert server.dbsize() == 0
        server.set("left_over", 1)


def test_rabbitmq_carries_a_message(amqp_url: str) -> None:
    with Connection(amqp_url) as broker, broker.SimpleQueue("the-ground") as queue:
        queue.clear()
        queue.put("hint")
        assert queue.get(timeout=5).payload == "hint"


@pytest.mark.parametrize(
    ("required", "says"),
    [("redis", "Required, but not set: OUTREACH_TEST_REDIS_URL"), ("oracle", "names ['oracle']")],
)
def test_a_required_server_that_is_missing_stops_the_run(required: str, says: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "OUTREACH_TEST_REDIS_URL"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_audit.py"]
    done = subprocess.run(
        command, cwd=ROOT, env={**env, "OUTREACH_TEST_REQUIRE": required}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert says in done.stdout + done.stderr
