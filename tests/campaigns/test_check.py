"""Campaigns are checked together with the templates they use."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from outreach.campaigns.check import check
from outreach.errors import Fault
from outreach.messages.checks import Taken
from outreach.settings import Settings

CAMPAIGN = """\
title: T
topic: {topic}
audience: {audience}
channels: {channels}
fields: [first_name]
steps:
  - {{id: one, template: tb/one, at: 2020-12-01 09:00}}
  - {{id: two, template: tb/two, before: {{field: visit_date, days: 1}}, at: "09:00"}}
"""
TEMPLATES = {
    "tb/one.en.txt": "Hello {{ first_name|default('there') }}, greetings from {{ clinic }}.",
    "tb/two.en.txt": "Your visit is on {{ visit_date }}.",
}


def workspace(
    folder: Path,
    *,
    topic: str = "tb",
    audience: str = "{all: []}",
    channels: str = "[sms]",
    templates: dict[str, str] | None = None,
) -> Path:
    """A workspace with one campaign, `campaigns/one.yaml`, and its templates."""
    (folder / "campaigns").mkdir()
    written = CAMPAIGN.format(topic=topic, audience=audience, channels=channels)
    (folder / "campaigns" / "one.yaml").write_text(written)
    for name, text in (TEMPLATES | (templates or {})).items():
        path = folder / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def found(folder: Path, *paths: str) -> list[Fault]:
    return check([folder / path for path in paths], folder, Settings(sensitive_topics=["hiv"], part_limit=2))


def told(faults: list[Fault]) -> list[str]:
    return [f"{fault.path}:{fault.line}:{fault.column} {fault.problem} {fault.remedy}" for fault in faults]


def test_a_sound_workspace_has_no_faults(tmp_path: Path) -> None:
    assert found(workspace(tmp_path)) == []


CASES = [
    (
        "a template is nowhere",
        {"audience": "{all: []}\nexpires: 4h"},
        {"tb/two.en.txt": ""},
        "one.yaml:9:25",
        "`tb/two`",
    ),
    ("a field nobody named", {}, {"tb/one.en.txt": "Hi {{ surname }}."}, "tb/one.en.txt:1:7", "'surname'"),
    (
        "a field in no `if`",
        {},
        {"tb/two.en.txt": "{% if nurse %}a{% else %}b{% endif %}"},
        "tb/two.en.txt:1",
        "'nurse'",
    ),
    ("a language of the audience", {"audience": "{language: [sw]}"}, {"tb/one.en.txt": ""}, "tb/one", "'sw'"),
    ("a push without its text", {"channels": "[push, sms]"}, {}, "tb/one.en.push.txt", "push"),
    ("a sensitive topic without covert words", {"topic": "hiv"}, {}, "tb/one.en.txt", "covert"),
    ("a text that costs too much", {}, {"tb/one.en.txt": "word " * 80}, "tb/one.en.txt:1:1", "3 parts"),
    ("code in a text", {}, {"tb/one.en.txt": "{{ clinic.upper() }}"}, "tb/one.en.txt:1", ""),
]


@pytest.mark.parametrize(
    ("campaign", "templates", "place", "word"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_a_fault_between_campaign_and_template_is_found(
    tmp_path: Path, campaign: dict[str, str], templates: dict[str, str], place: str, word: str
) -> None:
    folder = workspace(tmp_path, **campaign, templates={name: text for name, text in templates.items() if text})
    for name, text in templates.items():
        if not text:
            (folder / "templates" / name).unlink()
    if campaign.get("audience") == "{language: [sw]}":
        (folder / "templates/tb/one.fr.txt").write_text("Bonjour.")
    lines = told(found(folder))
    assert any(place in line and word in line for line in lines), lines


def test_an_audience_of_one_language_needs_no_other(tmp_path: Path) -> None:
    folder = workspace(tmp_path, audience="{language: [sw]}")
    for name in ("one", "two"):
        (folder / f"templates/tb/{name}.en.txt").rename(folder / f"templates/tb/{name}.sw.txt")
    assert found(folder) == []


def test_an_open_audience_needs_the_fallback_language(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    (folder / "templates/tb/one.en.txt").rename(folder / "templates/tb/one.sw.txt")
    assert any("'en'" in line for line in told(found(folder)))


def test_a_text_that_asks_for_a_word_that_means_stop_is_found(tmp_path: Path) -> None:
    folder = workspace(tmp_path, templates={"tb/one.en.txt": "Reply CANCEL to cancel your visit."})
    assert found(folder) == []
    [fault] = check([], folder, Settings(), stops=lambda word: Taken("ends all") if word == "cancel" else None)
    assert "CANCEL" in fault.problem


def test_faults_of_unused_templates_are_found_unless_only_a_campaign_is_asked_for(tmp_path: Path) -> None:
    folder = workspace(tmp_path, templates={"tb/draft.en.txt": "{{ 1 + 1 }}", "tb/one.en.txt": "{{ surname }}"})
    places = {
        path: {fault.path for fault in found(folder, path)} for path in ("", "campaigns", "templates/tb/draft.en.txt")
    }
    one, draft = "templates/tb/one.en.txt", "templates/tb/draft.en.txt"
    assert {fault.path for fault in found(folder)} == {one, draft}
    assert places["campaigns"] == {one}
    assert places["templates/tb/draft.en.txt"] == {draft}
    assert {fault.path for fault in found(folder, "templates/tb")} == {one, draft}


def test_a_broken_campaign_does_not_hide_the_faults_of_another(tmp_path: Path) -> None:
    folder = workspace(tmp_path, templates={"tb/one.en.txt": "{{ surname }}"})
    (folder / "campaigns/another.yaml").write_text("title: T\n")
    assert {fault.path for fault in found(folder)} == {"campaigns/another.yaml", "templates/tb/one.en.txt"}


def test_the_same_files_have_the_same_faults_in_any_year(tmp_path: Path) -> None:
    folder = workspace(tmp_path, templates={"tb/one.en.txt": "{{ surname }}"})
    seen = []
    for year in (2019, 2026, 2080):
        with time_machine.travel(f"{year}-06-01", tick=False):
            seen.append(told(found(folder)))
    assert seen[0] == seen[1] == seen[2] != []
