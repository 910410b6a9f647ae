"""`outreach parts`: what a text costs, and how to make it cheaper."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from pydantic import BaseModel, StrictBool, StrictStr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreach import parts as counting
from outreach.cli.json_lines import answer_lines, read_text


class Question(BaseModel):
    """One line of `--json-lines`."""

    text: StrictStr
    smart_encoding: StrictBool = False


def parts(
    text: Annotated[str | None, typer.Argument(help="The text; read from standard input if missing.")] = None,
    smart_encoding: Annotated[
        bool, typer.Option("--smart-encoding", help="Count as Twilio sends with smart encoding.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as one JSON object.")] = False,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help='Read {"text": …, "smart_encoding": …} lines, answer each.')
    ] = False,
) -> None:
    """Count the parts that a text is billed in, and suggest what makes it cheaper."""
    if json_lines:
        if text is not None or as_json or smart_encoding:
            raise typer.BadParameter("--json-lines stands alone: texts and their options come on standard input.")
        answer_lines(typer.get_binary_stream("stdin"), Question, _answer)
        return
    text = read_text(text)
    counted = counting.count(text, smart_encoding=smart_encoding)
    suggestions = counting.suggest(text, smart_encoding=smart_encoding)
    if as_json:
        typer.echo(json.dumps(_facts(counted, suggestions)))
    else:
        _show(counted, suggestions)


def _answer(question: Question) -> dict[str, object]:
    counted = counting.count(question.text, smart_encoding=question.smart_encoding)
    return {"encoding": counted.encoding, "parts": counted.parts, "units": counted.units}


def _facts(counted: counting.Parts, suggestions: list[counting.Suggestion]) -> dict[str, object]:
    return {
        "encoding": counted.encoding,
        "parts": counted.parts,
        "units": counted.units,
        "sizes": counted.sizes,
        "foreign": counted.foreign,
        "suggestions": [
            {
                "replace": [{"find": swap.find, "put": swap.put} for swap in one.swaps],
                "before": one.before,
                "after": one.after,
                "says": str(one),
            }
            for one in suggestions
        ],
    }


def _show(counted: counting.Parts, suggestions: list[counting.Suggestion]) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    table.add_row("Encoding", counted.encoding)
    table.add_row("Parts", str(counted.parts))
    table.add_row("Units", _units(counted))
    console = Console(highlight=False)
    console.print(table)
    for one in suggestions:
        console.print(Text(f"→ {str(one)[0].upper()}{str(one)[1:]}.", style="green"), soft_wrap=True)


def _units(counted: counting.Parts) -> str:
    if counted.parts == 1:
        return str(counted.units)
    return f"{counted.units} ({' + '.join(map(str, counted.sizes))})"
