"""Who lives behind the numbers, and what becomes of a text there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from outreach.simulator.handsets import Book, Power
from outreach.simulator.options import Script
from outreach.simulator.phrases import ANSWERS, language
from tests.simulator.clinic import HERS, Clinic, options, soon
from tests.simulator.conftest import Carriers
from tests.simulator.wire import Carrier

ENDS: list[tuple[Script, str, int | None]] = [
    (Script.QUIET, "delivered", None),
    (Script.ROAMING, "delivered", None),
    (Script.LANDLINE, "undelivered", 30006),
    (Script.UNREACHABLE, "undelivered", 30003),
    (Script.UNKNOWN, "undelivered", 30005),
    (Script.BLOCKED, "undelivered", 30004),
]


@pytest.mark.parametrize(("script", "status", "code"), ENDS, ids=[row[0] for row in ENDS])
def test_each_script_has_its_end(
    carrier: Carriers, clinic: Clinic, clinic_url: str, script: Script, status: str, code: int | None
) -> None:
    with carrier(script, tempo=200) as base:
        phones = Carrier(base, clinic_url)
        sid = phones.text().json()["sid"]
        assert soon(lambda: len(clinic.receipts) == 2)
        assert phones.status(sid) == (status, code)
    assert clinic.statuses() == ["sent", status]
    assert clinic.receipts[-1].get("ErrorCode") == (str(code) if code else None)
    assert clinic.inbound == []


@pytest.mark.parametrize("power", [Power.OFF, Power.OUT_OF_COVERAGE])
def test_a_text_waits_for_a_handset_that_is_away(
    carrier: Carriers, clinic: Clinic, clinic_url: str, power: Power
) -> None:
    with carrier() as base:
        phones = Carrier(base, clinic_url)
        handset = phones.handset(number=HERS)
        phones.change(handset, power=power)
        phones.text()
        assert soon(lambda: phones.http.get("/simulator/handsets").json()[0]["waiting"] == 1)
        assert soon(lambda: clinic.statuses() == ["sent"])
        assert phones.change(handset, power="on")["waiting"] == 0
        assert soon(lambda: clinic.statuses() == ["sent", "delivered"])


def test_a_text_nobody_wants_any_more_is_given_up(carrier: Carriers, clinic: Clinic, clinic_url: str) -> None:
    with carrier(Script.OFF) as base:
        phones = Carrier(base, clinic_url)
        sid = phones.text(ValidityPeriod="1").json()["sid"]
        assert soon(lambda: clinic.statuses() == ["sent", "undelivered"])
        assert phones.status(sid) == ("undelivered", 30036)
        phones.change(phones.handset(number=HERS), power="on")
        assert not soon(lambda: len(clinic.receipts) > 2, seconds=0.2)


def test_a_push_waits_as_well(carrier: Carriers, clinic: Clinic) -> None:
    with carrier(Script.OFF) as base:
        phones = Carrier(base)
        assert phones.push().status_code == 200
        assert not soon(lambda: clinic.acks, seconds=0.2)
        phones.change(phones.handset(token="t-1"), power="on")
        assert soon(lambda: clinic.acks == [{"message": "1", "ack": "word"}])


def test_a_handset_that_never_got_a_text_can_write(carrier: Carriers, clinic: Clinic) -> None:
    with carrier() as base:
        phones = Carrier(base)
        handset = phones.handset(number=HERS)
        wrote = phones.http.post(f"/simulator/handsets/{handset}/texts", json={"text": "JOIN €"})
        assert wrote.status_code == 201
        assert soon(lambda: clinic.inbound)
    assert clinic.inbound[0]["Body"] == "JOIN €"
    assert clinic.inbound[0]["MessageSid"] == wrote.json()["sid"]
    assert clinic.forged == 0


def test_a_handset_that_is_off_or_has_no_number_cannot_write(carrier: Carriers) -> None:
    with carrier() as base:
        phones = Carrier(base)
        off, app = phones.handset(number=HERS, script="off"), phones.handset(token="t-1")
        for handset in (off, app):
            answer = phones.http.post(f"/simulator/handsets/{handset}/texts", json={"text": "Hello"})
            assert answer.status_code == 409
        assert phones.http.post("/simulator/handsets/nobody/texts", json={"text": "Hello"}).status_code == 404


def test_a_number_and_a_token_can_be_one_phone(carrier: Carriers) -> None:
    with carrier() as base:
        phones = Carrier(base)
        handset = phones.handset(number=HERS, token="t-1")
        assert phones.handset(token="t-1") == phones.handset(number=HERS) == handset
        phones.handset(number="+254711000002")
        both = {"number": "+254711000002", "token": "t-1"}
        assert phones.http.post("/simulator/handsets", json=both).status_code == 409


def test_ids_and_lists_betray_no_number_token_or_text(carrier: Carriers, clinic_url: str) -> None:
    with carrier() as base:
        phones = Carrier(base, clinic_url)
        phones.text(body="canary text")
        phones.push("canary-token")
        assert soon(lambda: len(phones.log("status")) == 3)
        told = "".join(phones.http.get(f"/simulator/{page}").text for page in ("log", "handsets", "figures"))
    assert HERS.removeprefix("+") not in told
    assert "canary" not in told


def test_the_same_people_live_behind_the_same_numbers_in_every_run(tmp_path: Path) -> None:
    cast = {Script.QUIET: 3.0, Script.ANSWERS: 1.0, Script.APP_SILENT: 5.0}
    numbers = [f"+2547110{count:05d}" for count in range(2000)]

    def people(seed: int) -> list[Script]:
        book = Book(options("http://clinic", tmp_path / "carrier.db", cast=cast, seed=seed))
        return [book.make(number, None).script for number in numbers]

    assert people(1) == people(1) != people(2)
    shares = Counter(people(1))
    assert shares.keys() == {Script.QUIET, Script.ANSWERS}  # an app's script is nothing for a number
    assert 0.2 < shares[Script.ANSWERS] / 2000 < 0.3


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Your visit is on Monday.", "en"),
        ("Bonjour, votre visite est lundi.", "fr"),
        ("Habari, kumbuka dawa yako leo.", "sw"),
        ("", "en"),
    ],
)
def test_people_answer_in_the_language_they_were_written_to(text: str, spoken: str) -> None:
    assert language(text) == spoken
    assert spoken in ANSWERS
