"""What lower floors say of faults: in the reader's language on pages, in English on the command line."""

from __future__ import annotations

import ast
import copy
import json
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import outreach
from outreach.console import collect, words
from outreach.console.words import Words
from outreach.errors import Fault, Worded, join, worded
from outreach.staff import accounts
from outreach.staff.roles import Role
from tests.clinic import write_campaign
from tests.console.conftest import WHO, Console, on_sqlite
from tests.console.test_people import send

PRODUCT = Path(outreach.__file__).parent

#: What takes the problem and the remedy of a fault, or what is wrong with a table.
TAKERS = {"Fault", "fault", "_fault", "_only", "_not_allowed", "_whole", "SheetError", "Refused", "_NotUnderstood"}
#: Where faults are made that staff see on pages. Beside them, only an operator's own files have faults.
ROOMS = ("audience", "campaigns", "messages")


def plain(path: Path) -> list[str]:
    """Sentences of a module that become a fault without being worded."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        named = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
        for given in node.args if isinstance(node, ast.Call) and named in TAKERS else ():
            text = given.value if isinstance(given, ast.Constant) else given
            if (isinstance(text, str) and " " in text) or isinstance(text, ast.JoinedStr):
                said = ast.unparse(given)
                found += [said] if " " in said and not said.startswith(("rf", "fr", "f'templates/")) else []
    return found


def test_every_fault_that_pages_show_is_worded() -> None:
    assert {path.name: told for room in ROOMS for path in (PRODUCT / room).glob("*.py") if (told := plain(path))} == {}


@pytest.mark.parametrize("language", ["fr", "sw"])
def test_every_kind_of_fault_has_its_text_in_every_language(language: str) -> None:
    kinds = [message.id for message in collect.collected()[collect.FAULTS] if message.id]
    known = words.catalogue(language)
    same = [each for each in kinds if known.gettext(str(each)) == each]
    assert len(kinds) > 200
    assert same == ["%(named)s %(problem)s."]


def test_a_sentence_is_said_with_what_stands_in_it() -> None:
    inner = worded("`%(key)s` is missing in `%(name)s`.", key="topic", name="100%")
    both = join(inner, "", worded("Write plain words."))
    french = Words("fr", ZoneInfo("UTC"), "USD")
    assert (both, french.said(both)) == (
        "`topic` is missing in `100%`. Write plain words.",
        "`topic` manque dans `100%`. Écrivez de simples mots.",
    )
    assert isinstance(worded("%(one)s or %(other)s", one=worded("a number"), other=worded("a whole number")), Worded)
    assert french.said("no sentence of ours: 100%") == "no sentence of ours: 100%"


def test_a_sentence_can_be_copied_and_is_plain_text_to_programs() -> None:
    said = worded("There is no field %(name)r.", name="ward")
    for again in (copy.copy(said), copy.deepcopy(said)):
        assert (again, again.pattern, again.facts) == (said, said.pattern, said.facts)
    assert json.loads(json.dumps(asdict(Fault("a.txt", 1, 2, said, "")))) == {
        "path": "a.txt", "line": 1, "column": 2, "problem": "There is no field 'ward'.", "remedy": ""
    }  # fmt: skip


@on_sqlite
def test_a_page_tells_faults_in_its_own_language(console: Console) -> None:
    write_campaign(console.workspace, "broken", "title: 7\ntopc: tb\nlanguage: english\n")
    launcher = console.as_(Role.LAUNCHER)
    with console.workspace.database.write() as session:
        accounts.set_language(session, WHO[Role.LAUNCHER], "fr")
    told = launcher.text("/campaigns/broken")
    for each in (
        "`topc` n’est pas connu ici.",
        "`steps` manque.",
        "Donnez-lui un texte",
        "Utilisez le code d’une langue",
    ):
        assert each in told
    place = send(launcher, "Simu,Wapi\n0712000071,Kisumu\n").headers["location"]
    assert "cette colonne n’est pas connue" in launcher.text(place)
    assert "is not" not in told


@on_sqlite
def test_a_page_says_in_its_own_language_why_something_cannot_be_done(console: Console) -> None:
    write_campaign(console.workspace, "broken", "title: 7\n")
    launcher = console.as_(Role.LAUNCHER)
    with console.workspace.database.write() as session:
        accounts.set_language(session, WHO[Role.LAUNCHER], "sw")
    told = launcher.post("/campaigns/new", name="broken", title="Mpya", topic="tb")
    assert told.status_code == 422
    assert "Tayari kuna kampeni" in told.text
    assert "There is a campaign" not in told.text
