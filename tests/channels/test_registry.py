"""What a clinic sets up becomes its providers; a fault is one line that says which setting, why, and an example."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from outreach.channels.contract import Kind
from outreach.channels.registry import REGISTRY, Providers, build
from outreach.errors import NotFoundError, SettingError
from tests.channels.desks import AUTH_TOKEN, CANARIES, fcm_settings, service_account, twilio_settings
from tests.processes import environment

URL = "http://127.0.0.1:9"


def made(**providers: dict[str, object]) -> Providers:
    return build(providers, public_url="https://outreach.example.org", ack_key=b"k" * 32)


def test_both_providers_and_their_senders() -> None:
    providers = made(fcm=fcm_settings(URL), twilio=twilio_settings(URL, **{"from": "+254700000001,+254700000002"}))
    assert [sender.name for sender in providers.senders] == ["twilio", "twilio-2", "fcm"]
    assert providers.kinds == {Kind.SMS, Kind.PUSH}
    assert providers.by_sender("twilio-2") is providers.by_name("twilio")
    providers.close()


def test_a_clinic_without_providers_has_none() -> None:
    providers = made()
    assert (list(providers.senders), providers.kinds) == ([], frozenset())


def test_what_is_not_set_up_is_not_loaded_either() -> None:
    code = (
        "import sys, scheduler.worker; from outreach.channels.registry import build;"
        "build({}, public_url='https://outreach.example.org', ack_key=bytes(32));"
        "print([name for name in ('firebase_admin', 'twilio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment({}), capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("ask", ["by_name", "by_sender"])
def test_what_is_not_set_up_is_not_found(ask: str) -> None:
    with pytest.raises(NotFoundError, match="'africas-talking'; there are: twilio"):
        getattr(made(twilio=twilio_settings(URL)), ask)("africas-talking")


def test_a_name_in_the_registry_is_the_providers_own() -> None:
    assert [cls.name for cls in REGISTRY.values()] == list(REGISTRY)


def test_every_setting_has_its_sentence_and_its_example() -> None:
    fields = [field for cls in REGISTRY.values() for field in cls.Options.model_fields.values()]
    assert [field for field in fields if not field.description or not field.examples] == []


TWILIO_FAULTS: list[tuple[str, dict[str, object], str]] = [
    ("no token", {"token": ""}, "TWILIO__TOKEN: is required. Example: OUTREACH_PROVIDERS__TWILIO__TOKEN=0123"),
    ("no account", {"account_sid": None}, "TWILIO__ACCOUNT_SID: is required. Example: "),
    ("an account that is none", {"account_sid": "Canary"}, "TWILIO__ACCOUNT_SID: String should match"),
    ("no way of sending", {"from": ""}, "TWILIO: give either FROM (numbers of ours) or MESSAGING_SERVICE"),
    ("two ways of sending", {"messaging_service": "MG01"}, "TWILIO: give either FROM"),
    ("a number without its plus", {"from": "254700000001Canary"}, "TWILIO__FROM: String should match"),
    ("a token with a fraction", {"token": 1.5}, "TWILIO__TOKEN: is written as a number with a fraction"),
    ("an address without http", {"api_base": "api.twilio.com"}, "TWILIO__API_BASE: must be http(s)://host"),
    ("a pace of nothing", {"pace": "0"}, "TWILIO__PACE: Input should be greater than 0"),
    ("a unit nobody knows", {"pace_unit": "bytes"}, "TWILIO__PACE_UNIT: Input should be 'messages' or 'parts'"),
    ("a word misspelt", {"tokn": "Canary"}, "TWILIO__TOKN: there is no such setting; there are account_sid"),
]  # fmt: skip


@pytest.mark.parametrize(("label", "change", "says"), TWILIO_FAULTS, ids=[row[0] for row in TWILIO_FAULTS])
def test_a_fault_of_twilios_settings_says(label: str, change: dict[str, object], says: str) -> None:
    with pytest.raises(SettingError) as raised:
        made(twilio=twilio_settings(URL, **change))
    said = str(raised.value)
    assert said.startswith(f"OUTREACH_PROVIDERS__{says}")
    assert "\n" not in said
    assert [word for word in CANARIES if word in said] == []


FCM_FAULTS: list[tuple[str, object, str]] = [
    ("no key", "", "FCM__CREDENTIALS: is required. Example: "),
    ("no such file", "/no/such/Canary.json", "FCM__CREDENTIALS: is neither JSON nor a file"),
    (
        "half a key",
        '{"type": "service_account", "project_id": "Canary"}',
        "FCM__CREDENTIALS: is not a",
    ),
    ("JSON cut off", '{"type": "Canary', "FCM__CREDENTIALS: is not a"),
    ("somebody's own sign-in", '{"type": "authorized_user"}', "FCM__CREDENTIALS: is not a"),
]


@pytest.mark.parametrize(("label", "credentials", "says"), FCM_FAULTS, ids=[row[0] for row in FCM_FAULTS])
def test_a_fault_of_firebases_settings_says(label: str, credentials: object, says: str) -> None:
    with pytest.raises(SettingError) as raised:
        made(fcm=fcm_settings(URL, credentials=credentials))
    said = str(raised.value)
    assert said.startswith(f"OUTREACH_PROVIDERS__{says}")
    assert [word for word in CANARIES if word in said] == []


def test_a_provider_nobody_knows_is_named_with_those_that_are_known() -> None:
    with pytest.raises(SettingError, match="__TWILO: there is no such provider; there are twilio, fcm"):
        made(twilo={})


@pytest.mark.parametrize("form", ["file", "text", "object"])
def test_firebases_key_may_be_a_file_or_the_key_itself(form: str, tmp_path: Path) -> None:
    key = service_account(f"{URL}/token")
    (tmp_path / "key.json").write_text(key)
    given = {"file": str(tmp_path / "key.json"), "text": key, "object": json.loads(key)}[form]
    assert made(fcm=fcm_settings(URL, credentials=given)).kinds == {Kind.PUSH}


@pytest.mark.parametrize("numbers", [12345, [12345], "12345", ["12345"], " 12345 ,"])
def test_our_numbers_may_be_written_in_many_ways(numbers: object) -> None:
    providers = made(twilio=twilio_settings(URL, **{"from": numbers}))
    assert [sender.number for sender in providers.senders] == ["12345"]


def test_a_token_of_digits_only_stays_what_it_is() -> None:
    options = REGISTRY["twilio"].Options.model_validate(twilio_settings(URL, token=12345678901234567890123456789012))
    assert options.model_dump()["token"].get_secret_value() == "12345678901234567890123456789012"
    assert AUTH_TOKEN not in repr(options)
