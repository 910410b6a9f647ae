"""A broker or a database that goes silent without a word is found out: every connection asks whether it is there."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from outreach.settings import Settings
from outreach.store import dialects
from scheduler.app import SILENCE, make

ASKED = {getattr(socket, name): value for name, value in SILENCE.items()}  # as both libraries want them

BROKERS = [
    (
        "Redis",
        "redis://localhost:6379/0",
        {
            "socket_connect_timeout": 5,
            "socket_timeout": 30,
            "socket_keepalive": True,
            "socket_keepalive_options": ASKED,
        },
    ),
    ("RabbitMQ", "amqp://guest@localhost//", {"socket_settings": ASKED}),
    ("the embedded one", "", {"polling_interval": 0.1}),
]


@pytest.mark.parametrize("case", BROKERS, ids=lambda case: case[0])
def test_each_kind_of_broker_is_asked_in_its_own_way(case: tuple[str, str, dict[str, Any]]) -> None:
    _, url, expected = case
    assert make(Settings(broker_url=url)).conf.broker_transport_options == expected


def test_a_silent_connection_to_a_broker_is_given_up_within_half_a_minute() -> None:
    assert SILENCE["TCP_KEEPIDLE"] + SILENCE["TCP_KEEPINTVL"] * SILENCE["TCP_KEEPCNT"] <= 30


def test_a_silent_connection_to_postgresql_is_given_up_within_half_a_minute(postgres_url: str) -> None:
    engine = dialects.engine_for(postgres_url)
    with engine.connect() as connection:
        wire: Any = connection.connection.dbapi_connection
        asked = wire.info.get_parameters()
    engine.dispose()
    assert int(asked["keepalives_idle"]) + int(asked["keepalives_interval"]) * int(asked["keepalives_count"]) <= 30
    assert asked["tcp_user_timeout"] == "30000"


def test_the_url_of_the_database_may_say_otherwise(postgres_url: str) -> None:
    other = make_url(postgres_url).update_query_dict({"keepalives_idle": "60"})
    engine = dialects.engine_for(other.render_as_string(hide_password=False))
    with engine.connect() as connection:
        wire: Any = connection.connection.dbapi_connection
        asked = wire.info.get_parameters()
    engine.dispose()
    assert asked["keepalives_idle"] == "60"


@pytest.mark.parametrize("broker", ["redis_url", "amqp_url"])
def test_each_broker_s_library_takes_what_it_is_told(broker: str, request: pytest.FixtureRequest) -> None:
    with make(Settings(broker_url=request.getfixturevalue(broker))).connection_for_write() as connection:
        connection.ensure_connection(max_retries=1)
        assert connection.connected
