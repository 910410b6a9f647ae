"""Importing a table: one verdict a row, and what it leaves in the database."""

from __future__ import annotations

import csv
import io
import logging
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from outreach import consent
from outreach.audience import discretion, imports, people, pseudonyms
from outreach.audience.discretion import Manner
from outreach.audience.headers import Wishes
from outreach.audience.imports import Options
from outreach.audience.tables import Endpoint, EndpointState, Openness, Person, PersonField, PersonTag, Suppression
from outreach.audience.verdicts import REMEDIES, Note, Outcome, RowRefusal, neutral
from outreach.channels.contract import Kind, Variant
from outreach.consent import Consent, ConsentState, Line, Source, Standing
from outreach.errors import SheetError
from outreach.privacy.tables import PersonKey
from tests.audience.conftest import Clinic, verdicts

#: Everything an import may write, in an order in which it can be deleted.
TABLES = (Consent, Standing, PersonTag, PersonField, Endpoint, PersonKey, Person)

AMINA, BARAKA, CAROL = "+254712345678", "+254722345678", "+254732345678"


def person(clinic: Clinic, number: str) -> Person:
    with clinic.database.read() as session:
        person_id = people.by_number(session, clinic.vault, number)
        found = session.get(Person, person_id)
    assert found is not None
    return found


def ledger(clinic: Clinic, number: str) -> list[tuple[str, str, str, str]]:
    """Every line about a person: topic, state, source, evidence."""
    with clinic.database.read() as session:
        person_id = people.by_number(session, clinic.vault, number)
        assert person_id is not None
        lines = consent.history(session, person_id)
        return [(line.topic, line.state, line.source, line.evidence) for line in lines]


def counts(clinic: Clinic) -> dict[str, int]:
    """Rows of every table that an import may write."""
    with clinic.database.read() as session:
        return {each.__tablename__: session.scalar(select(func.count()).select_from(each)) or 0 for each in TABLES}


FULL = (
    "phone,language,zone,tags,hours,openness,push_token,push_fid,text:district,number:age,date:refill_date\n"
    f'{AMINA},sw,Africa/Kampala,"a,b",08:00-12:00,open,token-of-amina,fid-of-amina,Kisumu,34,2026-12-31\n'
)


def test_everything_a_row_says_is_kept(clinic: Clinic) -> None:
    assert clinic.told(FULL) == ["added: invited"]
    found = person(clinic, AMINA)
    assert (found.language, found.zone, found.country) == ("sw", "Africa/Kampala", "KE")
    assert (found.openness, found.hours_from, found.hours_to) == (Openness.OPEN, 480, 720)
    with clinic.database.read() as session:
        assert set(session.scalars(select(PersonTag.tag))) == {"a", "b"}
        names = ["district", "age", "refill_date"]
        values = people.values_of(session, [found.id], names)[found.id]
        key = people.keys_of(session, clinic.vault, [found.id])[found.id]
        reaches = people.endpoints_of(session, [found.id])[found.id]
    assert values == {"district": "Kisumu", "age": 34, "refill_date": date(2026, 12, 31)}
    assert {(each.kind, each.variant, people.value_of(key, each)) for each in reaches} == {
        (Kind.SMS, Variant.NUMBER, AMINA),
        (Kind.PUSH, Variant.TOKEN, "token-of-amina"),
        (Kind.PUSH, Variant.FID, "fid-of-amina"),
    }


def test_what_a_row_does_not_say_is_the_clinics_or_the_numbers(clinic: Clinic) -> None:
    clinic.told(f"phone\n{AMINA}\n+256772123456\n")
    amina, ugandan = person(clinic, AMINA), person(clinic, "+256772123456")
    assert (amina.language, amina.zone, amina.openness, amina.hours_from) == ("en", "Africa/Nairobi", "covert", None)
    assert (ugandan.zone, ugandan.country) == ("Africa/Kampala", "UG")


MANNERS = [
    # how she is written to, what the table says, how she is written to then, and what is told
    (Manner.COVERT, "request", Manner.REQUEST, "updated: invited"),
    (Manner.OPEN, "covert", Manner.COVERT, "updated: invited"),
    (Manner.OPEN, "on request", Manner.REQUEST, "updated: invited"),
    (Manner.REQUEST, "request", Manner.REQUEST, "unchanged: invited"),
    (Manner.COVERT, "open", Manner.COVERT, "unchanged: more_discreet"),
    (Manner.REQUEST, "covert", Manner.REQUEST, "unchanged: more_discreet"),
    (Manner.REQUEST, "", Manner.REQUEST, "unchanged: invited"),
]


@pytest.mark.parametrize(("stands", "says", "then", "told"), MANNERS)
def test_a_table_makes_nobodys_messages_more_open(
    stands: Manner, says: str, then: Manner, told: str, clinic: Clinic
) -> None:
    clinic.told(f"phone,openness\n{AMINA},{stands}\n")
    assert discretion.manner(person(clinic, AMINA)) == stands, "who is new is written to as the table says"
    assert clinic.told(f"phone,openness\n{AMINA},{says}\n") == [told]
    assert discretion.manner(person(clinic, AMINA)) == then


def test_a_manner_that_is_none_is_refused_with_what_to_write(clinic: Clinic) -> None:
    assert clinic.told(f"phone,openness\n{AMINA},loudly\n") == ["refused: openness_unknown"]
    assert REMEDIES[RowRefusal.OPENNESS] == "Write covert, request (only when she asks) or open."


CHANGES = [
    # label, the second table's titles and cells, its verdict
    ("the same", "phone,language,tags,text:district", "sw,a,Kisumu", "unchanged"),
    ("columns left out", "phone", "", "unchanged"),
    ("empty cells", "phone,language,zone,tags,hours,openness,text:district", ",,,,,", "unchanged"),
    ("another language", "phone,language", "fr", "updated"),
    ("another zone", "phone,zone", "Africa/Lagos", "updated"),
    ("one tag more", "phone,tags", "b", "updated"),
    ("a tag she has", "phone,tags", "a", "unchanged"),
    ("a tag away that she has", "phone,tags", "-a", "updated"),
    ("a tag away that she has not", "phone,tags", "-x", "unchanged"),
    ("all tags away", "phone,tags", "-", "updated"),
    ("other hours", "phone,hours", "morning", "updated"),
    ("no hours where there are none", "phone,hours", "-", "unchanged"),
    ("another value", "phone,text:district", "Siaya", "updated"),
    ("a value away", "phone,text:district", "-", "updated"),
    ("a value away that is not there", "phone,text:ward", "-", "unchanged"),
    ("another kind of value", "phone,number:district", "7", "updated"),
    ("a new app", "phone,push_token", "token-of-amina", "updated"),
]


@pytest.mark.parametrize(("label", "titles", "cells", "verdict"), CHANGES, ids=[row[0] for row in CHANGES])
def test_a_row_changes_only_what_it_says(clinic: Clinic, label: str, titles: str, cells: str, verdict: str) -> None:
    clinic.told(f"phone,language,tags,text:district\n{AMINA},sw,a,Kisumu\n", source="form")
    second = f"{titles}\n{AMINA},{cells}\n" if cells else f"{titles}\n{AMINA}\n"
    assert clinic.told(second, source="form") == [verdict]
    assert clinic.told(second, source="form") == ["unchanged"], "a second time changes nothing"


def test_a_dash_empties_and_the_rest_stays(clinic: Clinic) -> None:
    clinic.told(FULL)
    clinic.told(f"phone,tags,hours,text:district\n{AMINA},-,-,-\n")
    found = person(clinic, AMINA)
    assert (found.hours_from, found.hours_to, found.language, found.zone) == (None, None, "sw", "Africa/Kampala")
    with clinic.database.read() as session:
        assert not list(session.scalars(select(PersonTag.tag)))
        assert set(session.scalars(select(PersonField.name))) == {"age", "refill_date"}


def test_bad_rows_never_stop_good_ones(clinic: Clinic) -> None:
    table = (
        "phone,language,date:visit,tags\n"
        f"{AMINA},en,2026-12-31,a\n"
        "020 2345678,en,,\n"
        f"{BARAKA},xx,,\n"
        f"{CAROL},en,05/06/2026,\n"
        '0742345678,"x"y,,\n'
        f"{BARAKA},en,,#REF!\n"
        f"{CAROL},sw,,,something\n"
        f"{CAROL},sw,,\n"
    )
    report = clinic.take_in(table, source="form")
    assert [(line["row"], line["verdict"], line["reason"], line["column"]) for line in verdicts(report)] == [
        ("2", "added", "", ""),
        ("3", "refused", "phone_landline", "phone"),
        ("4", "refused", "language_unknown", "language"),
        ("5", "refused", "date_ambiguous", "date:visit"),
        ("6", "refused", "quote_not_closed", ""),
        ("7", "refused", "formula_error", "tags"),
        ("8", "refused", "cell_without_column", ""),
        ("9", "added", "", ""),
    ]
    assert report.totals.rows == 8
    assert report.totals.outcomes == {Outcome.ADDED: 2, Outcome.REFUSED: 6}
    assert all(line["remedy"] for line in verdicts(report) if line["verdict"] == "refused")
    assert all(line["pseudonym"] for line in verdicts(report) if line["verdict"] == "added")


def test_a_number_twice_in_a_table_is_taken_once_however_it_is_written(clinic: Clinic) -> None:
    table = f"phone,language\n{AMINA},xx\n0712 345 678,sw\n{AMINA},fr\n"
    assert clinic.told(table, source="form") == ["refused: language_unknown", "added", "refused: duplicate_in_file"]
    assert person(clinic, AMINA).language == "sw"


def test_a_number_twice_is_noticed_across_batches(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 1)
    table = f"phone\n{AMINA}\n{BARAKA}\n{AMINA}\n"
    assert clinic.told(table, source="form") == ["added", "added", "refused: duplicate_in_file"]


def test_somebody_forgotten_is_not_brought_back(clinic: Clinic) -> None:
    with clinic.database.write() as session:
        lookup = people.lookup(clinic.vault, Kind.SMS, AMINA)
        session.add(Suppression(lookup=lookup, created_at=datetime.now(UTC)))
    assert clinic.told(f"phone\n{AMINA}\n{BARAKA}\n", source="form") == ["refused: forgotten", "added"]


def test_an_app_of_another_person_is_refused(clinic: Clinic) -> None:
    clinic.told(f"phone,push_token\n{AMINA},token-of-amina\n")
    told = clinic.told(f"phone,push_token\n{BARAKA},token-of-amina\n{CAROL},token-of-amina\n", source="form")
    assert told == ["refused: push_of_another_person", "refused: duplicate_in_file"]


def test_an_import_does_not_revive_an_endpoint_that_is_gone(clinic: Clinic) -> None:
    clinic.told(FULL, source="form")
    with clinic.database.write() as session:
        for each in session.scalars(select(Endpoint)):
            each.state = EndpointState.GONE
    assert clinic.told(FULL, source="form") == ["unchanged"]
    with clinic.database.read() as session:
        assert set(session.scalars(select(Endpoint.state))) == {EndpointState.GONE}


AGREEMENTS = [
    # label, table, --consent-source, verdict, the ledger
    ("nothing is known", "phone\n{n}\n", "", "added: invited", [("tb", "invited", "import", "")]),
    ("the command says it", "phone\n{n}\n", "form 7", "added", [("tb", "granted", "staff", "form 7")]),
    ("the table says it", "phone,consent\n{n},form 9\n", "", "added", [("tb", "granted", "file", "form 9")]),
    (
        "the table says it and when",
        "phone,consent,consent_date\n{n},form 9,2026-03-12\n",
        "",
        "added",
        [("tb", "granted", "file", "form 9, 2026-03-12")],
    ),
    (
        "the command says it, the table when",
        "phone,consent_date\n{n},2026-03-12\n",
        "form 7",
        "added",
        [("tb", "granted", "staff", "form 7, 2026-03-12")],
    ),
    ("empty, the command", "phone,consent\n{n},\n", "form 7", "added: invited", [("tb", "invited", "import", "")]),
    ("a bare yes", "phone,consent\n{n},yes\n", "", "added: consent_without_source", [("tb", "invited", "import", "")]),
    ("a bare yes, the command", "phone,consent\n{n},oui\n", "form 7", "added", [("tb", "granted", "staff", "form 7")]),
    ("a no", "phone,consent\n{n},no\n", "form 7", "added: declined", [("tb", "revoked", "file", "")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "table", "source", "verdict", "lines"), AGREEMENTS, ids=[row[0] for row in AGREEMENTS]
)
def test_consent_is_only_what_is_known_from_somewhere(
    clinic: Clinic, label: str, table: str, source: str, verdict: str, lines: list[tuple[str, str, str, str]]
) -> None:
    assert clinic.told(table.format(n=AMINA), source=source) == [verdict]
    assert ledger(clinic, AMINA) == lines
    clinic.told(table.format(n=AMINA), source=source)
    assert ledger(clinic, AMINA) == lines, "no second line"


STANDING = [
    # label, what stands (topic, state, source), the consent cell, verdict, where the topic stands then
    ("granted", ("tb", "granted", "text"), "form", "unchanged", "granted"),
    ("granted, now nothing", ("tb", "granted", "staff"), "", "unchanged", "granted"),
    ("granted, now no", ("tb", "granted", "staff"), "no", "updated: declined", "revoked"),
    ("invited", ("tb", "invited", "import"), "form", "updated", "granted"),
    ("invited, now nothing", ("tb", "invited", "import"), "", "unchanged: invited", "invited"),
    ("ended by staff", ("tb", "revoked", "staff"), "form", "updated", "granted"),
    ("ended by staff, now nothing", ("tb", "revoked", "staff"), "", "unchanged", "revoked"),
    ("ended by her", ("tb", "revoked", "text"), "form", "unchanged: own_word_stands", "revoked"),
    ("ended by her, now no", ("tb", "revoked", "text"), "no", "unchanged: declined", "revoked"),
    ("ended by the provider", ("tb", "revoked", "provider"), "form", "unchanged: own_word_stands", "revoked"),
    ("paused by her", ("tb", "paused", "text"), "form", "unchanged: paused", "paused"),
    ("stopped", ("*", "revoked", "text"), "form", "updated: stopped", "granted"),
    ("stopped, now nothing", ("*", "revoked", "text"), "", "unchanged: stopped", ""),
]


@pytest.mark.parametrize(("label", "before", "cell", "verdict", "after"), STANDING, ids=[row[0] for row in STANDING])
def test_an_import_never_undoes_what_she_said_herself(
    clinic: Clinic, label: str, before: tuple[str, str, str], cell: str, verdict: str, after: str
) -> None:
    with clinic.database.write() as session:
        at, (topic, state, source) = datetime.now(UTC), before
        person_id = people.adopt(session, clinic.vault, AMINA, clinic.settings, at)
        consent.record(session, [Line(person_id, topic, ConsentState(state), Source(source))], at)
    table = f"phone,consent\n{AMINA},{cell}\n"
    assert clinic.told(table) == [verdict]
    with clinic.database.read() as session:
        lines = consent.standing(session, [person_id])
        stopped = consent.stopped(session, [person_id])
    assert (lines[person_id, "tb"].state if (person_id, "tb") in lines else "") == after
    assert bool(stopped) == label.startswith("stopped"), "STOP is neither lifted nor made up"
    assert clinic.told(table)[0].startswith("unchanged")


def test_agreeing_to_new_words_is_one_more_line(clinic: Clinic) -> None:
    table = f"phone\n{AMINA}\n"
    assert clinic.told(table, source="form", wording="v1") == ["added"]
    assert clinic.told(table, source="form", wording="v1") == ["unchanged"]
    assert clinic.told(table, source="form", wording="v2") == ["updated"]
    with clinic.database.read() as session:
        assert list(session.scalars(select(Consent.wording).order_by(Consent.id))) == ["v1", "v2"]


def test_consent_of_the_future_is_refused(clinic: Clinic) -> None:
    later = (datetime.now(UTC) + timedelta(days=3)).date()
    table = f"phone,consent,consent_date\n{AMINA},form,{later}\n"
    assert clinic.told(table) == ["refused: date_in_the_future"]


def test_a_dry_run_gives_the_same_verdicts_and_writes_nothing(clinic: Clinic) -> None:
    clinic.told(f"phone,tags\n{AMINA},a\n", source="form")
    before = counts(clinic)
    table = f"phone,tags\n{AMINA},b\n{BARAKA},b\n{BARAKA},b\n020 2345678,\n"
    dry = clinic.take_in(table, source="form", dry_run=True)
    assert counts(clinic) == before
    assert [line["pseudonym"] for line in verdicts(dry)][1:] == ["", "", ""], "nobody was named"
    told = [(line["verdict"], line["reason"]) for line in verdicts(dry)]
    wet = clinic.take_in(table, source="form")
    assert told == [(line["verdict"], line["reason"]) for line in verdicts(wet)]
    assert dry.totals == wet.totals


def test_a_broken_off_import_is_finished_by_running_it_again(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    table = "phone\n" + "".join(f"+2547123456{each:02}\n" for each in range(6))

    def pull_the_plug(done: int, _about: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    path = clinic.folder / "people.csv"
    path.write_text(table)
    with pytest.raises(KeyboardInterrupt):
        imports.import_file(
            clinic.database, clinic.vault, clinic.settings, path, Options("tb", source="form"), pull_the_plug
        )
    assert clinic.told(table, source="form") == ["unchanged"] * 4 + ["added"] * 2


def test_when_another_import_takes_a_pseudonym_meanwhile_the_batch_is_decided_again(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.told(f"phone\n{AMINA}\n", source="form")
    taken, draw = person(clinic, AMINA).pseudonym, pseudonyms.draw
    answers = iter([[taken]])
    monkeypatch.setattr(pseudonyms, "draw", lambda session, count: next(answers, None) or draw(session, count))
    assert clinic.told(f"phone\n{BARAKA}\n", source="form") == ["added"]


def test_a_batch_that_cannot_be_written_is_not_tried_for_ever(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.told(f"phone\n{AMINA}\n", source="form")
    taken = person(clinic, AMINA).pseudonym
    monkeypatch.setattr(pseudonyms, "draw", lambda _session, count: [taken] * count)
    with pytest.raises(IntegrityError):
        clinic.told(f"phone\n{BARAKA}\n", source="form")


def test_a_workbook_is_read_like_a_text_file(clinic: Clinic) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["phone", "number:age", "date:refill_date", "hours"])
    sheet.append([254712345678, 34, date(2026, 12, 31), "morning"])
    sink = io.BytesIO()
    book.save(sink)
    report = clinic.take_in(sink.getvalue(), name="people.xlsx", source="form")
    assert report.totals.outcomes == {Outcome.ADDED: 1}
    found = person(clinic, AMINA)
    with clinic.database.read() as session:
        values = people.values_of(session, [found.id], ["age", "refill_date"])[found.id]
    assert values == {"age": 34, "refill_date": date(2026, 12, 31)}


def test_a_field_that_people_have_needs_no_kind_the_second_time(clinic: Clinic) -> None:
    clinic.told(f"phone,date:refill_date\n{AMINA},2026-12-31\n")
    assert clinic.told(f"phone,Refill date\n{AMINA},2027-01-31\n", source="form") == ["updated"]
    with pytest.raises(SheetError, match="ward"):
        clinic.told(f"phone,ward\n{AMINA},x\n")


def test_nothing_is_written_when_a_title_is_not_understood(clinic: Clinic) -> None:
    before = counts(clinic)
    with pytest.raises(SheetError):
        clinic.take_in(f"phone,village\n{AMINA},x\n")
    assert counts(clinic) == before
    assert not (clinic.folder / "people.verdicts.csv").exists()


def test_the_verdicts_are_for_their_owner_only_even_over_an_older_file(clinic: Clinic) -> None:
    old = clinic.folder / "people.verdicts.csv"
    old.write_text("old")
    old.chmod(0o644)
    assert clinic.take_in(f"phone\n{AMINA}\n").verdicts == old
    assert stat.S_IMODE(old.stat().st_mode) == 0o600
    assert "old" not in old.read_text()


def test_a_title_that_is_a_formula_does_not_run_in_the_verdicts(clinic: Clinic) -> None:
    title = "=HYPERLINK(1)"
    wishes = Wishes.parse([f"{title}=number:x"], [])
    report = clinic.take_in(f"phone,{title}\n{AMINA},x\n", wishes=wishes)
    assert [line["column"] for line in verdicts(report)] == [f"'{title}"]


NEUTRAL = [
    ("=1", "'=1"),
    ("+1", "'+1"),
    ("-1+1", "'-1+1"),
    ("@x", "'@x"),
    ("\tx", "'\tx"),
    ("-1.5", "-1.5"),
    ("a=1", "a=1"),
]


@pytest.mark.parametrize(("cell", "safe"), NEUTRAL)
def test_no_cell_is_taken_for_a_formula(cell: str, safe: str) -> None:
    assert neutral(cell) == safe


WRONG = [
    ("topic with capitals", {"topic": "TB"}),
    ("the topic of all topics", {"topic": "*"}),
    ("a long source", {"topic": "tb", "source": "x" * 181}),
    ("a country in words", {"topic": "tb", "country": "Kenya"}),
]


@pytest.mark.parametrize(("label", "options"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_option_is_told(label: str, options: dict[str, str]) -> None:
    with pytest.raises(SheetError, match="--"):
        Options(**options)  # type: ignore[arg-type]


def test_every_reason_has_its_remedy() -> None:
    assert set(REMEDIES) == {*RowRefusal, *Note}


cell = {
    "phone": st.sampled_from([AMINA, BARAKA, CAROL, "0712345678", "020 2345678", "22345", "", "2.5E+11"]),
    "language": st.sampled_from(["", "en", "sw", "xx"]),
    "tags": st.sampled_from(["", "a", "a,b", "-a", "-", "b,-a"]),
    "hours": st.sampled_from(["", "-", "morning", "8-9", "never"]),
    "consent": st.sampled_from(["", "form 7", "yes", "no"]),
    "push_token": st.sampled_from(["", "token-of-amina", "token-of-baraka"]),
    "number:age": st.sampled_from(["", "-", "1", "x"]),
}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables=st.lists(st.lists(st.fixed_dictionaries(cell), max_size=4), min_size=1, max_size=3))
def test_a_second_import_of_anything_changes_nothing(clinic: Clinic, tables: list[list[dict[str, str]]]) -> None:
    with clinic.database.write() as session:
        for each in TABLES:
            session.execute(delete(each))
    for rows in tables:
        sink = io.StringIO()
        writer = csv.DictWriter(sink, list(cell))
        writer.writeheader()
        writer.writerows(rows)
        clinic.told(sink.getvalue())
        before = counts(clinic)
        again = clinic.take_in(sink.getvalue()).totals.outcomes
        assert counts(clinic) == before
        assert not again[Outcome.ADDED]
        assert not again[Outcome.UPDATED]


CANARIES = ["712345678", "722345678", "202345678", "Zawadi", "canary-token", "Canary Village", "canary form"]


def test_nothing_of_the_table_appears_where_it_should_not(
    clinic: Clinic, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    table = (
        "phone,language,push_token,text:village,consent\n"
        f"{AMINA},en,canary-token,Canary Village,canary form\n"
        f"{BARAKA},Zawadi,,,\n"
        "0202345678,,,,\n"
        f"{CAROL},,canary token Zawadi,,\n"
        f'{CAROL},,,"Canary Village"x,\n'
        f"{CAROL},,canary-token,,\n"
    )
    report = clinic.take_in(table)
    data_first, not_closed = f"Zawadi,{AMINA}\n", f'"phone,{AMINA}\nZawadi'
    not_utf8 = table.encode() + b"Zawadi \xe9\n"
    errors = []
    for content in (data_first, not_closed, not_utf8):
        with pytest.raises(SheetError) as refused:
            clinic.take_in(content)
        errors.append(str(refused.value))
    said = "".join([*capfd.readouterr(), caplog.text, report.verdicts.read_text(), *errors, repr(report)])
    assert not [canary for canary in CANARIES if canary in said]


def test_no_number_and_no_token_is_stored_in_the_clear(clinic: Clinic) -> None:
    clinic.told(FULL)
    with clinic.database.read() as session:
        stored = [
            str(value) if not isinstance(value, bytes | memoryview) else bytes(value).decode("latin-1")
            for each in TABLES
            for row in session.execute(select(*each.__table__.c))
            for value in row
        ]
    assert not [text for text in stored if "712345678" in text or "of-amina" in text]


def test_the_verdicts_need_a_folder_that_can_be_written(clinic: Clinic, tmp_path: Path) -> None:
    (tmp_path / "people.verdicts.csv").mkdir()
    with pytest.raises(SheetError, match="Copy it into a folder of your own"):
        clinic.take_in(f"phone\n{AMINA}\n")
    assert counts(clinic)["person"] == 0
