"""Twilio's own table: what goes over the wire, what each refusal means, what its lists tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from aiohttp import web

from outreach.channels import http
from outreach.channels.contract import Accepted, Answer, Carried, Cause, Outgoing, Provider, Rejected, Unit
from outreach.channels.twilio import FEW
from outreach.channels.twilio_errors import CAUSES, cause_of_failure
from tests.channels import desks
from tests.channels.desks import TEXT, TO, sms, twilio_settings
from tests.channels.scripted import Reply, Scripted, answer, reset

OpenDesk = Callable[[str, dict[str, object]], Provider]
OURS = "+254700000001"


def created(**more: object) -> Reply:
    """Twilio's answer to a message it took."""
    return answer(201, {"sid": "SM1", "status": "queued", "num_segments": "0", "error_code": None, **more})


def refused(status: int, code: int) -> Reply:
    """Twilio's answer to a message it did not take; its sentence repeats the number, as the real one does."""
    return answer(status, {"code": code, "message": f"The number {TO} is wrong", "status": status})


def problem(status: int, code: int) -> Reply:
    """The same in the newer form of RFC 9457."""
    return answer(status, {"type": "about:blank", "title": "No", "status": status, "code": code, "detail": TO})


@dataclass(frozen=True)
class Case:
    label: str
    reply: Reply
    gives: Answer


SEND = [
    Case("plain", created(), gives=Accepted("SM1")),
    Case("a name that is not a text", created(sid=7), gives=Rejected(Cause.AMBIGUOUS, "no-sid")),
    Case("a date nobody can read", created(date_created="yesterday"), gives=Accepted("SM1")),
    Case("person said stop", refused(400, 21610), gives=Rejected(Cause.OPTED_OUT, "21610")),
    Case("ten hours of texts wait already", refused(400, 21611), gives=Rejected(Cause.QUEUE_FULL, "21611")),
    Case("too many calls", refused(429, 20429), gives=Rejected(Cause.THROTTLED, "20429")),
    Case("not a number", refused(400, 21211), gives=Rejected(Cause.BAD_NUMBER, "21211")),
    Case("a landline", refused(400, 21614), gives=Rejected(Cause.LANDLINE, "21614")),
    Case("no route", refused(400, 21612), gives=Rejected(Cause.UNREACHABLE, "21612")),
    Case("country not enabled", refused(400, 21408), gives=Rejected(Cause.REGION, "21408")),
    Case("sender not ours", refused(400, 21606), gives=Rejected(Cause.SENDER, "21606")),
    Case("service without numbers", refused(400, 21704), gives=Rejected(Cause.SENDER, "21704")),
    Case("wrong token", refused(401, 20003), gives=Rejected(Cause.ACCOUNT, "20003")),
    Case("suspended", refused(403, 20005), gives=Rejected(Cause.ACCOUNT, "20005")),
    Case("trial account", refused(400, 21608), gives=Rejected(Cause.ACCOUNT, "21608")),
    Case("empty text", refused(400, 21602), gives=Rejected(Cause.BAD_REQUEST, "21602")),
    Case("no such account", refused(404, 20404), gives=Rejected(Cause.BAD_REQUEST, "20404")),
    Case("a code from the future", refused(400, 29999), gives=Rejected(Cause.BAD_REQUEST, "29999")),
    Case("carrier timed out", refused(400, 30410), gives=Rejected(Cause.AMBIGUOUS, "30410")),
    Case("fault with the code of a stop", refused(500, 21610), gives=Rejected(Cause.AMBIGUOUS, "21610")),
    Case("unavailable", refused(503, 20503), gives=Rejected(Cause.AMBIGUOUS, "20503")),
    Case("newer form of a refusal", problem(400, 21610), gives=Rejected(Cause.OPTED_OUT, "21610")),
    Case("newer form of a fault", problem(500, 20500), gives=Rejected(Cause.AMBIGUOUS, "20500")),
]


@pytest.mark.parametrize("case", SEND, ids=lambda case: case.label)
def test_an_answer_means(case: Case, carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [case.reply]
    assert send(open_desk("twilio", twilio_settings(carrier.url))) == case.gives


def send(provider: Provider, message: Outgoing | None = None, sender: str = "twilio") -> Answer:
    (given,) = http.run(provider.send(sender, [message or sms()]), timeout=20)
    return given


def test_the_form_is_what_twilio_documents(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [created()]
    send(open_desk("twilio", twilio_settings(carrier.url)))
    (call,) = carrier.calls
    assert (call.method, call.path) == ("POST", "/2010-04-01/Accounts/AC0123/Messages.json")
    assert call.headers["Authorization"] == "Basic QUMwMTIzOmNhbmFyeS1hdXRoLXRva2Vu"
    assert call.form == {
        "To": TO,
        "From": OURS,
        "Body": TEXT,
        "StatusCallback": f"{desks.PUBLIC_URL}/hooks/twilio/status?m=7",
        "ValidityPeriod": "3600",
    }


@pytest.mark.parametrize(("lifetime", "sent"), [(1, "1"), (36_000, "36000"), (86_400, "36000"), (0, "1")])
def test_a_lifetime_is_kept_within_what_twilio_allows(
    lifetime: int, sent: str, carrier: Scripted, open_desk: OpenDesk
) -> None:
    carrier.replies = [created()]
    send(open_desk("twilio", twilio_settings(carrier.url)), sms(lifetime=lifetime))
    assert carrier.calls[0].form["ValidityPeriod"] == sent


def test_any_text_arrives_as_it_was_written(carrier: Scripted, open_desk: OpenDesk) -> None:
    text = "Habari & karibu = 100 % + ’é’ 👩‍⚕️\nmwisho "
    carrier.replies = [created()]
    send(open_desk("twilio", twilio_settings(carrier.url)), sms(text=text))
    assert carrier.calls[0].form["Body"] == text


def test_a_messaging_service_picks_the_number(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [created()]
    settings = twilio_settings(carrier.url, **{"from": "", "messaging_service": "MG09"})
    provider = open_desk("twilio", settings)
    send(provider)
    assert carrier.calls[0].form["MessagingServiceSid"] == "MG09"
    assert "From" not in carrier.calls[0].form
    assert [(s.name, s.number) for s in provider.senders] == [("twilio", "")]


def test_an_answer_goes_out_while_a_campaign_takes_its_time(carrier: Scripted, open_desk: OpenDesk) -> None:
    campaign = [sms(number) for number in range(FEW + 1)]
    full, free = asyncio.Event(), asyncio.Event()

    async def held(request: web.Request) -> web.StreamResponse:
        if len(carrier.calls) == 7:
            full.set()
        await free.wait()
        return await created()(request)

    carrier.replies = [held] * 7 + [created()] * (len(campaign) - 6)
    provider = open_desk("twilio", twilio_settings(carrier.url, connections="8"))

    async def both() -> tuple[list[Answer], list[Answer]]:
        bulk = asyncio.create_task(provider.send("twilio", campaign))
        await full.wait()
        answered = await provider.send("twilio", [sms(text="an answer")])
        free.set()
        return answered, await bulk

    answered, sent = http.run(both())
    assert (answered, sent) == ([Accepted("SM1")], [Accepted("SM1")] * len(campaign))
    assert [call.form["Body"] for call in carrier.calls[:8]] == [TEXT] * 7 + ["an answer"]


def test_every_number_is_a_sender_of_its_own(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [created(), created()]
    settings = twilio_settings(carrier.url, **{"from": f"{OURS}, 12345", "pace": "3", "pace_unit": "messages"})
    provider = open_desk("twilio", settings)
    assert [(s.name, s.number, s.pace, s.unit) for s in provider.senders] == [
        ("twilio", OURS, 3.0, Unit.MESSAGES),
        ("twilio-2", "12345", 3.0, Unit.MESSAGES),
    ]
    send(provider, sender="twilio-2")
    send(provider, sender="twilio")
    assert [call.form["From"] for call in carrier.calls] == ["12345", OURS]


def test_retention_is_asked_for_when_set(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [created()]
    send(open_desk("twilio", twilio_settings(carrier.url, content_retention="discard", address_retention="obfuscate")))
    form = carrier.calls[0].form
    assert (form["ContentRetention"], form["AddressRetention"]) == ("discard", "obfuscate")


def test_the_environment_of_twilios_own_tools_does_not_redirect_us(
    carrier: Scripted, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    carrier.replies = [created()]
    assert send(open_desk("twilio", twilio_settings(carrier.url))) == Accepted("SM1")


LOOK = [
    ("delivered", None, Carried.DELIVERED, None),
    ("undelivered", 30005, Carried.UNDELIVERED, Cause.ENDPOINT_GONE),
    ("teleported", None, None, None),
]


@pytest.mark.parametrize(("status", "code", "carried", "cause"), LOOK)
def test_a_message_can_be_looked_up(
    status: str,
    code: int | None,
    carried: Carried | None,
    cause: Cause | None,
    carrier: Scripted,
    open_desk: OpenDesk,
) -> None:
    carrier.replies = [answer(200, {"sid": "SM1", "status": status, "error_code": code})]
    receipt = http.run(open_desk("twilio", twilio_settings(carrier.url)).look("SM1"))
    assert receipt is not None
    assert (receipt.provider_id, receipt.carried, receipt.cause) == ("SM1", carried, cause)
    assert carrier.calls[0].path == "/2010-04-01/Accounts/AC0123/Messages/SM1.json"


@pytest.mark.parametrize(
    "reply", [refused(404, 20404), refused(500, 20500), refused(429, 20429), answer(200, "<html>"), answer(200, [])]
)
def test_what_cannot_be_looked_up_is_nothing(reply: Reply, carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [reply]
    assert http.run(open_desk("twilio", twilio_settings(carrier.url)).look("SM1")) is None


SINCE = datetime(2026, 11, 2, 10, 0, tzinfo=UTC).timestamp()
RECORD = {
    "sid": "SM1",
    "status": "sent",
    "to": TO,
    "from": OURS,
    "body": TEXT,
    "direction": "outbound-api",
    "date_created": "Mon, 02 Nov 2026 10:00:05 +0000",
    "date_sent": None,
    "error_code": None,
    "messaging_service_sid": None,
}

FIND = [
    ("the message", {}, True),
    ("made while the clocks differ", {"date_created": "Mon, 02 Nov 2026 09:59:30 +0000"}, True),
    ("behind a trial account's sentence", {"body": f"Sent from your trial account - {TEXT}"}, True),
    ("without the space at its end", {"body": f" {TEXT}"}, True),
    ("an earlier one", {"date_created": "Mon, 02 Nov 2026 09:00:00 +0000"}, False),
    ("another text", {"body": "Hello"}, False),
    ("no text left", {"body": None}, False),
    ("somebody else's sender", {"from": "+15550009999"}, False),
    ("an answer from the person", {"direction": "inbound"}, False),
]


def listed(*records: object, following: str | None = None) -> Reply:
    return answer(200, {"messages": list(records), "next_page_uri": following, "page": 0, "uri": "/x"})


@pytest.mark.parametrize(("label", "change", "found"), FIND, ids=[row[0] for row in FIND])
def test_only_the_message_itself_is_found(
    label: str, change: dict[str, object], found: bool, carrier: Scripted, open_desk: OpenDesk
) -> None:
    carrier.replies = [listed(RECORD | change)]
    receipts = http.run(open_desk("twilio", twilio_settings(carrier.url)).find(sms(), SINCE))
    assert receipts is not None
    assert [(r.provider_id, r.carried) for r in receipts] == ([("SM1", Carried.SENT)] if found else [])
    assert carrier.calls[0].query == {"To": TO, "PageSize": "1000"}


def test_a_message_is_found_on_a_later_page(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [
        listed(RECORD | {"sid": "SM0", "body": "Hello"}, following="/2010-04-01/next?Page=1"),
        listed(RECORD),
    ]
    receipts = http.run(open_desk("twilio", twilio_settings(carrier.url)).find(sms(), SINCE))
    assert [r.provider_id for r in receipts or []] == ["SM1"]


def test_a_messaging_service_finds_what_it_sent_from_any_number(carrier: Scripted, open_desk: OpenDesk) -> None:
    mine = RECORD | {"from": "+15550001111", "messaging_service_sid": "MG09"}
    carrier.replies = [listed(mine, RECORD | {"sid": "SM2"})]
    provider = open_desk("twilio", twilio_settings(carrier.url, **{"from": "", "messaging_service": "MG09"}))
    assert [r.provider_id for r in http.run(provider.find(sms(), SINCE)) or []] == ["SM1"]


def test_where_twilio_forgets_texts_the_rest_must_do(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [listed(RECORD | {"body": ""})]
    provider = open_desk("twilio", twilio_settings(carrier.url, content_retention="discard"))
    assert [r.provider_id for r in http.run(provider.find(sms(), SINCE)) or []] == ["SM1"]


def test_where_twilio_forgets_numbers_it_cannot_list(carrier: Scripted, open_desk: OpenDesk) -> None:
    provider = open_desk("twilio", twilio_settings(carrier.url, address_retention="obfuscate"))
    assert http.run(provider.find(sms(), SINCE)) is None


@pytest.mark.parametrize(
    "replies",
    [
        [refused(500, 20500)],
        [refused(429, 20429)],
        [answer(200, "<html>")],
        [answer(200, {"messages": [], "strange": []})],
        [reset, reset],  # a question, unlike a text, aiohttp asks a second time
    ],
)
def test_a_list_that_does_not_come_is_not_an_empty_one(
    replies: list[Reply], carrier: Scripted, open_desk: OpenDesk
) -> None:
    carrier.replies = list(replies)
    assert http.run(open_desk("twilio", twilio_settings(carrier.url)).find(sms(), SINCE)) is None


FAILURES = [
    ("30001", Cause.QUEUE_FULL), ("30002", Cause.ACCOUNT), ("30003", Cause.UNREACHABLE), ("30004", Cause.BLOCKED),
    ("30005", Cause.ENDPOINT_GONE), ("30006", Cause.LANDLINE), ("30007", Cause.FILTERED), ("30008", Cause.OTHER),
    ("30023", Cause.THROTTLED), ("30034", Cause.SENDER), ("30036", Cause.EXPIRED), ("30410", Cause.AMBIGUOUS),
    ("21610", Cause.OPTED_OUT), ("39999", Cause.OTHER), ("", Cause.OTHER),
]  # fmt: skip


@pytest.mark.parametrize(("code", "cause"), FAILURES)
def test_a_failure_in_a_receipt_means(code: str, cause: Cause) -> None:
    assert cause_of_failure(code) is cause


def test_every_code_is_a_code_of_twilios() -> None:
    assert len(CAUSES) == 100
    assert all(10_000 <= code < 100_000 for code in CAUSES)
