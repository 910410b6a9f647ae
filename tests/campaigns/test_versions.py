"""Files that staff write, saved by several people: never over somebody else's work, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from outreach.campaigns import editing, runs, shelf, texts, versions
from outreach.campaigns.shelf import Manner
from outreach.campaigns.versions import OvertakenError
from outreach.errors import ConflictError, NotFoundError
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.tables import AuditLine
from outreach.workspace import Workspace
from tests.campaigns.test_planning import HEAD, NAME, step
from tests.clinic import clinic, own_templates, write_campaign

FIRST = HEAD + step('at: "2027-01-01 09:00"')


@pytest.fixture
def here(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Workspace]:
    """A clinic with a campaign's file in it."""
    with clinic(migrated_sqlite_url, tmp_path / "clinic") as made:
        write_campaign(made, NAME, FIRST)
        yield made


def save(workspace: Workspace, text: str, expected: str, by: str = "anna") -> versions.Kept:
    return editing.save(workspace, NAME, text, expected=expected, by=by)


def said(workspace: Workspace) -> str:
    return shelf.look(shelf.campaign(workspace, NAME)).text


def past(workspace: Workspace) -> list[tuple[str, str]]:
    with workspace.database.read() as session:
        return [(each.by, each.text) for each in versions.history(session, f"campaigns/{NAME}.yaml")]


def test_a_save_keeps_what_was_there_and_tells_the_record(here: Workspace) -> None:
    draft = editing.opened(here, NAME)
    assert draft.faults == ()
    kept = save(here, FIRST.replace("Trial", "Second"), draft.digest)
    assert said(here) == FIRST.replace("Trial", "Second")
    assert past(here) == [("anna", said(here)), (versions.ELSEWHERE, FIRST)]
    with here.database.read() as session:
        [line] = audit.entries(session, here.vault)
        assert (line.who, line.action, line.subject) == ("anna", Action.CAMPAIGN_EDITED, f"version:{kept.id}")
        first = versions.history(session, f"campaigns/{NAME}.yaml")[-1]
        assert versions.get(session, first.path, first.id).text == FIRST
        with pytest.raises(NotFoundError):
            versions.get(session, "campaigns/other.yaml", first.id)


def test_whoever_is_overtaken_is_shown_both_and_nothing_is_lost(here: Workspace) -> None:
    seen = editing.opened(here, NAME).digest
    save(here, FIRST.replace("Trial", "Anna's"), seen, "anna")
    with pytest.raises(OvertakenError, match="changed by anna") as raised:
        save(here, FIRST.replace("Trial", "Ben's"), seen, "ben")
    assert raised.value.theirs.text == said(here) == FIRST.replace("Trial", "Anna's")
    save(here, FIRST.replace("Trial", "Both"), raised.value.theirs.digest, "ben")
    assert [by for by, _ in past(here)] == ["ben", "anna", versions.ELSEWHERE]


def test_a_change_by_another_editor_is_noticed_and_kept(here: Workspace) -> None:
    seen = save(here, FIRST.replace("Trial", "Ours"), editing.opened(here, NAME).digest).digest
    write_campaign(here, NAME, FIRST.replace("Trial", "Theirs"))
    with pytest.raises(OvertakenError, match="changed by somebody"):
        save(here, FIRST, seen)
    assert past(here)[0] == (versions.ELSEWHERE, FIRST.replace("Trial", "Theirs"))


def test_of_many_saves_at_once_one_wins(here: Workspace) -> None:
    seen = editing.opened(here, NAME).digest

    def attempt(place: int) -> int:
        try:
            save(here, FIRST.replace("Trial", f"Number {place}"), seen)
        except OvertakenError:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_file_stands_as_it_was_when_the_record_cannot_be_kept(
    here: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(audit, "append", full)
    with pytest.raises(OSError, match="disk full"):
        save(here, FIRST.replace("Trial", "Second"), editing.opened(here, NAME).digest)
    with pytest.raises(OSError, match="disk full"):
        editing.clone(here, NAME, "copy", "Copy", "anna")
    assert said(here) == FIRST
    assert sorted(path.name for path in (here.folder / "campaigns").iterdir()) == [f"{NAME}.yaml"]
    with here.database.read() as session:
        assert list(session.scalars(select(AuditLine.id))) == []


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_browsers_ends_of_lines_change_nothing(here: Workspace, ends: str) -> None:
    file = here.folder / "campaigns" / f"{NAME}.yaml"
    file.write_bytes(FIRST.replace("\n", ends).encode())
    save(here, FIRST.replace("\n", "\r\n"), editing.opened(here, NAME).digest)
    assert file.read_bytes() == FIRST.replace("\n", ends).encode()


@pytest.mark.parametrize("name", ["../keys", "a/b", "..", ".hidden", "A", "", "a.b", "x" * 61, "a\x00"])
def test_names_that_lead_elsewhere_are_refused(here: Workspace, name: str) -> None:
    with pytest.raises(ConflictError):
        shelf.campaign(here, name)
    with pytest.raises(ConflictError):
        shelf.template(here, f"tb/{name}/../x", "en", Manner.OPEN)
    with pytest.raises(ConflictError):
        shelf.template(here, "tb/welcome", name or "..", Manner.OPEN) if name != "A" else shelf.campaign(here, name)


def test_a_link_out_of_the_workspace_is_not_written_through(here: Workspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("secret", encoding="utf-8")
    (here.folder / "campaigns" / "linked.yaml").symlink_to(outside)
    with pytest.raises(ConflictError, match="leads out"):
        editing.opened(here, "linked")
    assert outside.read_text(encoding="utf-8") == "secret"


def test_a_clone_says_the_same_under_another_name(here: Workspace) -> None:
    kept = editing.clone(here, NAME, "copy", "Second round: autumn", "anna")
    assert kept.path == "campaigns/copy.yaml"
    assert editing.opened(here, "copy").text == FIRST.replace("title: Trial", 'title: "Second round: autumn"')
    with pytest.raises(ConflictError, match="already"):
        editing.clone(here, NAME, "copy", "", "anna")
    with pytest.raises(NotFoundError):
        editing.clone(here, "nothing", "other", "", "anna")


def test_a_new_campaign_is_whole_at_once(here: Workspace) -> None:
    editing.create(here, "fresh", "A fresh start", "tb", "anna")
    draft = editing.opened(here, "fresh")
    assert draft.faults == ()
    assert draft.form is not None
    assert (draft.form.title, draft.form.steps[0].template) == ("A fresh start", "tb/welcome")
    assert runs.launch(here, "fresh", "anna")


def test_a_draft_tells_every_fault_with_its_line(here: Workspace) -> None:
    draft = editing.draft(here, NAME, FIRST.replace("topic: tb", "topc: tb"), "")
    assert (2, 1) in [(fault.line, fault.column) for fault in draft.faults]
    assert draft.form is not None  # it can be mended in the form as well
    torn = editing.draft(here, NAME, "title: [", "")
    assert (torn.form, len(torn.faults)) == (None, 1)


def test_a_comparison_shows_what_changes_and_little_else() -> None:
    old = "\n".join(f"line {number}" for number in range(20))
    found = editing.compared(old, old.replace("line 10", "line ten"), around=1)
    assert [(line.kind, line.text) for line in found] == [
        ("gap", ""),
        ("same", "line 9"),
        ("old", "line 10"),
        ("new", "line ten"),
        ("same", "line 11"),
    ]
    assert editing.compared(old, old) == []


def test_texts_show_what_is_there_what_is_missing_and_what_it_costs(here: Workspace) -> None:
    found = texts.one(here, "tb/welcome")
    assert found.used == (NAME,)
    assert found.missing == []
    assert all(found.cells[language, Manner.OPEN].parts >= 1 for language in texts.SHIPPED)
    gone = own_templates(here.folder) / "tb" / "welcome.fr.txt"
    gone.unlink()
    assert [(cell.language, cell.manner) for cell in texts.one(here, "tb/welcome").missing] == [("fr", Manner.OPEN)]
    folders = texts.by_folder(texts.listed(here))
    assert {"antenatal", "hiv", "tb"} <= folders.keys()
    assert "tb/welcome" in {each.name for each in folders["tb"]}


MEASURES: list[tuple[str, str, dict[str, object], str]] = [
    ("short", "Hello.", {"parts": 1, "encoding": "GSM-7", "cost": 0.0395}, ""),
    ("dear", "\N{GREEK SMALL LETTER ALPHA}" * 71, {"parts": 2, "encoding": "UCS-2", "cost": 0.079}, ""),
    ("example", "See you on {{ visit_date|date }}.", {"parts": 1}, "no field"),
    ("unread", "{{ visit", {"parts": 0, "text": "{{ visit"}, "{{"),
    ("empty", "", {"parts": 0}, "no text"),
]


@pytest.mark.parametrize(("text", "shows", "fault"), [row[1:] for row in MEASURES], ids=[row[0] for row in MEASURES])
def test_a_text_is_measured_while_it_is_written(
    here: Workspace, text: str, shows: dict[str, object], fault: str
) -> None:
    own_templates(here.folder)
    place = shelf.template(here, "tb/welcome", "en", Manner.COVERT)
    found = texts.measure(here, "tb/welcome", place, text, here.database.now())
    assert {name: getattr(found, name) for name in shows} == shows
    assert bool(found.faults) == bool(fault)
    assert fault in " ".join(str(each) for each in found.faults)
