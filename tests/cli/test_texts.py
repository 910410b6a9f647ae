"""`outreach parts` and `outreach understand`: texts from the command line, from a pipe, and line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from outreach.cli.parts import parts
from outreach.cli.understand import understand

app = typer.Typer()
app.command()(parts)
app.command()(understand)


def run(*arguments: str, given: str | bytes = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), input=given)
    return result.exit_code, result.stdout


def answers(command: str, given: str | bytes) -> tuple[int, list[dict[str, Any]]]:
    code, output = run(command, "--json-lines", given=given)
    return code, [json.loads(line) for line in output.splitlines()]


def test_a_text_is_counted_and_made_cheaper() -> None:
    code, output = run("parts", "a" * 75 + "’")
    assert code == 0
    assert "UCS-2" in output
    assert "76 (67 + 9)" in output
    assert "Replace ’ by ' and it costs 1 part instead of 2." in output


def test_markup_in_a_text_is_only_text() -> None:
    code, output = run("parts", "[bold]" + "b" * 154)
    assert code == 0
    assert "Replace [ by ( and ] by )" in output


@pytest.mark.parametrize(("given", "units"), [("abc\n", 3), ("abc", 3), ("abc\r\n", 3), ("abc\n\n", 4), ("", 0)])
def test_the_line_end_that_echo_adds_is_not_counted(given: str, units: int) -> None:
    code, output = run("parts", "--json", given=given)
    assert (code, json.loads(output)["units"]) == (0, units)


def test_smart_encoding_is_counted_as_the_provider_sends_it() -> None:
    _, output = run("parts", "--smart-encoding", "--json", "a" * 75 + "’")
    facts = json.loads(output)
    assert (facts["encoding"], facts["parts"], facts["units"], facts["suggestions"]) == ("GSM-7", 1, 76, [])


def test_lines_are_answered_in_order_with_exactly_three_keys() -> None:
    lines = [{"text": "Hi‘", "smart_encoding": True}, {"text": "Hi‘"}, {"text": "a" * 161, "why": "ignored"}]
    code, found = answers("parts", "\n".join(map(json.dumps, lines)))
    assert code == 0
    assert found == [
        {"encoding": "GSM-7", "parts": 1, "units": 3},
        {"encoding": "UCS-2", "parts": 1, "units": 3},
        {"encoding": "GSM-7", "parts": 2, "units": 161},
    ]


BAD_LINES: list[tuple[str, bytes]] = [
    ("not JSON", b"secret words"),
    ("not an object", b'"secret words"'),
    ("no text", b'{"txt": "secret words"}'),
    ("text is no text", b'{"text": 12}'),
    ("the switch is no switch", b'{"text": "secret words", "smart_encoding": "perhaps"}'),
    ("not UTF-8", b'{"text": "secret words \xff"}'),
    ("empty", b""),
]


@pytest.mark.parametrize(("label", "line"), BAD_LINES, ids=[row[0] for row in BAD_LINES])
def test_a_bad_line_is_answered_and_the_rest_goes_on(label: str, line: bytes) -> None:
    code, found = answers("parts", line + b'\n{"text": "fine"}\n')
    assert code == 1
    assert list(found[0]) == ["error"]
    assert "secret" not in found[0]["error"]
    assert found[1] == {"encoding": "GSM-7", "parts": 1, "units": 4}


@pytest.mark.parametrize("arguments", [("parts", "--json-lines", "text"), ("understand", "--json-lines", "--json")])
def test_json_lines_beside_a_text_or_json_are_wrong_use(arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2


def test_a_pipe_that_is_not_utf8_is_wrong_use() -> None:
    assert run("parts", given=b"\xff\xfe")[0] == 2


def test_texts_are_understood_line_by_line_with_exactly_four_keys() -> None:
    lines = [
        {"text": "STOP"},
        {"text": "acha kunitumia ujumbe", "lang": "sw"},
        {"text": "oui", "lang": "fr"},
        {"text": "enough"},
        {"text": "I can't stop coughing", "lang": None},
        {"text": "je saigne, 06 39 98 00 01", "lang": "sw"},
        {"text": "j'ai perdu mon bébé"},
        {"text": "STOP, others read my phone"},
        {"text": "who is this"},
        {"text": "WORD mango"},
    ]
    code, found = answers("understand", "\n".join(map(json.dumps, lines)))
    assert code == 0
    assert found == [
        {"verb": "stop", "hold": False, "urgent": False, "redacted": "STOP"},
        {"verb": "stop", "hold": False, "urgent": False, "redacted": "acha kunitumia ujumbe"},
        {"verb": "yes", "hold": False, "urgent": False, "redacted": "oui"},
        {"verb": None, "hold": True, "urgent": False, "redacted": "enough"},
        {"verb": None, "hold": False, "urgent": False, "redacted": "I can't stop coughing"},
        {"verb": None, "hold": False, "urgent": True, "redacted": "je saigne, [number]"},
        {"verb": "loss", "hold": False, "urgent": True, "redacted": "j'ai perdu mon bébé"},
        {"verb": "stop", "hold": False, "urgent": False, "redacted": "STOP, others read my phone"},
        {"verb": None, "hold": True, "urgent": False, "redacted": "who is this"},
        {"verb": None, "hold": False, "urgent": False, "redacted": "[word]"},
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stop please", "STOP"),
        ("enough", "HOLD"),
        ("I can't stop coughing", "No verb"),
        ("the bleeding won't stop", "URGENT: bleeding."),
        ("LOSS", "URGENT: a loss."),
    ],
)
def test_a_person_is_told_what_a_text_would_do_and_why(text: str, says: str) -> None:
    code, output = run("understand", text, "--lang", "en")
    assert code == 0
    assert output.startswith(says)
    assert "Why:" in output


def test_a_person_is_shown_what_a_helper_would_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "names.txt").write_text("Amina\n", encoding="utf-8")
    monkeypatch.setenv("OUTREACH_WORKSPACE", str(tmp_path))
    text = "Amina here, CD4 250, call 0712 000 001 [bold]"
    _, output = run("understand", text)
    assert "A helper reads: [name] here, CD4 250, call [number] [bold]" in output
    _, output = run("understand", "--json", text)
    assert json.loads(output)["redacted"] == "[name] here, CD4 250, call [number] [bold]"
