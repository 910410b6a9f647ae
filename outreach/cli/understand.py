"""`outreach understand`: what a reply with this text would do. Stores nothing."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from pydantic import BaseModel, StrictStr
from rich.console import Console
from rich.text import Text

from outreach.cli.json_lines import answer_lines, read_text
from outreach.threads import keywords


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
    """Show which verb a text is (STOP, START, YES, HELP, or none) and why. Nothing is stored."""
    if json_lines:
        if text is not None or as_json or lang is not None:
            raise typer.BadParameter("--json-lines stands alone: texts and languages come on standard input.")
        answer_lines(typer.get_binary_stream("stdin"), Question, _answer)
        return
    found = keywords.understand(read_text(text), lang)
    if as_json:
        typer.echo(json.dumps({"verb": found.verb, "hold": found.hold, "why": found.why}))
    else:
        _show(found)


def _answer(question: Question) -> dict[str, object]:
    found = keywords.understand(question.text, question.lang)
    return {"verb": found.verb, "hold": found.hold}


def _show(found: keywords.Understood) -> None:
    console = Console(highlight=False)
    if found.verb:
        console.print(Text(found.verb.upper(), style="bold green"))
    elif found.hold:
        console.print(Text("HOLD: a person must look, and campaigns wait meanwhile", style="bold yellow"))
    else:
        console.print(Text("No verb: it opens or continues the person's thread", style="bold"))
    console.print(Text(f"Why: {found.why}"), soft_wrap=True)
