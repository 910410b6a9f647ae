"""Questions as JSON lines on standard input, answers as JSON lines on standard output: line for line, in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TypeVar

import typer
from pydantic import BaseModel, ValidationError

Question = TypeVar("Question", bound=BaseModel)
Answer = dict[str, object]


def answer_lines(lines: Iterable[bytes], question: type[Question], answer: Callable[[Question], Answer]) -> None:
    """Answer each line; a line that is no question gets `{"error": …}` and the rest goes on.

    Ends with exit code 1 if there was such a line. An error never repeats what stood in the line.
    """
    faults = 0
    for line in lines:
        try:
            reply = answer(question.model_validate_json(line.strip()))
        except ValidationError as error:
            reply = {"error": _one_line(error)}
            faults += 1
        typer.echo(json.dumps(reply))
    if faults:
        raise typer.Exit(1)


def read_text(text: str | None) -> str:
    """The text given, or standard input without the line end that `echo` adds. Wrong use ends with code 2."""
    if text is not None:
        return text
    stdin = typer.get_text_stream("stdin", encoding="utf-8")
    if stdin.isatty():
        raise typer.BadParameter("Give a text, or pipe one in.")
    try:
        return stdin.read().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise typer.BadParameter("Standard input is not UTF-8; convert it first.") from None


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
