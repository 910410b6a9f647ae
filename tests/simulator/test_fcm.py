"""The official `firebase-admin` library against the carrier, over real HTTP."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import firebase_admin
import httpx
import pytest
from firebase_admin import credentials, exceptions, messaging

from outreach.simulator.accounts import service_account
from outreach.simulator.fcm import FcmError
from outreach.simulator.options import Script, Weather
from tests.simulator.clinic import Clinic, soon
from tests.simulator.conftest import Carriers


class Firebase:
    """One `firebase-admin` app and the one loop that its connections belong to."""

    def __init__(self, base: str) -> None:
        certificate = credentials.Certificate(service_account(base))
        self.app = firebase_admin.initialize_app(certificate, {"httpTimeout": 5}, name=uuid.uuid4().hex)
        self._runner = asyncio.Runner()

    def send(self, *messages: messaging.Message, dry_run: bool = False) -> list[messaging.SendResponse]:
        return list(self._runner.run(messaging.send_each_async(list(messages), dry_run, self.app)).responses)

    def close(self) -> None:
        # The library closes its connections on a loop of its own, which they do not belong to.
        self._runner.run(messaging._get_messaging_service(self.app)._async_client.aclose())
        firebase_admin.delete_app(self.app)
        self._runner.close()


@contextmanager
def firebase_at(base: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firebase]:
    monkeypatch.setattr(messaging._MessagingService, "FCM_URL", base + "/v1/projects/{0}/messages:send")
    firebase = Firebase(base)
    try:
        yield firebase
    finally:
        firebase.close()


@pytest.fixture
def firebase(carrier: Carriers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firebase]:
    with carrier() as base, firebase_at(base, monkeypatch) as made:
        yield made


def push(
    address: str = "t-1", *, ours: str = "7", ack: str = "word", ttl: int = 3600, **more: Any
) -> messaging.Message:
    target = more.pop("target", {"token": address})
    return messaging.Message(
        notification=messaging.Notification(title="Outreach", body="You have a message."),
        data={"message": ours, "ack": ack} | more,
        android=messaging.AndroidConfig(ttl=ttl),
        **target,
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_batch_is_taken_and_each_app_acknowledges(firebase: Firebase, clinic: Clinic) -> None:
    answers = firebase.send(*(push(f"t-{count}", ours=str(count), ack=f"word-{count}") for count in range(25)))
    assert all(answer.success for answer in answers)
    assert len({answer.message_id for answer in answers}) == 25
    assert soon(lambda: len(clinic.acks) == 25)
    assert {(ack["message"], ack["ack"]) for ack in clinic.acks} == {(str(n), f"word-{n}") for n in range(25)}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_synchronous_call_works_as_well(firebase: Firebase, clinic: Clinic) -> None:
    answers = messaging.send_each([push()], app=firebase.app).responses
    assert answers[0].message_id.startswith("projects/outreach-simulator/messages/")
    assert soon(lambda: clinic.acks == [{"message": "7", "ack": "word"}])


def test_an_installation_id_is_an_address_too(firebase: Firebase, clinic: Clinic) -> None:
    assert firebase.send(push(target={"fid": "installation-1"}))[0].success
    assert soon(lambda: clinic.acks)


def test_a_dry_run_reaches_nobody(firebase: Firebase, clinic: Clinic) -> None:
    assert firebase.send(push(target={"fid": "f"}), dry_run=True)[0].success
    assert not soon(lambda: clinic.acks, seconds=0.2)


FAULTS: list[tuple[str, dict[str, Any], type[Exception]]] = [
    ("another project's token", {"target": {"fid": "foreign:1"}}, messaging.SenderIdMismatchError),
    ("a malformed token", {"target": {"fid": "malformed:1"}}, exceptions.InvalidArgumentError),
    ("no APNs key", {"target": {"fid": "no-apns:1"}}, messaging.ThirdPartyAuthError),
    ("a payload above 4096 bytes", {"target": {"fid": "f"}, "big": "x" * 4096}, exceptions.InvalidArgumentError),
    ("a life of 29 days", {"target": {"fid": "f"}, "ttl": 29 * 86_400}, exceptions.InvalidArgumentError),
]


@pytest.mark.parametrize(("label", "given", "error"), FAULTS, ids=[row[0] for row in FAULTS])
def test_a_faulty_push_is_refused_as_firebase_does(
    firebase: Firebase, label: str, given: dict[str, Any], error: type[Exception]
) -> None:
    assert isinstance(firebase.send(push(**given))[0].exception, error)


def test_a_removed_app_is_unregistered(carrier: Carriers, monkeypatch: pytest.MonkeyPatch) -> None:
    with carrier(Script.APP_REMOVED) as base, firebase_at(base, monkeypatch) as firebase:
        assert isinstance(firebase.send(push(target={"fid": "f"}))[0].exception, messaging.UnregisteredError)


def test_a_silent_app_takes_a_push_and_never_acknowledges(
    carrier: Carriers, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    with carrier(Script.APP_SILENT) as base, firebase_at(base, monkeypatch) as firebase:
        assert firebase.send(push(target={"fid": "f"}))[0].success
        assert not soon(lambda: clinic.acks, seconds=0.3)


def test_a_throttled_push_says_when_to_come_back(carrier: Carriers, monkeypatch: pytest.MonkeyPatch) -> None:
    with carrier(weather=Weather(throttle=1, retry_after=9)) as base, firebase_at(base, monkeypatch) as firebase:
        error = firebase.send(push(target={"fid": "f"}))[0].exception
    assert isinstance(error, messaging.QuotaExceededError)
    assert error.http_response.headers["retry-after"] == "9"


def test_a_token_of_an_earlier_life_is_renewed_by_the_library(
    carrier: Carriers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with carrier() as base, firebase_at(base, monkeypatch) as firebase:
        assert firebase.send(push(target={"fid": "f"}))[0].success
        firebase.app.credential.get_credential().token = "from-before-the-restart"
        assert firebase.send(push(target={"fid": "f"}))[0].success


RAW: list[tuple[str, dict[str, Any], str]] = [
    ("a number in data", {"token": "t", "data": {"message": 7}}, "message.data"),
    ("no target", {"data": {"message": "7"}}, "message.token"),
    ("a malformed ttl", {"token": "t", "android": {"ttl": "soon"}}, "message.android.ttl"),
]


@pytest.mark.parametrize(("label", "message", "field"), RAW, ids=[row[0] for row in RAW])
def test_a_malformed_argument_is_named(quiet_carrier: str, label: str, message: dict[str, Any], field: str) -> None:
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"}
    token = httpx.post(f"{quiet_carrier}/token", data=grant).json()["access_token"]
    answer = httpx.post(
        f"{quiet_carrier}/v1/projects/p/messages:send",
        json={"message": message},
        headers={"Authorization": f"Bearer {token}"},
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["details"][0]["errorCode"] == FcmError.INVALID_ARGUMENT
    assert error["details"][1]["fieldViolations"][0]["field"] == field


def test_without_a_token_nothing_is_taken(carrier: Carriers) -> None:
    with carrier() as base:
        answer = httpx.post(f"{base}/v1/projects/p/messages:send", json={"message": {"token": "t"}})
        assert answer.status_code == 401
        assert httpx.get(f"{base}/simulator/figures").json()["push"] == {"calls": 1, "refused": 1}
        refused = httpx.post(f"{base}/token", data={"grant_type": "password"})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
