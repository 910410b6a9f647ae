"""Logs: only fields of the list, of an exception its class and place, and nothing that looks like a number."""

from __future__ import annotations

import ast
import json
import logging
import sys
from pathlib import Path

import pytest

from outreach import log
from tests.logs import kept

NUMBER, WORDS = "+254712000001", "I am afraid of my tablets"
ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("outreach/**/*.py"), *ROOT.glob("scheduler/**/*.py")])


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_only_fields_of_the_list_reach_a_line(as_json: bool) -> None:
    with kept(json=as_json) as said:
        log.get("threads").info("received", number=NUMBER, text=WORDS, to=NUMBER, message=7, body=WORDS.encode())
        log.get("threads").bind(name=NUMBER).warning("again", verb="stop")
    written = said.getvalue()
    assert "received" in written
    assert "stop" in written
    assert [word for word in (NUMBER, NUMBER[1:], WORDS) if word in written] == []


def test_what_is_kept_of_a_line() -> None:
    with kept() as said:
        log.get("threads").info("received", number=NUMBER, message=7, verb="stop")
    line = json.loads(said.getvalue())
    assert {name: line[name] for name in line if name != "timestamp"} == {
        "event": "received", "level": "info", "room": "threads", "message": 7, "verb": "stop",
    }  # fmt: skip


def test_of_an_exception_its_class_and_place_are_logged_and_never_its_text() -> None:
    with kept() as said:
        try:
            raise ValueError(f"{NUMBER} said {WORDS}")
        except ValueError as error:
            log.get("a").error("one", exc_info=error)
            log.get("a").exception("two")
            log.get("a").error("three", exc_info=sys.exc_info())
            log.get("a").error("four", exc_info=ValueError(NUMBER))
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["one", "two", "three", "four"]
    assert [line.get("error") for line in lines[:2]] == ["ValueError"] * 2
    assert lines[0]["path"].startswith("test_of_an_exception")
    assert [word for word in (NUMBER, WORDS, "Traceback") if word in said.getvalue()] == []


def test_what_a_library_logs_by_itself_is_guarded() -> None:
    with kept() as said:
        library = logging.getLogger("some.library")
        library.error("could not send to %s or %s", NUMBER, NUMBER[1:])
        try:
            raise ValueError(f"{NUMBER} said {WORDS}")
        except ValueError:
            library.exception("task failed")
        for name in log.TALKATIVE:
            logging.getLogger(name).error("%s: %s", NUMBER, WORDS)
    written = said.getvalue()
    assert "could not send to [digits] or [digits]" in written
    assert "task failed ValueError in test_what_a_library" in written
    assert [word for word in (NUMBER, NUMBER[1:], WORDS, "Traceback") if word in written] == []


def test_before_anything_is_set_up_logs_are_guarded_and_leave_standard_output_alone(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log.get("a").warning("early", number=NUMBER, exc_info=ValueError(NUMBER))
    out, err = capfd.readouterr()
    assert (out, "early" in err, NUMBER in err) == ("", True, False)


def _calls(path: Path) -> list[ast.Call]:
    """Every call of a logger in a file."""
    return [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "logger"
    ]


def test_what_we_log_is_a_plain_sentence_with_fields_of_the_list() -> None:
    """A formatted event could hold anything; a field that is not on the list would be lost."""
    calls = [(path, call) for path in SOURCES for call in _calls(path)]
    assert len(calls) > 5
    for path, call in calls:
        place = f"{path.name}:{call.lineno}"
        assert [type(each) for each in call.args] == [ast.Constant], place
        assert {each.arg for each in call.keywords} <= log.ALLOWED | {"exc_info"}, place
