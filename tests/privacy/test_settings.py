"""A setting that is wrong stops the start with one line: which, why, and an example; and no secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreach.errors import SettingError
from outreach.settings import Settings, load

WRONG = [
    ("PORT", "abc", "valid integer", "OUTREACH_PORT=8000"),
    ("PORT", "70000", "less than or equal to 65535", "OUTREACH_PORT=8000"),
    ("COUNTRY", "Kenya", "pattern", "OUTREACH_COUNTRY=KE"),
    ("LANGUAGE", "English", "pattern", "OUTREACH_LANGUAGE=en"),
    ("ZONE", "Mars/Olympus", "not an IANA time zone", "OUTREACH_ZONE=Africa/Nairobi"),
    ("ZONE", "../etc/passwd", "not an IANA time zone", "OUTREACH_ZONE=Africa/Nairobi"),
    ("PUBLIC_URL", "clinic.example", "http(s)://host", "OUTREACH_PUBLIC_URL=https://outreach.example.org"),
    ("PUBLIC_URL", "https://a.example/?x=1", "without query", "OUTREACH_PUBLIC_URL=https://outreach.example.org"),
    ("PUBLIC_URL", "https://my_clinic.example", "underscore", "OUTREACH_PUBLIC_URL=https://outreach.example.org"),
    ("DATABASE_URL", "mysql://x/y", "pattern", "OUTREACH_DATABASE_URL=postgresql+psycopg://"),
    ("DATABASE_URL", "postgresql://x/y", "pattern", "OUTREACH_DATABASE_URL=postgresql+psycopg://"),
    ("BROKER_URL", "localhost:6379", "pattern", "OUTREACH_BROKER_URL=redis://localhost:6379/0"),
    ("BROKER_PREFIX", "My Clinic", "pattern", "OUTREACH_BROKER_PREFIX=sunrise"),
    ("PRICES", "cheap", "must be JSON", 'OUTREACH_PRICES={"KE": 0.04, "*": 0.08}'),
    ("PRICES", '{"KE": "x"}', "valid number", 'OUTREACH_PRICES={"KE": 0.04, "*": 0.08}'),
    ("SENSITIVE_TOPICS", "hiv", "must be JSON", 'OUTREACH_SENSITIVE_TOPICS=["hiv"]'),
    ("QUIET_HOURS", "at night", "pattern", "OUTREACH_QUIET_HOURS=21:00-08:00"),
    ("ANSWER_WITHIN", "soon", "valid timedelta", "OUTREACH_ANSWER_WITHIN=PT24H"),
    ("LEASE", "0", "greater than 0", "OUTREACH_LEASE=60"),
    ("BATCH", "501", "less than or equal to 500", "OUTREACH_BATCH=200"),
    ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'", "OUTREACH_LOG_LEVEL=info"),
    ("PROVIDERS", "twilio", "must be JSON", "OUTREACH_PROVIDERS__TWILIO__ACCOUNT_SID="),
    ("PROVIDERS__TWILIO", "x", "valid dictionary", "OUTREACH_PROVIDERS__TWILIO__ACCOUNT_SID="),
]


@pytest.mark.parametrize("by_file", [False, True], ids=["environment", "file"])
@pytest.mark.parametrize(("name", "value", "why", "example"), WRONG, ids=[f"{row[0]}={row[1]}" for row in WRONG])
def test_a_wrong_setting_is_one_line(
    name: str, value: str, why: str, example: str, by_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by_file:
        (tmp_path / ".env").write_text(f"OUTREACH_{name}='{value}'\n", encoding="utf-8")
    else:
        monkeypatch.setenv(f"OUTREACH_{name}", value)
    with pytest.raises(SettingError) as raised:
        load(tmp_path)
    line = str(raised.value)
    assert line.startswith(f"OUTREACH_{name}")
    assert why in line
    assert example in line
    assert "\n" not in line


def test_a_file_that_is_not_utf_8_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("OUTREACH_CLINIC=Santé\n".encode("latin-1"))
    with pytest.raises(SettingError, match=r"\.env is not UTF-8"):
        load(tmp_path)


def test_the_environment_outweighs_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("OUTREACH_CLINIC=File\nOUTREACH_COUNTRY=UG\n", encoding="utf-8")
    monkeypatch.setenv("OUTREACH_CLINIC", "Environment")
    settings = load(tmp_path)
    assert (settings.clinic, settings.country, settings.workspace) == ("Environment", "UG", tmp_path)


SECRETS = {
    "OUTREACH_KEYRING": '{"index": "canary-secret"}',
    "OUTREACH_DATABASE_URL": "postgresql+psycopg://outreach:canary-secret@127.0.0.1/outreach",
    "OUTREACH_BROKER_URL": "amqp://outreach:canary-secret@127.0.0.1//",
    "OUTREACH_PROVIDERS__TWILIO__TOKEN": "canary-secret",
}


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_stands_in_a_repr_or_in_another_settings_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, SECRETS[name])
    settings = load(tmp_path)
    assert "canary" not in f"{settings!r} {settings}"
    monkeypatch.setenv("OUTREACH_PORT", "canary-port")
    with pytest.raises(SettingError) as raised:
        load(tmp_path)
    assert "canary" not in f"{raised.value} {raised.value!r} {raised.value.__cause__!r}"


def test_every_setting_has_its_sentence_and_an_example() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert field.examples, name
