"""The carrier is killed and started again with the same log: nothing that was taken is lost or taken twice."""

from __future__ import annotations

from outreach.simulator.options import Script, Span
from tests.simulator.clinic import HERS, Clinic, soon
from tests.simulator.conftest import Carriers
from tests.simulator.wire import Carrier

SLOW = Span(least=60, most=90)  # with a tempo of 100: 0.6 to 0.9 s


def test_what_was_on_its_way_arrives_after_a_crash(carrier: Carriers, clinic: Clinic, clinic_url: str) -> None:
    with carrier(crash=True, network=SLOW) as base:
        phones = Carrier(base, clinic_url)
        sids = [phones.text(to=f"+2547110001{count:02d}", ours=count).json()["sid"] for count in range(20)]
    assert clinic.receipts == []
    with carrier(network=SLOW) as base:
        assert soon(lambda: clinic.statuses().count("delivered") == 20)
        assert Carrier(base).taken() == 20
    assert {receipt["MessageSid"] for receipt in clinic.receipts} == set(sids)
    assert clinic.statuses().count("sent") == 20


def test_receipts_owed_at_the_crash_are_sent_after_it(carrier: Carriers, clinic: Clinic, clinic_url: str) -> None:
    with carrier(crash=True) as base:
        phones = Carrier(base, clinic_url)
        clinic.answers += [503] * 100  # the clinic is down as well
        phones.text()
        assert soon(lambda: len(phones.log("status")) == 2)
    clinic.answers.clear()
    assert clinic.receipts == []
    with carrier():
        assert soon(lambda: set(clinic.statuses()) == {"sent", "delivered"})


def test_an_answer_in_the_making_is_given_once_and_under_one_id(
    carrier: Carriers, clinic: Clinic, clinic_url: str
) -> None:
    with carrier(Script.ANSWERS, crash=True, thinking=SLOW) as base:
        phones = Carrier(base, clinic_url)
        phones.text()
        assert soon(lambda: "delivered" in clinic.statuses())
    assert clinic.inbound == []
    with carrier(Script.ANSWERS, thinking=SLOW) as base:
        assert soon(lambda: clinic.inbound)
        assert len({text["MessageSid"] for text in clinic.inbound}) == 1
        assert Carrier(base).http.get("/simulator/figures").json()["sms"]["written"] == 1


def test_a_text_for_a_handset_that_is_off_waits_through_the_crash(
    carrier: Carriers, clinic: Clinic, clinic_url: str
) -> None:
    with carrier(crash=True) as base:
        phones = Carrier(base, clinic_url)
        phones.change(phones.handset(number=HERS, name="Amina"), power="off")
        phones.text()
        assert soon(lambda: phones.http.get("/simulator/handsets").json()[0]["waiting"] == 1)
    with carrier() as base:
        phones = Carrier(base, clinic_url)
        shown = phones.http.get("/simulator/handsets").json()
        assert [(h["name"], h["power"], h["waiting"]) for h in shown] == [("Amina", "off", 1)]
        phones.change(shown[0]["id"], power="on")
        assert soon(lambda: "delivered" in clinic.statuses())


def test_figures_and_log_go_on_where_they_ended(carrier: Carriers) -> None:
    with carrier(crash=True) as base:
        assert Carrier(base).text().status_code == 201
    with carrier() as base:
        phones = Carrier(base)
        assert phones.text().status_code == 201
        assert phones.http.get("/simulator/figures").json()["sms"]["taken"] == 2
        ids = [line["id"] for line in phones.http.get("/simulator/log").json()]
        assert ids == sorted(set(ids))

        def rests() -> bool:
            last = phones.http.get("/simulator/log").json()[-1]["id"]
            return bool(phones.http.get(f"/simulator/log?after={last}").json() == [])

        assert soon(rests)
