"""`outreach understand`: what a reply with this text would do. Stores nothing."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, StrictStr
from rich.console import Console
from rich.text import Text

from outreach import settings as configuration
from outreach.cli.json_lines import answer_lines, read_text
from outreach.threads.understanding import Meaning, read


class Question(BaseModel):
    """One line of `--json-lines`."""

    text: StrictStr
    lang: StrictStr | None = None


def understand(
    text: Annotated[str | None, typer.Argument(help="The text; read from standard input if missing.")] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="The person's language, such as sw.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as one JSON object.")] = False,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help='Read {"text": …, "lang": …} lines, answer each.')
    ] = False,
) -> None:
    """Show which verb a text is, if any, whether it is urgent, and why; and what a helper would read.

    Nothing is stored.
    """
    folder = configuration.load().workspace
    if json_lines:
        if text is not None or as_json or lang is not None:
            raise typer.BadParameter("--json-lines stands alone: texts and languages come on standard input.")
        answer_lines(typer.get_binary_stream("stdin"), Question, partial(_answer, folder))
        return
    meaning = read(read_text(text), lang, folder)
    if as_json:
        typer.echo(json.dumps({**_facts(meaning), "why": meaning.found.why}))
    else:
        _show(meaning)


def _facts(meaning: Meaning) -> dict[str, object]:
    return {
        "verb": meaning.found.verb,
        "hold": meaning.found.hold,
        "urgent": bool(meaning.urgent),
        "redacted": meaning.redacted,
    }


def _answer(folder: Path, question: Question) -> dict[str, object]:
    return _facts(read(question.text, question.lang, folder))


def _show(meaning: Meaning) -> None:
    console = Console(highlight=False)
    found, danger = meaning.found, meaning.danger
    if danger:
        category = danger.category.replace("_", " ")
        console.print(Text(f"URGENT: {category}. Its thread comes first, and she is told whom to call", "bold red"))
    elif meaning.urgent:
        console.print(Text("URGENT: a loss. Its thread comes first, and coordinators are called", "bold red"))
    if found.verb:
        console.print(Text(found.verb.upper(), style="bold green"))
    elif found.hold:
        console.print(Text("HOLD: a person must look, and campaigns wait meanwhile", style="bold yellow"))
    else:
        console.print(Text("No verb: it opens or continues the person's thread", style="bold"))
    why = "; ".join([danger.why, found.why] if danger else [found.why])
    console.print(Text(f"Why: {why}"), soft_wrap=True)
    console.print(Text(f"A helper reads: {meaning.redacted}"), soft_wrap=True)
