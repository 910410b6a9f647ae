"""Several workers on networks of their own: what is laid for them, what is cleared, and what is said where none can be.

That they share the work is measured by `make bench ARGS=scale`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from benchmarks import __main__ as bench
from benchmarks import contract
from benchmarks.contract import AMQP, POSTGRES, Size
from benchmarks.rows import ROWS
from tests import namespaces
from tests.namespaces import Hub, Namespace, NotHereError, cable, hub
from tests.servers import LOOPBACK, Beside, postgres, servers

SCALE = next(row for row in ROWS if row.name == "scale")


@pytest.fixture
def here() -> Iterator[Hub]:
    """A hub of one's own; without root or `ip` the test is skipped."""
    try:
        with hub() as made:
            yield made
    except NotHereError as lack:
        pytest.skip(str(lack))


def lay(to: Hub) -> Namespace:
    """A cable; where none can be laid the test is skipped."""
    try:
        return to.lay()
    except NotHereError as lack:
        pytest.skip(str(lack))


def test_a_cable_leads_from_the_hubs_one_address_to_the_namespaces_own() -> None:
    assert [" ".join(words) for words in cable(Hub(7), Namespace("outreach-7-2", "10.231.7.3"))] == [
        "netns add outreach-7-2",
        "link add out-7-2 type veth peer name far netns outreach-7-2",
        "addr add 10.231.7.1/32 peer 10.231.7.3/32 dev out-7-2",
        "link set out-7-2 up",
        "-n outreach-7-2 addr add 10.231.7.3/32 peer 10.231.7.1/32 dev far",
        "-n outreach-7-2 link set far up",
        "-n outreach-7-2 link set lo up",
    ]


def test_the_longest_name_of_a_cable_is_one_that_linux_takes() -> None:
    longest = cable(Hub(255), Namespace(f"outreach-255-{namespaces.MOST}", "10.231.255.251"))
    assert len(longest[1][2]) <= 15


def test_two_runs_at_once_have_networks_of_their_own_and_leave_nothing(here: Hub) -> None:
    with hub() as other:
        assert here.number != other.number
        ends = [lay(here), lay(here), lay(other)]
        assert len({end.address for end in ends}) == 3
        assert all((namespaces.NAMED / end.name).exists() for end in ends)
        subprocess.run([*ends[1].inside, "ip", "route", "get", here.address], check=True, capture_output=True)
    assert not (namespaces.NAMED / ends[2].name).exists()
    assert (namespaces.NAMED / ends[0].name).exists()  # the other's end is not ours
    namespaces._clear(here.number)  # what was left behind by one that was killed
    assert not [end.name for end in ends if (namespaces.NAMED / end.name).exists()]
    assert not namespaces._taken(here.subnet)


def test_where_no_network_can_be_made_the_row_says_why_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    told = bench._one(SCALE, Size(10, 1))
    assert told == {"row": "scale", "not_played": "a network namespace can be made by root alone"}
    assert "NOT PLAYED: a network namespace can be made by root alone" in capsys.readouterr().out


def test_the_curve_is_told_line_by_line() -> None:
    figures: Any = dict.fromkeys(
        (
            f"{name}_{workers}_{pace}"
            for name in ("rate", "cpu", "cpu_ours", "cpu_database", "least", "most")
            for workers in (1, 2, 4)
            for pace in (100, 1000)
        ),
        1.0,
    )
    assert SCALE.told is not None
    lines = SCALE.told(figures | {"rate_4_1000": 432.1, "least_4_1000": 0.9})
    assert len(lines) == 6
    said = "4 workers at 1,000 ms 432/s 1.00 ms CPU each (ours + database: 1.00 + 1.00) shares 0.90 to 1.00"
    assert " ".join(lines[-1].split()) == said


def test_a_ground_may_stand_on_rabbitmq_and_on_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    @contextmanager
    def ground(_settings: object, *given: str) -> Iterator[None]:
        seen.append(given)
        yield

    monkeypatch.setattr(contract, "a_ground", ground)
    given = {POSTGRES: "postgresql+psycopg://there", AMQP: "amqp://there//"}
    with contract.ground(broker=AMQP, given=given, address="10.231.0.1"), contract.ground(broker="", given=given):
        pass
    assert seen == [
        ("postgresql+psycopg://there", "amqp://there//", "10.231.0.1"),
        ("postgresql+psycopg://there", "", LOOPBACK),
    ]
    with pytest.raises(SystemExit, match="make bench"), contract.ground(given={}):
        pass


def test_whoever_comes_from_beside_is_asked_for_the_password(here: Hub) -> None:
    lay(here)
    beside = Beside(here.address, here.subnet)
    assert beside.password not in repr(beside)
    with servers(beside, (postgres,)) as urls:
        url = make_url(urls[POSTGRES]).set(drivername="postgresql")
        psycopg.connect(url.render_as_string(hide_password=False)).close()
        psycopg.connect(url.set(host=LOOPBACK, password="").render_as_string()).close()  # as for every other test
        for refused in (url.set(password="guess"), url.set(username="postgres")):
            with pytest.raises(psycopg.OperationalError, match=r"password authentication failed|no pg_hba.conf entry"):
                psycopg.connect(refused.render_as_string(hide_password=False))
