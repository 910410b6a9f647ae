"""Twilio's webhooks: every way in which a signature may rightly or wrongly match, and what is read from a true one."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from outreach.channels.contract import Carried, Cause, Hook, Inbound, Provider
from outreach.errors import ForgedError, HookError
from tests.channels.desks import AUTH_TOKEN, CANARIES, PUBLIC_URL, TEXT, TO, provider, twilio_settings

STATUS = f"{PUBLIC_URL}/hooks/twilio/status?m=7"
INBOUND = f"{PUBLIC_URL}/hooks/twilio/inbound"
RECEIPT = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": TO, "From": "+254700000001", "AccountSid": "AC0123"}
TEXT_IN = {"MessageSid": "SM2", "From": TO, "To": "+254700000001", "Body": TEXT, "NumMedia": "0"}
Fields = Mapping[str, str] | list[tuple[str, str]]


@pytest.fixture(scope="module")
def twilio() -> Provider:
    return provider("twilio", twilio_settings("http://127.0.0.1:9"))


def signature(url: str, fields: Fields, token: str = AUTH_TOKEN) -> str:
    """Twilio's signature as its documentation tells to compute it, not as its library does."""
    pairs = sorted(fields.items() if isinstance(fields, Mapping) else fields)
    signed = url + "".join(name + value for name, value in pairs)
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def hook(url: str, fields: Fields, *, signed: str | None = None, body: bytes | None = None) -> Hook:
    headers = {"x-twilio-signature": signature(url, fields) if signed is None else signed}
    return Hook(url, headers, urlencode(fields).encode() if body is None else body)


TRUE: list[tuple[str, str, Fields]] = [
    ("plain", STATUS, RECEIPT),
    ("a field nobody knows", STATUS, RECEIPT | {"FutureField": "x"}),
    ("a blank field", STATUS, RECEIPT | {"ErrorCode": "", "ChannelPrefix": ""}),
    ("spaces around a value", STATUS, RECEIPT | {"Note": "  two  "}),
    ("a plus, an ampersand, an emoji", STATUS, RECEIPT | {"Note": "a+b&c=d 👍 %2B"}),
    ("a name that comes twice", STATUS, [*RECEIPT.items(), ("Tag", "b"), ("Tag", "a")]),
    ("a longer query", f"{STATUS}&x=1&y=%20a", RECEIPT),
    ("a query that would be written differently", f"{PUBLIC_URL}/hooks/twilio/status?m=7&b=2&a=%7e", RECEIPT),
    ("no query", f"{PUBLIC_URL}/hooks/twilio/status", RECEIPT),
    ("a port", "https://outreach.example.org:8443/hooks/twilio/status?m=7", RECEIPT),
]  # fmt: skip


@pytest.mark.parametrize(("label", "url", "fields"), TRUE, ids=[row[0] for row in TRUE])
def test_a_true_signature_is_taken_with(label: str, url: str, fields: Fields, twilio: Provider) -> None:
    assert twilio.read_receipt(hook(url, fields)).carried is Carried.DELIVERED


def test_a_standard_port_may_or_may_not_be_signed(twilio: Provider) -> None:
    signed = signature(STATUS.replace(".org/", ".org:443/"), RECEIPT)
    assert twilio.read_receipt(hook(STATUS, RECEIPT, signed=signed)).provider_id == "SM1"


GOOD = signature(STATUS, RECEIPT)
FORGED: list[tuple[str, Hook]] = [
    ("no signature", Hook(STATUS, {}, urlencode(RECEIPT).encode())),
    ("an empty one", hook(STATUS, RECEIPT, signed="")),
    ("somebody else's token", hook(STATUS, RECEIPT, signed=signature(STATUS, RECEIPT, "other-token"))),
    ("upper case", hook(STATUS, RECEIPT, signed=GOOD.upper())),
    ("a space behind it", hook(STATUS, RECEIPT, signed=GOOD + " ")),
    ("not even ASCII", hook(STATUS, RECEIPT, signed="é" * 28)),
    ("http in front of https", hook(STATUS, RECEIPT, signed=signature(STATUS.replace("https", "http"), RECEIPT))),
    ("another host", hook(STATUS, RECEIPT, signed=signature(STATUS.replace("example", "evil"), RECEIPT))),
    ("a slash too many", hook(STATUS, RECEIPT, signed=signature(STATUS.replace("?", "/?"), RECEIPT))),
    ("our id changed", hook(STATUS.replace("m=7", "m=8"), RECEIPT, signed=GOOD)),
    ("the query cut off", hook(STATUS.partition("?")[0], RECEIPT, signed=GOOD)),
    ("the query written differently", hook(STATUS, RECEIPT, signed=signature(STATUS.replace("m=7", "m=%37"), RECEIPT))),
    ("a status changed", hook(STATUS, RECEIPT | {"MessageStatus": "failed"}, signed=GOOD)),
    ("a field added", hook(STATUS, RECEIPT | {"ErrorCode": "21610"}, signed=GOOD)),
    ("a blank field added", hook(STATUS, RECEIPT | {"ErrorCode": ""}, signed=GOOD)),
    ("a field dropped", hook(STATUS, {k: v for k, v in RECEIPT.items() if k != "To"}, signed=GOOD)),
    ("a value trimmed", hook(STATUS, RECEIPT, signed=signature(STATUS, RECEIPT | {"To": TO + " "}))),
    ("a second value", hook(STATUS, [*RECEIPT.items(), ("MessageStatus", "failed")], signed=GOOD)),
    ("a body hash in the query", hook(f"{STATUS}&bodySHA256=00", RECEIPT, signed=GOOD)),
    ("a body that is JSON", hook(STATUS, {}, signed=GOOD, body=b'{"MessageSid": "SM1"}')),
]  # fmt: skip


@pytest.mark.parametrize(("label", "forged"), FORGED, ids=[row[0] for row in FORGED])
def test_a_forged_call_is_refused_with(label: str, forged: Hook, twilio: Provider) -> None:
    with pytest.raises(ForgedError) as raised:
        twilio.read_receipt(forged)
    assert [word for word in CANARIES if word in str(raised.value)] == []


UNREADABLE: list[tuple[str, Hook]] = [
    ("over 64 kB", hook(STATUS, RECEIPT | {"Note": "x" * 65_536})),
    ("not UTF-8", hook(STATUS, RECEIPT, body=b"MessageSid=\xff")),
    ("thousands of fields", hook(STATUS, {f"F{i}": "1" for i in range(5000)})),
    ("no message id", hook(STATUS, {"MessageStatus": "sent"})),
    ("no status", hook(STATUS, TEXT_IN)),
]


@pytest.mark.parametrize(("label", "call"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_a_call_is_not_read_when_it_is(label: str, call: Hook, twilio: Provider) -> None:
    with pytest.raises(HookError) as raised:
        twilio.read_receipt(call)
    assert not isinstance(raised.value, ForgedError)


def test_a_body_of_exactly_64_kb_is_read(twilio: Provider) -> None:
    room = 65_536 - len(urlencode(RECEIPT | {"Note": ""}))
    assert twilio.read_receipt(hook(STATUS, RECEIPT | {"Note": "x" * room})).provider_id == "SM1"


STATUSES: list[tuple[str, str, Carried | None, Cause | None]] = [
    ("accepted", "", Carried.ACCEPTED, None),
    ("scheduled", "", Carried.ACCEPTED, None),
    ("queued", "", Carried.ACCEPTED, None),
    ("sending", "", Carried.ACCEPTED, None),
    ("sent", "", Carried.SENT, None),
    ("sent", "0", Carried.SENT, None),
    ("partially_delivered", "", Carried.SENT, None),
    ("delivered", "", Carried.DELIVERED, None),
    ("read", "", Carried.DELIVERED, None),
    ("undelivered", "30003", Carried.UNDELIVERED, Cause.UNREACHABLE),
    ("failed", "21610", Carried.FAILED, Cause.OPTED_OUT),
    ("failed", "", Carried.FAILED, Cause.OTHER),
    ("failed", "not-a-code", Carried.FAILED, Cause.OTHER),
    ("failed", "9" * 30, Carried.FAILED, Cause.OTHER),
    ("canceled", "", Carried.FAILED, Cause.OTHER),
    ("received", "", None, None),
    ("teleported" * 9, "", None, None),
]


@pytest.mark.parametrize(("status", "code", "carried", "cause"), STATUSES)
def test_a_status_means(status: str, code: str, carried: Carried | None, cause: Cause | None, twilio: Provider) -> None:
    receipt = twilio.read_receipt(hook(STATUS, RECEIPT | {"MessageStatus": status, "ErrorCode": code}))
    assert (receipt.carried, receipt.cause, receipt.provider_id) == (carried, cause, "SM1")
    assert receipt.status == status[:40]


@pytest.mark.parametrize(
    ("query", "message_id"),
    [("m=7", 7), ("m=0", None), ("m=-7", None), ("m=7x", None), ("m=", None), ("x=1", None), ("m=٧", None),
     ("m=" + "9" * 40, None)],
)  # fmt: skip
def test_our_own_id_comes_from_the_query(query: str, message_id: int | None, twilio: Provider) -> None:
    url = f"{PUBLIC_URL}/hooks/twilio/status?{query}"
    assert twilio.read_receipt(hook(url, RECEIPT)).message_id == message_id


def test_the_same_event_has_the_same_key_and_another_has_another(twilio: Provider) -> None:
    def key(**change: str) -> str:
        return twilio.read_receipt(hook(STATUS, RECEIPT | change)).event_key

    assert key() == key(To="+15550000000", Extra="1")
    assert len({key(), key(MessageStatus="sent"), key(MessageSid="SM9"), key(MessageStatus="failed"),
                key(MessageStatus="failed", ErrorCode="30003")}) == 5  # fmt: skip


INBOUNDS: list[tuple[str, dict[str, str], dict[str, object]]] = [
    ("a text", {}, {}),
    ("nothing at all", {"Body": ""}, {"text": ""}),
    ("spaces and lines", {"Body": "  yes \n"}, {"text": "  yes \n"}),
    ("a stop that Twilio has answered", {"OptOutType": "STOP", "Body": "stop"}, {"opt_out": "STOP", "text": "stop"}),
    ("an opt-out type nobody knows", {"OptOutType": "MAYBE"}, {"opt_out": ""}),
    ("two pictures", {"NumMedia": "2", "MediaUrl0": "https://x"}, {"media": 2}),
    ("a count that is none", {"NumMedia": "many"}, {"media": 0}),
    ("a country", {"FromCountry": "KE"}, {"country": "KE"}),
    ("a country that is none", {"FromCountry": "Kenya"}, {"country": ""}),
    ("a short code", {"From": "40404"}, {"number": "40404"}),
    ("a name for a number", {"From": "MPESA"}, {"number": "MPESA"}),
]


@pytest.mark.parametrize(("label", "change", "reads"), INBOUNDS, ids=[row[0] for row in INBOUNDS])
def test_somebody_writes(label: str, change: dict[str, str], reads: dict[str, object], twilio: Provider) -> None:
    plain: dict[str, object] = {"provider_id": "SM2", "number": TO, "text": TEXT, "to": "+254700000001"}
    given = twilio.read_inbound(hook(INBOUND, TEXT_IN | change))
    assert given == Inbound("twilio", **(plain | reads))  # type: ignore[arg-type]
    assert [word for word in (TO, TEXT) if word in repr(given)] == []


def test_where_somebody_lives_ends_at_the_edge(twilio: Provider) -> None:
    place = {"FromCity": "Kisumu", "FromZip": "40100", "FromState": "Nyanza", "ProfileName": "Achieng"}
    given = twilio.read_inbound(hook(INBOUND, TEXT_IN | place))
    kept = "".join(str(getattr(given, name)) for name in given.__slots__)
    assert [word for word in place.values() if word in kept] == []


@pytest.mark.parametrize("missing", ["MessageSid", "From"])
def test_a_text_without_its_essentials_is_refused(missing: str, twilio: Provider) -> None:
    with pytest.raises(HookError, match=missing):
        twilio.read_inbound(hook(INBOUND, {k: v for k, v in TEXT_IN.items() if k != missing}))


def test_a_forged_text_is_refused(twilio: Provider) -> None:
    with pytest.raises(ForgedError):
        twilio.read_inbound(hook(INBOUND, TEXT_IN, signed=GOOD))
