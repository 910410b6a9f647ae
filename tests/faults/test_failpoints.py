"""Failpoints: off in every clinic, refused where somebody's phone could ring, each where its name says."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from outreach import failpoints
from outreach.errors import SettingError
from outreach.failpoints import ALLOWED_BY, ARMED_BY, POINTS, FailpointError

ROOT = Path(__file__).parents[2]
HERE = {"twilio": {"api_base": "http://127.0.0.1:8025"}, "fcm": {"api_base": "http://localhost:8025"}}

REFUSED = {
    "outside of a rehearsal": ({ARMED_BY: "claim.committed=kill"}, HERE, "for rehearsals only"),
    "test mode is another word": ({ARMED_BY: "claim.committed=kill", ALLOWED_BY: "yes"}, HERE, "for rehearsals only"),
    "a real provider": (
        {ARMED_BY: "claim.committed=kill", ALLOWED_BY: "1"},
        {**HERE, "twilio": {}},
        "OUTREACH_PROVIDERS__TWILIO__API_BASE",
    ),
    "a provider elsewhere": (
        {ARMED_BY: "claim.committed=kill", ALLOWED_BY: "1"},
        {**HERE, "twilio": {"api_base": "https://api.twilio.com"}},
        "every provider is on this machine",
    ),
    "no such point": ({ARMED_BY: "claim.comitted=kill", ALLOWED_BY: "1"}, HERE, "claim.comitted=kill"),
    "no such action": ({ARMED_BY: "claim.committed=explode", ALLOWED_BY: "1"}, HERE, "kill, freeze, fail"),
    "no such time": ({ARMED_BY: "claim.committed=kill@0", ALLOWED_BY: "1"}, HERE, "kill@0"),
}


@pytest.mark.parametrize("label", REFUSED)
def test_a_process_does_not_start_with_a_trap_that_could_hurt(label: str) -> None:
    environment, providers, said = REFUSED[label]
    with pytest.raises(SettingError, match=re.escape(said)):
        failpoints.arm(environment, providers)
    failpoints.reach("claim.committed")


def test_without_the_variable_nothing_is_armed_whatever_else_is_set() -> None:
    failpoints.arm({ALLOWED_BY: "1"}, {})
    for point in POINTS:
        failpoints.reach(point)


def test_a_trap_springs_the_nth_time_and_once() -> None:
    failpoints.arm({ARMED_BY: "claim.committed=fail@2, send.answered=fail", ALLOWED_BY: "1"}, HERE)
    failpoints.reach("claim.committed")
    with pytest.raises(FailpointError):
        failpoints.reach("claim.committed")
    failpoints.reach("claim.committed")
    with pytest.raises(FailpointError):
        failpoints.reach("send.answered")
    failpoints.lay([])


def test_a_kill_ends_the_process_as_a_power_cut_would() -> None:
    code = """if True:
        from outreach import failpoints
        failpoints.lay([("plan.committed", failpoints.Trap(failpoints.Action.KILL))])
        failpoints.reach("plan.committed")
        """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL


def test_every_point_is_reached_at_one_place_of_the_product() -> None:
    said = Counter(
        name
        for path in [*ROOT.glob("outreach/**/*.py"), *ROOT.glob("scheduler/**/*.py")]
        for name in re.findall(r'failpoints\.reach\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    )
    assert said == Counter(dict.fromkeys(POINTS, 1))
