"""`outreach report` as it is typed."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from outreach import settings
from outreach.cli.report import report
from outreach.errors import ConflictError, NotFoundError
from outreach.privacy.keyring import Keyring
from outreach.reports import delivery
from outreach.reports.registry import REPORTS
from outreach.workspace import Workspace, prepare
from tests.reports.known import follow_runs, weigh_delivery
from tests.reports.known import run as launched


def typed(*words: str, width: int = 80) -> Result:
    app = typer.Typer()
    app.command()(report)
    return CliRunner().invoke(app, list(words), env={"COLUMNS": str(width)})


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A clinic with the known figures, whose folder is the current one."""
    monkeypatch.chdir(tmp_path)
    Keyring.new().save(tmp_path / "keyring.json")
    monkeypatch.setenv("OUTREACH_KEYRING_FILE", str(tmp_path / "keyring.json"))
    workspace = prepare(settings.load())
    with workspace.database.write() as session:
        weigh_delivery(session)
    yield workspace
    workspace.close()


def test_a_campaign_is_told_by_step_and_day_with_reasons_below(clinic: Workspace) -> None:
    result = typed("tb-adherence")
    assert result.exit_code == 0
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[0] == "Delivery: tb-adherence, run 1, running"
    assert lines[2].split() == ["step", "day", "kind", "planned", "waiting", "sent", "delivered", "undelivered"]
    assert lines[4].split() == ["sms", "100", "0", "71", "60", "4"]
    assert lines[6].split() == ["total", "160", "37", "94", "68", "6"]
    assert lines[-4].split(maxsplit=2) == ["undelivered", "6", "unreachable 4 · unread 2"]
    assert lines[-2].split(maxsplit=2) == ["refused", "13", "no consent 9 · unnamed 4"]


@pytest.mark.parametrize("width", [60, 80, 120, 300])
@pytest.mark.parametrize("words", [("tb-adherence",), ()])
def test_the_table_fits_the_terminal_and_shows_every_figure(
    clinic: Workspace, width: int, words: tuple[str, ...]
) -> None:
    lines = typed(*words, width=width).stdout.splitlines()
    assert max(map(len, lines)) <= width
    titles = {word for line in lines if line.startswith(("step", "campaign")) for word in line.split()}
    figures = {column.name for column in delivery.COLUMNS if not column.is_key and not column.of}
    assert figures <= titles


def test_what_is_nothing_but_zeros_is_left_out(clinic: Workspace) -> None:
    words = typed("=cmd|' /C calc'!A0").stdout.split()
    assert "refused" in words
    assert "quarantined" in words
    assert not {"delivered", "undelivered", "total"} & set(words)


def test_without_a_name_it_is_the_whole_clinic_one_line_a_run(clinic: Workspace) -> None:
    lines = [line.split() for line in typed().stdout.splitlines()]
    assert lines[0] == ["Delivery:", "the", "whole", "clinic"]
    assert lines[2][:3] == ["campaign", "run", "planned"]
    assert lines[3][:3] == ["tb-adherence", "1", "160"]
    assert lines[5][:3] == ["–", "–", "2"]
    assert lines[6][:2] == ["total", "166"]


def test_machines_get_figures_reasons_and_sums_as_json(clinic: Workspace) -> None:
    told = json.loads(typed("tb-adherence", "--json").stdout)
    assert {name: told[name] for name in ("report", "campaign", "run", "state", "currency")} == {
        "report": "delivery",
        "campaign": "tb-adherence",
        "run": 1,
        "state": "running",
        "currency": "USD",
    }
    assert [(row["step"], row["day"], row["kind"]) for row in told["rows"]] == [
        ("welcome", "2026-12-07", "push"),
        ("welcome", "2026-12-07", "sms"),
        ("advice", "2026-12-08", "sms"),
    ]
    assert told["total"]["by"]["refused"] == {"no_consent": 9, "unnamed": 4}
    assert told["total"]["planned"] == 160


def test_csv_is_printed_with_columns_that_never_change(clinic: Workspace) -> None:
    first, other = (list(csv.reader(io.StringIO(typed(name, "--csv", "-").stdout))) for name in ("tb-adherence", ""))
    assert first[0] == other[0] == [column.name for column in delivery.COLUMNS]
    assert (len(first), len(other)) == (4, 6)


def test_csv_for_a_spreadsheet_holds_no_formula_and_is_read_by_its_owner_only(clinic: Workspace) -> None:
    result = typed("--csv", "december.csv")
    assert (result.exit_code, result.stdout) == (0, "5 rows in december.csv.\n")
    file = Path("december.csv")
    assert file.read_bytes().startswith(b"\xef\xbb\xbfcampaign,run,")
    assert "'=cmd|" in file.read_text(encoding="utf-8-sig")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_is_there_is_kept(clinic: Workspace) -> None:
    Path("december.csv").write_text("kept")
    result = typed("--csv", "december.csv")
    assert isinstance(result.exception, ConflictError)
    assert "december.csv" in str(result.exception)
    assert Path("december.csv").read_text() == "kept"


def test_the_newest_run_is_told_unless_another_is_named(clinic: Workspace) -> None:
    with clinic.database.write() as session:
        newest = launched(session)
    empty = typed("tb-adherence").stdout.splitlines()
    assert empty[0] == f"Delivery: tb-adherence, run {newest}, running"
    assert " ".join(" ".join(empty[1:]).split()) == delivery.EMPTY
    assert "run 1, finished" in typed("tb-adherence", "--run", "1").stdout
    assert "run 1, finished" in typed("--run", "1").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nothing",), "nothing was never launched. Launch it: outreach campaign launch nothing"),
        (("tb-adherence", "--run", "2"), "There is no run 2 of tb-adherence. Leave --run out for the newest."),
        (("--run", "99"), "There is no run 99. Leave --run out for the newest."),
    ],
)
def test_what_was_never_launched_is_said(clinic: Workspace, words: tuple[str, ...], told: str) -> None:
    result = typed(*words)
    assert isinstance(result.exception, NotFoundError)
    assert str(result.exception) == told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--about", "weather"), "there is no report about 'weather'"),
        (("--json", "--csv", "-"), "give only one of --csv, --xlsx and --json"),
        (("tb-adherence", "--about", "consent"), "is not told apart by campaign: leave NAME and --run out"),
        (("phone", "--topic", "tb"), "the report about phone is not told apart by topic"),
    ],
)
def test_wrong_use_is_said_and_ends_with_2(clinic: Workspace, words: tuple[str, ...], told: str) -> None:
    result = typed(*words, width=200)
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize("about", REPORTS)
def test_every_report_is_asked_for_by_its_name(clinic: Workspace, about: str) -> None:
    assert json.loads(typed("--about", about, "--json").stdout)["report"] == about
    assert json.loads(typed(about, "--json").stdout)["report"] == about
    assert typed(about).exit_code == 0
    assert typed(about, "--xlsx", f"{about}.xlsx").exit_code == 0
    sheet = load_workbook(f"{about}.xlsx").worksheets[0]
    assert [cell.value for cell in sheet[1]] == [column.name for column in REPORTS[about].COLUMNS]
    assert stat.S_IMODE(Path(f"{about}.xlsx").stat().st_mode) == 0o600


def test_a_report_is_narrowed_by_topic_and_days(clinic: Workspace) -> None:
    def said(*words: str) -> int:
        total: int = json.loads(typed("delivery", *words, "--json").stdout)["total"]["planned"]
        return total

    assert [said("--topic", "tb"), said("--topic", "hiv")] == [164, 0]
    assert [said("--from", "2026-12-08"), said("--to", "2026-12-07")] == [50, 116]


def test_what_is_hidden_is_explained(clinic: Workspace) -> None:
    with clinic.database.write() as session:
        follow_runs(session)
    words = " ".join(typed("funnel").stdout.split())
    assert "few 2" not in words
    assert words.endswith("hidden: so few people that one could be found out, or what would tell of so few")
