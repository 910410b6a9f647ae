"""Answers that a clinic keeps ready: in her language, else in the clinic's, and corrected at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreach.settings import Settings
from outreach.threads.canned import Canned, canned
from tests.logs import kept


def settings(folder: Path, language: str = "en") -> Settings:
    given = {"workspace": folder, "clinic": "Sunrise", "language": language}
    return Settings(_env_file=None).model_copy(update=given)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    answers = tmp_path / "templates" / "answers"
    answers.mkdir(parents=True)
    (answers / "thanks.en.txt").write_text("Thank you.\n")
    (answers / "come.en.txt").write_text("Please come to {{ clinic }}.\n")
    (answers / "come.sw.txt").write_text("Tafadhali njoo {{ clinic }}.\n")
    (answers / "long.fr.txt").write_text("a" * 161)
    return tmp_path


def test_they_are_told_by_name_each_in_her_language_or_the_clinics(folder: Path) -> None:
    assert canned(settings(folder), "sw") == [
        Canned("come", "sw", "Tafadhali njoo Sunrise.", 1, hers=True),
        Canned("thanks", "en", "Thank you.", 1, hers=False),
    ]
    assert [(each.name, each.language, each.hers) for each in canned(settings(folder), "en-KE")] == [
        ("come", "en", True),
        ("thanks", "en", True),
    ]


def test_what_neither_she_nor_the_clinic_can_read_is_left_out_and_parts_are_counted(folder: Path) -> None:
    assert canned(settings(folder, "fr"), "pt") == [Canned("long", "fr", "a" * 161, 2, hers=False)]


def test_one_that_cannot_be_written_keeps_no_other_back_and_is_logged(folder: Path) -> None:
    (folder / "templates" / "answers" / "bad.en.txt").write_text("Dear {{ name }},")
    with kept() as logs:
        assert [each.name for each in canned(settings(folder), "en")] == ["come", "thanks"]
    assert "canned answer cannot be written" in logs.getvalue()


def test_a_correction_helps_at_once_and_no_folder_is_no_answer(folder: Path, tmp_path: Path) -> None:
    first = canned(settings(folder), "en")
    (folder / "templates" / "answers" / "thanks.en.txt").write_text("Thank you very much.\n")
    assert (len(first), canned(settings(folder), "en")[1].text) == (2, "Thank you very much.")
    assert canned(settings(tmp_path / "elsewhere"), "en") == []
