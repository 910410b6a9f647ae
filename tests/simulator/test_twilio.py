"""The official `twilio` library against the carrier, over real HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from outreach.simulator.options import Script
from tests.simulator.clinic import ACCOUNT, HERS, OURS, SERVICE, TOKEN, Clinic, soon
from tests.simulator.conftest import Carriers

PLAIN = {"to": HERS, "messaging_service_sid": SERVICE, "body": "Your visit is tomorrow."}


def client(base: str, token: str = TOKEN, http: Any = None) -> Client:
    made = Client(ACCOUNT, token, http_client=http or TwilioHttpClient(timeout=5))
    made.api.base_url = base
    return made


@pytest.fixture
def base(carrier: Carriers) -> Iterator[str]:
    with carrier() as url:
        yield url


@pytest.fixture
def callback(clinic_url: str) -> str:
    return f"{clinic_url}/hooks/twilio/status?m=42"


def test_a_message_through_a_service_is_accepted_without_sender_and_parts(base: str) -> None:
    taken = client(base).messages.create(**PLAIN)
    assert re.fullmatch("SM[0-9a-f]{32}", taken.sid)
    assert (taken.status, taken.num_segments, taken.from_) == ("accepted", "0", None)
    assert taken.date_created is not None
    assert abs(taken.date_created - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_message_from_a_number_is_queued_with_its_parts(base: str) -> None:
    taken = client(base).messages.create(to=HERS, from_=OURS, body="x" * 161)
    assert (taken.status, taken.num_segments, taken.from_) == ("queued", "2", OURS)


def test_the_asyncio_client_sends_many_at_once(base: str, clinic: Clinic, callback: str) -> None:
    async def send() -> list[str]:
        async with AsyncTwilioHttpClient(timeout=5) as http:
            messages = client(base, http=http).messages
            calls = [messages.create_async(**PLAIN, status_callback=callback) for _ in range(40)]
            return [taken.sid for taken in await asyncio.gather(*calls)]

    sids = asyncio.run(send())
    assert len(set(sids)) == 40
    assert soon(lambda: len(clinic.receipts) == 80)
    assert {receipt["MessageSid"] for receipt in clinic.receipts} == set(sids)


def test_receipts_are_signed_and_carry_the_query_of_the_callback(base: str, clinic: Clinic, callback: str) -> None:
    sid = client(base).messages.create(**PLAIN, status_callback=callback).sid
    assert soon(lambda: len(clinic.receipts) == 2)
    assert clinic.statuses() == ["sent", "delivered"]
    assert clinic.forged == 0
    last = clinic.receipts[-1]
    wanted = {"MessageSid": sid, "SmsSid": sid, "SmsStatus": "delivered", "m": "42", "From": OURS, "To": HERS}
    assert wanted.items() <= last.items()
    assert (last["AccountSid"], last["MessagingServiceSid"]) == (ACCOUNT, SERVICE)


def test_fetch_tells_what_became_of_it(base: str) -> None:
    messages = client(base).messages
    sid = messages.create(**PLAIN).sid
    assert soon(lambda: messages(sid).fetch().status == "delivered")
    found = messages(sid).fetch()
    assert (found.body, found.to, found.from_, found.num_segments) == (PLAIN["body"], HERS, OURS, "1")


def test_list_narrows_by_person_and_day_and_walks_pages(base: str) -> None:
    messages = client(base).messages
    sids = [messages.create(**PLAIN).sid for _ in range(7)]
    messages.create(to="+254711000002", from_=OURS, body="to somebody else")
    now = datetime.now(UTC)
    newest_first = list(reversed(sids))
    assert [found.sid for found in messages.list(to=HERS, page_size=3)] == newest_first
    assert [found.sid for found in messages.list(to=HERS, limit=2)] == newest_first[:2]
    assert len(messages.list(to=HERS, date_sent_after=now - timedelta(minutes=1))) == 7
    assert messages.list(to=HERS, date_sent_after=now + timedelta(minutes=1)) == []
    assert messages.list(to=HERS, date_sent_before=now - timedelta(minutes=1)) == []
    assert len(messages.list(to=HERS, date_sent=now.date())) == 7
    assert len(messages.list()) == 8


REFUSALS: list[tuple[str, dict[str, Any], int]] = [
    ("no recipient", {"to": ""}, 21604),
    ("letters for a number", {"to": "+2547CALLME"}, 21211),
    ("a national number", {"to": "0711000001"}, 21211),
    ("no sender", {"messaging_service_sid": ""}, 21603),
    ("a foreign service", {"messaging_service_sid": "MG" + "9" * 32}, 21701),
    ("a foreign number", {"messaging_service_sid": "", "from_": "+254799999999"}, 21606),
    ("no text", {"body": ""}, 21602),
    ("too long", {"body": "x" * 1601}, 21617),
    ("no validity", {"validity_period": 0}, 30012),
    ("longer than ten hours", {"validity_period": 36_001}, 30013),
    ("a callback that is no URL", {"status_callback": "clinic"}, 21609),
]


@pytest.mark.parametrize(("label", "change", "code"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_a_faulty_call_is_refused_with_twilios_code(
    quiet_carrier: str, label: str, change: dict[str, Any], code: int
) -> None:
    messages = client(quiet_carrier).messages
    with pytest.raises(TwilioRestException) as refused:
        messages.create(**(PLAIN | change))
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert messages.list() == []


def test_a_body_of_1600_characters_is_taken(base: str) -> None:
    assert client(base).messages.create(**(PLAIN | {"body": "x" * 1600})).sid


def test_wrong_credentials_are_401(quiet_carrier: str) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client(quiet_carrier, token="wrong").messages.create(**PLAIN)
    assert (refused.value.code, refused.value.status) == (20003, 401)


def test_a_foreign_sid_is_not_found(quiet_carrier: str) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client(quiet_carrier).messages("SM" + "0" * 32).fetch()
    assert (refused.value.code, refused.value.status) == (20404, 404)


def test_an_answer_goes_to_the_number_that_wrote(carrier: Carriers, clinic: Clinic) -> None:
    with carrier(Script.ANSWERS) as base:
        client(base).messages.create(**PLAIN)
        assert soon(lambda: clinic.inbound)
    text = clinic.inbound[0]
    assert (text["From"], text["To"], text["NumMedia"], text["NumSegments"]) == (HERS, OURS, "0", "1")
    assert text["Body"]
    assert "OptOutType" not in text
    assert clinic.forged == 0


def test_nobody_answers_an_automatic_answer(carrier: Carriers, clinic: Clinic) -> None:
    with carrier(Script.ANSWERS, answer_every=4) as base:
        messages = client(base).messages
        for _ in range(4):
            messages.create(**PLAIN)
        assert soon(lambda: [found.status for found in messages.list(to=HERS)] == ["delivered"] * 4)
        assert not soon(lambda: len(clinic.inbound) > 1, seconds=0.2)
        messages.create(**PLAIN)
        assert soon(lambda: len(clinic.inbound) == 2)


def test_by_default_stop_is_the_clinics_affair(carrier: Carriers, clinic: Clinic) -> None:
    with carrier(Script.STOPS) as base:
        messages = client(base).messages
        messages.create(**PLAIN)
        assert soon(lambda: clinic.inbound)
        assert messages.create(**PLAIN).sid
    assert clinic.inbound[0]["Body"] == "STOP"
    assert "OptOutType" not in clinic.inbound[0]


def test_a_carrier_that_knows_stop_says_so_and_refuses_later_texts(carrier: Carriers, clinic: Clinic) -> None:
    with carrier(Script.STOPS, carrier_stop=True) as base:
        messages = client(base).messages
        messages.create(**PLAIN)
        assert soon(lambda: clinic.inbound)
        with pytest.raises(TwilioRestException) as refused:
            messages.create(**PLAIN)
    assert clinic.inbound[0]["OptOutType"] == "STOP"
    assert refused.value.code == 21610
