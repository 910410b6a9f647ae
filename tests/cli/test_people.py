"""`outreach people` as it is typed."""

from __future__ import annotations

import csv
import json
import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from outreach import cli
from outreach.audience.tables import Person
from outreach.errors import ConflictError
from outreach.privacy.keyring import Keyring
from outreach.privacy.tables import KeyProof
from outreach.privacy.vault import Vault
from outreach.store import migrate
from outreach.store.database import Database

GOOD = "phone,language,tags\n+254712345678,sw,a\n+254722345678,en,b\n"
MIXED = GOOD + "020 2345678,en,\n+254732345678,xx,\n"


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Path:
    """A workspace with keys and an empty database that is the current folder."""
    keyring, database = Keyring.new(), Database(sqlite_url)
    keyring.save(tmp_path / "keyring.json")
    migrate.upgrade(database.engine)
    with database.write() as session:
        session.add(KeyProof(master="k1", sealed=Vault(keyring).prove("k1"), created_at=datetime.now(UTC)))
    database.close()
    monkeypatch.setenv("OUTREACH_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("OUTREACH_KEYRING_FILE", str(tmp_path / "keyring.json"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.app, ["people", *words])


def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of the whole program, as the shell sees it."""
    monkeypatch.setattr(sys, "argv", ["outreach", "people", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_good_rows_end_with_0_and_a_summary(clinic: Path) -> None:
    (clinic / "people.csv").write_text(GOOD)
    done = run("import", "people.csv", "--topic", "tb", "--consent-source", "form 7")
    assert done.exit_code == 0, done.output
    assert "added" in done.stdout
    assert "people.verdicts.csv" in done.stdout


def test_refused_rows_end_with_1_and_each_reason_with_its_remedy(clinic: Path) -> None:
    (clinic / "people.csv").write_text(MIXED)
    done = run("import", "people.csv", "--topic", "tb")
    assert done.exit_code == 1
    for said in ("phone_landline", "language_unknown", "invited", "ISO 639"):
        assert said in done.stdout
    assert not [digits for digits in ("712345678", "2345678") if digits in done.output]


def test_the_figures_as_json_add_up(clinic: Path) -> None:
    (clinic / "people.csv").write_text(MIXED)
    facts = json.loads(run("import", "people.csv", "--topic", "tb", "--json").stdout)
    assert facts == {
        "rows": 4,
        "added": 2,
        "updated": 0,
        "unchanged": 0,
        "refused": 2,
        "reasons": {"invited": 2, "phone_landline": 1, "language_unknown": 1},
        "verdicts": "people.verdicts.csv",
        "dry_run": False,
    }


def test_a_dry_run_says_that_it_is_one(clinic: Path) -> None:
    (clinic / "people.csv").write_text(GOOD)
    words = ("import", "people.csv", "--topic", "tb", "--dry-run")
    assert "Nothing was written" in run(*words).stdout
    assert json.loads(run(*words, "--json").stdout)["added"] == 2, "nobody was there the second time either"


def test_columns_encoding_and_country_are_told_by_options(clinic: Path) -> None:
    table = "Tél. mobile\tNom\tVillage\n06 12 34 56 78\tZoé\tSète\n"
    (clinic / "patients.txt").write_bytes(table.encode("latin-1"))
    options = ["--map", "Tél. mobile=phone", "--map", "village=text:village", "--skip", "nom"]
    done = run(
        "import", "patients.txt", "--topic", "tb", *options, "--encoding", "latin-1", "--country", "fr", "--json"
    )
    assert json.loads(done.stdout)["added"] == 1


MISUSED = [
    # label, the table, options, what the one line says
    ("an unknown column", "phone,village\n", (), '--map "village=text:village"'),
    ("a name", "phone,name\n", (), "no names of people"),
    ("not UTF-8", "phone\n\xe9\n", (), "--encoding latin-1"),
    ("a topic that is none", GOOD, ("--topic", "*"), "--topic tb"),
    ("half an option", GOOD, ("--map", "phone"), '--map "Tel no=phone"'),
]


@pytest.mark.parametrize(("label", "table", "options", "says"), MISUSED, ids=[row[0] for row in MISUSED])
def test_wrong_use_ends_with_2_and_one_line(
    label: str,
    table: str,
    options: tuple[str, ...],
    says: str,
    clinic: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (clinic / "people.csv").write_bytes(table.encode("latin-1"))
    assert typed(monkeypatch, "import", "people.csv", "--topic", "tb", *options) == 2
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said


def test_a_file_that_is_not_there_ends_with_2(clinic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed(monkeypatch, "import", "nowhere.csv", "--topic", "tb") == 2


def test_people_are_given_out_into_a_new_private_file_only(
    clinic: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (clinic / "people.csv").write_text(GOOD)
    run("import", "people.csv", "--topic", "tb")
    assert "2 people" in run("export", "out.csv").stdout
    out = clinic / "out.csv"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert sorted(row["tags"] for row in csv.DictReader(file)) == ["a", "b"]
    assert typed(monkeypatch, "export", "out.csv") == 2
    assert "not there yet" in capsys.readouterr().err


def test_people_are_printed_when_no_file_is_named(clinic: Path) -> None:
    (clinic / "people.csv").write_text(GOOD)
    run("import", "people.csv", "--topic", "tb")
    assert len(run("export").stdout.splitlines()) == 3


def somebody(clinic: Path) -> str:
    """The pseudonym of the first person of the file."""
    (clinic / "people.csv").write_text(GOOD)
    run("import", "people.csv", "--topic", "tb", "--consent-source", "form 7")
    database = Database(os.environ["OUTREACH_DATABASE_URL"])
    with database.read() as session:
        pseudonym = session.scalars(select(Person.pseudonym).order_by(Person.id)).first()
    database.close()
    return str(pseudonym)


def kept(person: str) -> Person:
    database = Database(os.environ["OUTREACH_DATABASE_URL"])
    with database.read() as session:
        found = session.scalars(select(Person).where(Person.pseudonym == person)).one()
    database.close()
    return found


def test_staff_set_how_discreetly_somebody_is_written_to_and_her_words_are_never_shown(clinic: Path) -> None:
    person = somebody(clinic)
    words = "mango\nmango\nlemon\nlemon\n"
    done = CliRunner().invoke(
        cli.app, ["people", "discretion", person, "--as", "request", "--safe-word", "--panic-word"], input=words
    )
    assert done.exit_code == 0, done.output
    assert "She is written to: request. Her words are changed." in done.output
    assert "mango" not in done.output + person
    hers = kept(person)
    assert (hers.on_request, len(hers.safe_word or b""), len(hers.panic_word or b"")) == (True, 32, 32)
    assert run("discretion", person, "--no-words", "--as", "open").exit_code == 0
    hers = kept(person)
    assert (hers.on_request, hers.openness, hers.safe_word, hers.panic_word) == (False, "open", None, None)


@pytest.mark.parametrize("options", [[], ["--no-words", "--safe-word"], ["--as", "loud"]])
def test_what_is_wrong_use_of_discretion(options: list[str], clinic: Path) -> None:
    assert run("discretion", "calm-river-42", *options).exit_code == 2


def test_a_word_that_means_something_is_refused_with_the_remedy(clinic: Path) -> None:
    person = somebody(clinic)
    done = CliRunner().invoke(cli.app, ["people", "discretion", person, "--safe-word"], input="stop\nstop\n")
    assert isinstance(done.exception, ConflictError)
    assert "means something already" in str(done.exception)
    assert kept(person).safe_word is None


def test_a_proof_shows_the_words_of_the_form_and_is_recorded(clinic: Path) -> None:
    (clinic / "form.txt").write_text("I agree to messages about my treatment.", encoding="utf-8")
    (clinic / "people.csv").write_text(GOOD)
    assert run("wording", "form-7", "form.txt").exit_code == 0
    run("import", "people.csv", "--topic", "tb", "--consent-source", "drawer 3", "--wording", "form-7")
    database = Database(os.environ["OUTREACH_DATABASE_URL"])
    with database.read() as session:
        person = str(session.scalars(select(Person.pseudonym)).first())
    database.close()
    shown = run("proof", person)
    assert shown.exit_code == 0, shown.output
    assert "I agree to messages about my treatment." in shown.output
    told = json.loads(run("proof", person, "--json").output)
    assert told["pseudonym"] == person
    [line] = told["lines"]
    assert (line["topic"], line["state"], line["version"], line["evidence"]) == ("tb", "granted", "form-7", "drawer 3")
    recorded = json.loads(CliRunner().invoke(cli.app, ["audit", "list", "--json"]).output)
    done = [each["action"] for each in recorded]
    assert (done.count("proof_shown"), done.count("wording_entered")) == (2, 1)


def test_words_under_a_name_never_change(clinic: Path) -> None:
    (clinic / "form.txt").write_text("I agree.", encoding="utf-8")
    run("wording", "form-7", "form.txt")
    (clinic / "form.txt").write_text("I agree to everything.", encoding="utf-8")
    done = run("wording", "form-7", "form.txt")
    assert isinstance(done.exception, ConflictError)
