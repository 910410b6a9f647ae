"""What can go wrong on the wire, and what the log says about it afterwards."""

from __future__ import annotations

import httpx
import pytest

from outreach.simulator.options import Span, Weather
from tests.simulator.clinic import Clinic, soon
from tests.simulator.conftest import Carriers
from tests.simulator.wire import Carrier


def test_a_throttled_call_is_never_taken(carrier: Carriers) -> None:
    with carrier(weather=Weather(throttle=1, taken=1, retry_after=7)) as base:
        phones = Carrier(base)
        answer = phones.text()
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, 20429, "7")
        assert (phones.taken(), phones.log("call")[0]["outcome"]) == (0, "throttled")


def test_a_storm_of_429_passes(carrier: Carriers) -> None:
    with carrier(weather=Weather(throttle_for=0.4)) as base:
        phones = Carrier(base)
        assert phones.text().status_code == 429
        assert soon(lambda: phones.text().status_code == 201)


@pytest.mark.parametrize("taken", [0, 1])
def test_a_503_does_not_say_whether_the_message_was_taken(carrier: Carriers, clinic_url: str, taken: int) -> None:
    with carrier(weather=Weather(server_error=1, taken=taken)) as base:
        phones = Carrier(base, clinic_url)
        answer = phones.text(ours=5)
        assert (answer.status_code, answer.json()["code"]) == (503, 20503)
        call = phones.log("call")[0]
        assert (call["outcome"], call["message"], phones.taken()) == ("server_error", "5", taken)


@pytest.mark.parametrize("taken", [0, 1])
def test_a_reset_tears_the_connection_down_without_an_answer(carrier: Carriers, taken: int) -> None:
    with carrier(weather=Weather(reset=1, taken=taken)) as base:
        phones = Carrier(base)
        with pytest.raises(httpx.NetworkError):
            phones.text()
        assert phones.taken() == taken


def test_a_black_hole_takes_the_message_and_says_nothing(carrier: Carriers, clinic: Clinic, clinic_url: str) -> None:
    with carrier(weather=Weather(black_hole=1, taken=1)) as base:
        phones = Carrier(base, clinic_url)
        phones.http.timeout = httpx.Timeout(0.3)
        with pytest.raises(httpx.ReadTimeout):
            phones.text()
        assert soon(lambda: clinic.statuses() == ["sent", "delivered"])
        assert phones.taken() == 1


def test_an_early_receipt_overtakes_the_answer(carrier: Carriers, clinic: Clinic, clinic_url: str) -> None:
    with carrier(weather=Weather(early=1)) as base:
        phones = Carrier(base, clinic_url)
        for count in range(1, 6):
            sid = phones.text(ours=count).json()["sid"]
            assert sid in {receipt["MessageSid"] for receipt in clinic.receipts}


def test_receipts_are_lost(carrier: Carriers, clinic: Clinic, clinic_url: str) -> None:
    with carrier(weather=Weather(loss=1)) as base:
        phones = Carrier(base, clinic_url)
        sid = phones.text().json()["sid"]
        assert soon(lambda: phones.status(sid)[0] == "delivered")
        assert [line["outcome"] for line in phones.log("receipt")] == ["lost", "lost"]
        assert phones.http.get("/simulator/figures").json()["sms"]["lost"] == 2
    assert clinic.receipts == []


def test_receipts_come_twice(carrier: Carriers, clinic: Clinic, clinic_url: str) -> None:
    with carrier(weather=Weather(duplicate=1)) as base:
        Carrier(base, clinic_url).text()
        assert soon(lambda: sorted(clinic.statuses()) == ["delivered", "delivered", "sent", "sent"])


def test_receipts_overtake_each_other(carrier: Carriers, clinic: Clinic, clinic_url: str) -> None:
    with carrier(weather=Weather(reordered=0.5), seed=3) as base:
        phones = Carrier(base, clinic_url)
        for count in range(20):
            phones.text(to=f"+2547110001{count:02d}", ours=count)
        assert soon(lambda: len(clinic.receipts) == 40)
    orders = [[r["MessageStatus"] for r in clinic.receipts if r["m"] == str(count)] for count in range(20)]
    assert ["delivered", "sent"] in orders
    assert ["sent", "delivered"] in orders


def test_the_weather_can_change_while_it_runs(carrier: Carriers) -> None:
    with carrier() as base:
        phones = Carrier(base)
        assert phones.text().status_code == 201
        assert phones.http.put("/simulator/weather", json={"throttle": 1}).status_code == 200
        assert phones.http.get("/simulator/weather").json()["throttle"] == 1
        assert phones.text().status_code == 429
        phones.http.put("/simulator/weather", json={})
        assert phones.text().status_code == 201
        assert phones.http.put("/simulator/weather", json={"throttle": 0.6, "reset": 0.6}).status_code == 422


def test_a_slow_api_takes_its_time(carrier: Carriers) -> None:
    with carrier(weather=Weather(api=Span(least=0.2, most=0.25))) as base:
        assert Carrier(base).text().elapsed.total_seconds() >= 0.2


@pytest.mark.parametrize("fault", [503, 500, 429])
def test_a_clinic_that_is_down_is_called_again(carrier: Carriers, clinic: Clinic, clinic_url: str, fault: int) -> None:
    with carrier() as base:
        clinic.answers += [fault, fault]
        Carrier(base, clinic_url).text()
        assert soon(lambda: sorted(clinic.statuses()) == ["delivered", "sent"])


def test_a_clinic_that_refuses_is_not_called_again(carrier: Carriers, clinic: Clinic, clinic_url: str) -> None:
    with carrier() as base:
        clinic.answers += [403, 403]
        phones = Carrier(base, clinic_url)
        phones.text()
        assert soon(lambda: [line["code"] for line in phones.log("receipt")] == [403, 403])
    assert clinic.receipts == []
