"""Firebase's own table: what goes over the wire, what each refusal means, sign-in, and the app's acknowledgement."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import firebase_admin
import pytest
from aiohttp import web
from firebase_admin import messaging
from google.oauth2.credentials import Credentials

from outreach.channels import http
from outreach.channels.acks import acknowledgement
from outreach.channels.contract import (
    Accepted,
    Answer,
    Carried,
    Cause,
    Hook,
    Kind,
    Outgoing,
    Provider,
    Rejected,
    Variant,
)
from outreach.errors import ForgedError, HookError
from tests.channels.desks import (
    ACK_KEY,
    PUBLIC_URL,
    PUSH_TOKEN,
    TEXT,
    TITLE,
    fcm_settings,
    provider,
    push,
)
from tests.channels.scripted import TOKEN, Reply, Scripted, answer, silence

OpenDesk = Callable[[str, dict[str, object]], Provider]
TAKEN = answer(200, {"name": "projects/clinic/messages/1"})
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


def refused(status: int, name: str, code: str = "", fields: tuple[str, ...] = ()) -> Reply:
    """Firebase's answer to a push it did not take; its sentence repeats the token."""
    details: list[dict[str, Any]] = [{"@type": FCM_ERROR, "errorCode": code}] if code else []
    if fields:
        details.append({"@type": BAD_REQUEST, "fieldViolations": [{"field": field} for field in fields]})
    error = {"code": status, "status": name, "message": f"{PUSH_TOKEN} is wrong", "details": details}
    return answer(status, {"error": error}, {"Retry-After": "30"} if status == 429 else None)


@dataclass(frozen=True)
class Case:
    label: str
    reply: Reply
    gives: Answer


SEND = [
    Case("plain", TAKEN, gives=Accepted("projects/clinic/messages/1")),
    Case("app removed", refused(404, "NOT_FOUND", "UNREGISTERED"), Rejected(Cause.ENDPOINT_GONE, "UNREGISTERED")),
    Case("another project's token", refused(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
         Rejected(Cause.ENDPOINT_GONE, "SENDER_ID_MISMATCH")),
    Case("too many", refused(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
         Rejected(Cause.THROTTLED, "QUOTA_EXCEEDED", 30.0)),
    Case("too many, in Google's words", refused(429, "RESOURCE_EXHAUSTED"),
         Rejected(Cause.THROTTLED, "RESOURCE_EXHAUSTED", 30.0)),
    Case("our payload is wrong", refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", ("message.data",)),
         Rejected(Cause.BAD_REQUEST, "INVALID_ARGUMENT")),
    Case("the token is none", refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", ("message.token",)),
         Rejected(Cause.BAD_NUMBER, "INVALID_ARGUMENT")),
    Case("token and payload", refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", ("message.fid", "message.data")),
         Rejected(Cause.BAD_REQUEST, "INVALID_ARGUMENT")),
    Case("wrong, but not what", refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
         Rejected(Cause.BAD_REQUEST, "INVALID_ARGUMENT")),
    Case("no such project", refused(404, "NOT_FOUND"), Rejected(Cause.BAD_REQUEST, "NOT_FOUND")),
    Case("Apple's key is wrong", refused(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
         Rejected(Cause.ACCOUNT, "THIRD_PARTY_AUTH_ERROR")),
    Case("not signed in", refused(401, "UNAUTHENTICATED"), Rejected(Cause.ACCOUNT, "UNAUTHENTICATED")),
    Case("not allowed", refused(403, "PERMISSION_DENIED"), Rejected(Cause.ACCOUNT, "PERMISSION_DENIED")),
    Case("unavailable", refused(503, "UNAVAILABLE", "UNAVAILABLE"), Rejected(Cause.AMBIGUOUS, "UNAVAILABLE")),
    Case("fault", refused(500, "INTERNAL", "INTERNAL"), Rejected(Cause.AMBIGUOUS, "INTERNAL")),
    Case("fault in the words of a removed app", refused(500, "INTERNAL", "UNREGISTERED"),
         Rejected(Cause.AMBIGUOUS, "UNREGISTERED")),
    Case("a word from the future", refused(400, "NEW_WORD", "NEWER_WORD"), Rejected(Cause.BAD_REQUEST, "NEWER_WORD")),
]  # fmt: skip


@pytest.mark.parametrize("case", SEND, ids=lambda case: case.label)
def test_an_answer_means(case: Case, carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [case.reply]
    assert send(open_desk("fcm", fcm_settings(carrier.url)), push()) == [case.gives]
    assert len(carrier.calls) == 1


def send(provider: Provider, *messages: Outgoing) -> list[Answer]:
    return http.run(provider.send("fcm", messages), timeout=20)


def test_the_payload_is_neutral_and_carries_what_the_app_must_send_back(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [TAKEN]
    send(open_desk("fcm", fcm_settings(carrier.url)), push())
    (call,) = carrier.calls
    assert (call.method, call.path) == ("POST", "/v1/projects/clinic/messages:send")
    assert call.headers["Authorization"] == "Bearer canary-access-token"
    assert call.json == {
        "message": {
            "fid": PUSH_TOKEN,
            "notification": {"title": TITLE, "body": TEXT},
            "data": {"message": "7", "ack": "0123abcd"},
            "android": {"priority": "high", "ttl": "3600s"},
        }
    }


def test_what_goes_out_is_what_the_library_alone_would_send(
    carrier: Scripted, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier.replies = [TAKEN, TAKEN]
    send(open_desk("fcm", fcm_settings(carrier.url)), push(text="Canary: «mañana» 🕊"))
    monkeypatch.setattr(messaging._MessagingService, "FCM_URL", carrier.url + "/v1/projects/{0}/messages:send")
    # Signed in already: with a key of its own the library would also ask Google's servers for the account's regions.
    signed = Credentials("canary-access-token")  # type: ignore[no-untyped-call]
    app = firebase_admin.initialize_app(signed, {"projectId": "clinic"}, name="alone")
    try:
        messaging.send(
            messaging.Message(
                notification=messaging.Notification(title=TITLE, body="Canary: «mañana» 🕊"),
                data={"message": "7", "ack": "0123abcd"},
                android=messaging.AndroidConfig(priority="high", ttl=3600),
                fid=PUSH_TOKEN,
            ),
            app=app,
        )
    finally:
        firebase_admin.delete_app(app)
    ours, alone = carrier.calls
    assert (ours.method, ours.path, ours.json) == (alone.method, alone.path, alone.json)
    for name in ("Authorization", "Content-Type", "X-GOOG-API-FORMAT-VERSION"):
        assert ours.headers[name] == alone.headers[name]


def test_the_older_kind_of_token_goes_out_as_one_and_warns_nobody(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [TAKEN]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        send(open_desk("fcm", fcm_settings(carrier.url)), push(variant=Variant.TOKEN))
    message = carrier.calls[0].json["message"]
    assert (message["token"], "fid" in message) == (PUSH_TOKEN, False)


@pytest.mark.parametrize(("lifetime", "ttl"), [(1, "1s"), (86_400, "86400s"), (90 * 86_400, "2419200s")])
def test_a_lifetime_is_kept_within_what_firebase_allows(
    lifetime: int, ttl: str, carrier: Scripted, open_desk: OpenDesk
) -> None:
    carrier.replies = [TAKEN]
    send(open_desk("fcm", fcm_settings(carrier.url)), push(lifetime=lifetime))
    assert carrier.calls[0].json["message"]["android"]["ttl"] == ttl


@pytest.mark.parametrize("bad", [push(to=""), Outgoing(7, Kind.SMS, Variant.NUMBER, "+254711223344", TEXT, 60)])
def test_what_is_no_push_is_refused_and_the_rest_go_out(bad: Outgoing, carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [TAKEN]
    assert send(open_desk("fcm", fcm_settings(carrier.url)), bad, push(8)) == [
        Rejected(Cause.BAD_REQUEST, "not-a-push"),
        Accepted("projects/clinic/messages/1"),
    ]


def test_another_project_can_be_set(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [TAKEN]
    send(open_desk("fcm", fcm_settings(carrier.url, project="other")), push())
    assert carrier.calls[0].path == "/v1/projects/other/messages:send"


def test_two_projects_live_beside_each_other(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [TAKEN, TAKEN]
    one = open_desk("fcm", fcm_settings(carrier.url, project="one"))
    two = open_desk("fcm", fcm_settings(carrier.url, project="two"))
    send(one, push())
    send(two, push())
    assert [call.path.split("/")[3] for call in carrier.calls] == ["one", "two"]


def test_signing_in_once_is_enough_for_many(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [TAKEN] * 20
    fcm = open_desk("fcm", fcm_settings(carrier.url))
    for _ in range(2):
        send(fcm, *[push(i) for i in range(10)])
    assert carrier.sign_ins == 1


def test_a_token_that_is_refused_is_replaced_before_the_next_batch(carrier: Scripted, open_desk: OpenDesk) -> None:
    carrier.replies = [refused(401, "UNAUTHENTICATED"), TAKEN]
    fcm = open_desk("fcm", fcm_settings(carrier.url))
    send(fcm, push())
    assert send(fcm, push()) == [Accepted("projects/clinic/messages/1")]
    assert carrier.sign_ins == 2


SIGN_IN = [
    ("the key was withdrawn", answer(400, {"error": "invalid_grant", "error_description": "gone"}), Cause.ACCOUNT),
    ("the service has a fault", answer(500, {"error": "internal_failure"}), Cause.NOT_CONNECTED),
    ("no answer", silence, Cause.NOT_CONNECTED),
    ("an answer without a token", answer(200, {"token_type": "Bearer"}), Cause.ACCOUNT),
]


@pytest.mark.parametrize(("label", "token", "cause"), SIGN_IN, ids=[row[0] for row in SIGN_IN])
def test_without_a_sign_in_nothing_is_sent_because(
    label: str, token: Reply, cause: Cause, carrier: Scripted, open_desk: OpenDesk
) -> None:
    carrier.token = token
    given = send(open_desk("fcm", fcm_settings(carrier.url)), push(1), push(2))
    assert given == [Rejected(cause, "sign-in")] * 2
    assert carrier.calls == []


def test_a_slow_sign_in_holds_up_nobody_else(carrier: Scripted, open_desk: OpenDesk) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return await TOKEN(request)

    async def pulse_while_sending(fcm: Provider) -> int:
        sending = asyncio.ensure_future(fcm.send("fcm", [push()]))
        pulses = 0
        while not sending.done():
            await asyncio.sleep(0.01)
            pulses += 1
        return pulses

    carrier.token, carrier.replies = slow, [TAKEN]
    assert http.run(pulse_while_sending(open_desk("fcm", fcm_settings(carrier.url)))) > 10


def test_firebase_can_neither_be_asked_nor_searched(carrier: Scripted, open_desk: OpenDesk) -> None:
    fcm = open_desk("fcm", fcm_settings(carrier.url))
    assert http.run(fcm.look("projects/clinic/messages/1")) is None
    assert http.run(fcm.find(push(), 0)) is None
    with pytest.raises(HookError):
        fcm.read_inbound(Hook("", {}, b""))


@pytest.fixture(scope="module")
def fcm() -> Provider:
    return provider("fcm", fcm_settings("http://127.0.0.1:9"))


def ack_hook(body: object) -> Hook:
    return Hook(f"{PUBLIC_URL}/hooks/push/ack", {}, body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize("message", ["7", 7])
def test_the_app_acknowledges(message: object, fcm: Provider) -> None:
    receipt = fcm.read_receipt(ack_hook({"message": message, "ack": acknowledgement(ACK_KEY, 7), "more": 1}))
    assert (receipt.provider, receipt.carried, receipt.message_id) == ("fcm", Carried.DELIVERED, 7)
    assert receipt.event_key == fcm.read_receipt(ack_hook({"message": 7, "ack": acknowledgement(ACK_KEY, 7)})).event_key


FORGED = [
    ("another message's", {"message": "7", "ack": acknowledgement(ACK_KEY, 8)}),
    ("another key's", {"message": "7", "ack": acknowledgement(b"other", 7)}),
    ("upper case", {"message": "7", "ack": acknowledgement(ACK_KEY, 7).upper()}),
    ("cut short", {"message": "7", "ack": acknowledgement(ACK_KEY, 7)[:-1]}),
    ("empty", {"message": "7", "ack": ""}),
    ("not ASCII", {"message": "7", "ack": "é\ud800"}),
]


@pytest.mark.parametrize(("label", "body"), FORGED, ids=[row[0] for row in FORGED])
def test_a_forged_acknowledgement_is_refused(label: str, body: object, fcm: Provider) -> None:
    with pytest.raises(ForgedError):
        fcm.read_receipt(ack_hook(body))


UNREADABLE = [
    ("nothing", b""),
    ("not JSON", b"message=7"),
    ("not UTF-8", b"\xff"),
    ("a list", [7]),
    ("no ack", {"message": "7"}),
    ("no message", {"ack": "x"}),
    ("ack that is no text", {"message": "7", "ack": 5}),
    ("message zero", {"message": 0, "ack": "x"}),
    ("message yes", {"message": True, "ack": "x"}),
    ("message far too large", {"message": "9" * 400, "ack": "x"}),
    ("a number of five thousand digits", b'{"message": ' + b"9" * 5000 + b', "ack": "x"}'),
    ("nested too deep", b"[" * 60_000),
    ("over 64 kB", {"message": "7", "ack": "x" * 65_536}),
]


@pytest.mark.parametrize(("label", "body"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_an_acknowledgement_is_not_read_when_it_is(label: str, body: object, fcm: Provider) -> None:
    with pytest.raises(HookError) as raised:
        fcm.read_receipt(ack_hook(body))
    assert not isinstance(raised.value, ForgedError)
