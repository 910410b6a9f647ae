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
from outreach.threads import keywords
from outreach.threads.urgent import Urgent, urgency


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
    """Show which verb a text is (STOP, START, YES, HELP, or none), whether it is urgent, and why. Nothing is stored."""
    folder = configuration.load().workspace
    if json_lines:
        if text is not None or as_json or lang is not None:
            raise typer.BadParameter("--json-lines stands alone: texts and languages come on standard input.")
        answer_lines(typer.get_binary_stream("stdin"), Question, partial(_answer, folder))
        return
    said = read_text(text)
    found, urgent = keywords.understand(said, lang), urgency(said, lang, folder)
    if as_json:
        typer.echo(json.dumps({**_facts(found, urgent), "why": found.why}))
    else:
        _show(found, urgent)


def _answer(folder: Path, question: Question) -> dict[str, object]:
    text, language = question.text, question.lang
    return _facts(keywords.understand(text, language), urgency(text, language, folder))


def _facts(found: keywords.Understood, urgent: Urgent | None) -> dict[str, object]:
    return {"verb": found.verb, "hold": found.hold, "urgent": urgent is not None}


def _show(found: keywords.Understood, urgent: Urgent | None) -> None:
    console = Console(highlight=False)
    if urgent:
        category = urgent.category.replace("_", " ")
        console.print(Text(f"URGENT: {category}. Its thread comes first, and she is told whom to call", "bold red"))
    if found.verb:
        console.print(Text(found.verb.upper(), style="bold green"))
    elif found.hold:
        console.print(Text("HOLD: a person must look, and campaigns wait meanwhile", style="bold yellow"))
    else:
        console.print(Text("No verb: it opens or continues the person's thread", style="bold"))
    why = "; ".join([urgent.why, found.why] if urgent else [found.why])
    console.print(Text(f"Why: {why}"), soft_wrap=True)
