"""What a helper may read of a person's text: what could tell who she is is gone, what a clinician needs is there."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.redaction import LANGUAGES, Half, Sample, samples, score
from outreach.errors import SettingError
from outreach.privacy.redact import Kind, Names, listed, redact

REDACTED = [
    ("call 0712000001", "call [number]"),
    ("+254 712-000-001 is mine", "[number] is mine"),
    ("(0712) 000 001", "[number]"),
    ("tel0712000001", "tel[number]"),
    ("0712000001ni yangu", "[number]ni yangu"),
    ("2547120000010712000002", "[number]"),
    ("0712–000–001", "[number]"),
    ("0712_000_001", "[number]"),
    ("0712,000,001", "[number]"),
    ("0 7 1 2 0 0 0 0 0 1", "[number]"),
    ("0712   000   001", "[number]"),
    ("0712\n000001", "[number]"),
    ("0712\u200b000\u200b001", "[number]"),
    ("0\ufe0f\u20e37\ufe0f\u20e31\ufe0f\u20e32\ufe0f\u20e3000001", "[number]"),
    ("0712.000.001", "[number]"),
    ("٠٧١٢٠٠٠٠٠١", "[number]"),
    ("+254 (0) 712 000 001", "[number]"),
    ("0712000001/0712000002", "[number]/[number]"),
    ("120/80/0712000001", "120/80/[number]"),
    ("take 2 0712 000 001 3 times", "take 2 [number] 3 times"),
    ("on 12/03/2026 10:30 0712000001", "on 12/03/2026 10:30 [number]"),
    ("call 5550123", "call [number]"),
    ("zero seven one two, zero zero zero, zero zero one", "[number]"),
    ("double zero 254 seven one two 3 four five six", "[number]"),
    ("one two three four five six seven", "[number]"),
    ("one two three four 567", "[number]"),
    ("one two three eleven twelve", "[number]"),
    ("one two three four - five six seven", "[number]"),
    ("five double five one two three four", "[number]"),
    ("my ID is 23456789", "my ID is [id]"),
    ("file 1234", "file [id]"),
    ("file no 12", "file no [id]"),
    ("file no 2025", "file no [id]"),
    ("patient no 12", "patient no [id]"),
    ("patient number 2025", "patient number [id]"),
    ("ABC-00123 is hers", "[id] is hers"),
    ("GOMC900101HDFRRS09 es mio", "[id] es mio"),
    ("file no 12/3456", "file no [id]"),
    ("CCC number 12345-67890", "CCC number [id]"),
    ("patient ID: KE-2024-00123.", "patient ID: [id]."),
    ("A0000123 is on it", "[id] is on it"),
    ("a.b+c@x.co.ke wrote", "[email] wrote"),
    ("john dot doe at gmail dot com", "[email]"),
    ("see https://fb.example/amina now", "see [link] now"),
    ("www.amina.example", "[link]"),
    ("facebook.com/amina.w", "[link]"),
    ("wa.me/254712000001", "[link]"),
    ("my page is amina.co.ke", "my page is [link]"),
    ("bit.ly/abc", "[link]"),
    ("http://amina/photo", "[link]"),
    ("a shop dot com for it", "a [link] for it"),
    ("[number] and 0712000001", "[number] and [number]"),
]
KEPT = [
    "viral load 1200000",
    "VL 1,200,000 copies",
    "VL1200000",
    "my viral load is 12500000",
    "CD4 250",
    "CD4 250 350 480",
    "CD4 was 250, then 480",
    "1 tablet 2x",
    "2 tabs 3 times a day for 10 days",
    "24 weeks 3 days",
    "2026-11-23",
    "2026-11-23T10:30:00",
    "23/11/2026",
    "23.11.2026 at 08:00",
    "23 11 2026",
    "20261123",
    "23/11/2026 or 24/11/2026",
    "23/11/2026-25/11/2026",
    "in 2018, 2020, 2022 and 2024",
    "08:00-17:00",
    "0800-1700",
    "BP 120/80 130/85 125/80",
    "weight 60 61 62 63",
    "36.5 37.2 38.1",
    "on 12, 13, 14, 15, 16",
    "temp 38.5",
    "200mg/245mg",
    "300/300/600 mg",
    "Ksh 15,000",
    "KES 12,500,000",
    "15000-20000 ksh",
    "room 1204",
    "file 2025",
    "call 1190",
    "my card 10am",
    "passport 2nd",
    "file 123",
    "file no 1",
    "patient 1234",
    "ksh-150000 paid",
    "httpamina",
    "one or two or three, for seven days",
    "one two three four",
    "one two three four five six",
    "one two three 4567",
    "one two three four 56789",
    "one two three four    five six seven",
    "and/or ok.Asante",
    "@ 8am",
    "",
]


@pytest.mark.parametrize(("text", "seen"), REDACTED)
def test_what_could_tell_who_wrote_is_taken_out(text: str, seen: str) -> None:
    assert redact(text).text == seen


@pytest.mark.parametrize("text", KEPT)
def test_what_a_clinician_needs_stays(text: str) -> None:
    assert redact(text).text == text


def test_what_was_taken_out_is_told_in_order() -> None:
    done = redact("Amina: ID 23456789, a@b.example, www.b.example, 0712000001", Names(["amina"]))
    assert done.text == "[name]: ID [id], [email], [link], [number]"
    assert done.kinds == (Kind.NAME, Kind.ID, Kind.EMAIL, Kind.LINK, Kind.NUMBER)
    assert "Amina" not in repr(done), "a log could show it"


def test_numbers_in_words_can_be_left_in() -> None:
    text = "zero seven one two three four five six seven eight"
    assert redact(text, spoken=False).text == text


# --- names that the clinic listed ------------------------------------------------------------------------------------

NAMED = [
    ("whole words only", "Grace and graceful", "[name] and graceful"),
    ("any case, no accents", "AISSATOU aïssatou Aissatou", "[name] [name] [name]"),
    ("accents apart", "Ai\u0308ssatou", "[name]"),
    ("possessive", "Grace's results", "[name]'s results"),
    ("the longest", "Grace Atieno came", "[name] came"),
    ("hyphen or space", "Jean Pierre, jean-pierre", "[name], [name]"),
    ("curly apostrophe", "N’Golo", "[name]"),
    ("not across a sentence", "Jean. , Pierre", "Jean. , Pierre"),
    ("not the words of a placeholder", "[number] [name] number", "[number] [name] [name]"),
    ("nobody else", "Faith came", "Faith came"),
]


@pytest.mark.parametrize(("label", "text", "seen"), NAMED, ids=[row[0] for row in NAMED])
def test_a_listed_name_is_found_by(label: str, text: str, seen: str) -> None:
    names = Names(["Grace", "Grace Atieno", "Aïssatou", "Jean-Pierre", "N'Golo", "number", "", "  "])
    assert redact(text, names).text == seen


def test_names_are_read_again_when_their_file_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    assert redact("Grace, Joy", listed(tmp_path)).text == "Grace, Joy"
    file.write_text("# ours\nGrace  # from the register\n", encoding="utf-8-sig")
    assert redact("Grace, Joy", listed(tmp_path)).text == "[name], Joy"
    assert listed(tmp_path) is listed(tmp_path)
    file.write_text("Joyce", encoding="utf-8")
    file.write_text("Joy\n", encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert redact("Grace, Joy", listed(tmp_path)).text == "Grace, [name]"


def test_a_file_of_names_that_cannot_be_read_stops_the_reading(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_bytes(b"\xff\xfeG")
    with pytest.raises(SettingError, match="UTF-8"):
        listed(tmp_path)


# --- what always holds -----------------------------------------------------------------------------------------------

CORPUS = [sample for language in LANGUAGES for sample in samples(language)]
PIECES = (
    st.sampled_from([sample.text for sample in CORPUS]) | st.text(max_size=12) | st.sampled_from("+0 712@./-[]()\n")
)


@given(st.lists(PIECES, max_size=6).map("".join))
def test_done_twice_changes_nothing(text: str) -> None:
    names = Names(["Amina Otieno", "number", "id", "João"])
    once = redact(text, names)
    again = redact(once.text, names)
    assert (again.text, again.spans) == (once.text, ())


@given(
    st.text("0123456789", min_size=9, max_size=15),
    st.lists(st.sampled_from([" ", "-", ".", "", "/", "  ", "–", "_"]), min_size=15, max_size=15),
    st.text(max_size=20),
)
def test_no_phone_number_survives_whatever_stands_between_its_digits(
    digits: str, marks: list[str], before: str
) -> None:
    """A leading "+" is put, so that no reading as a date is possible."""
    written = "+" + "".join(digit + mark for digit, mark in zip(f"254{digits}", [*marks, *marks], strict=False))
    left = redact(f"{before} {written}").text
    assert f"254{digits}" not in "".join(each for each in left if each.isdigit())


DIGITS = st.integers(10**7, 10**8 - 1).map(str)
SECRETS = st.one_of(
    DIGITS.map(lambda digits: f"+254 7{digits[:2]} {digits[2:5]} {digits[5:]}"),
    DIGITS.map(lambda digits: f"07{digits}"),
    DIGITS.map(lambda digits: f"person{digits}@mail.example"),
    DIGITS.map(lambda digits: f"person{digits} at gmail dot com"),
    DIGITS.map(lambda digits: f"ID no {digits}"),
    DIGITS.map(lambda digits: f"https://a.example/{digits}"),
)


@given(SECRETS, st.sampled_from(CORPUS), st.sampled_from(CORPUS), st.sampled_from([" ", ", ", "\n", ". "]))
def test_a_secret_between_any_two_texts_is_gone(secret: str, one: Sample, two: Sample, mark: str) -> None:
    left = redact(f"{one.text}{mark}{secret}{mark}{two.text}").text
    assert secret.removeprefix("ID no ") not in left


GROWING = ["a", "1 ", "a.", "1/", "a@", "+(", "1,", "x.com", "1-1-", "a.b/", "a at ", "id n° ", "no patient ", "cd4 1 "]
GROWING += ["12/3-", "2020 ", "a.de la file no ", "zero ", "one y ", "12/03/26 ", "id a-1", "amina ", "1aa1", "id 1 "]
LONGEST = 1600  # characters of a text


@pytest.mark.parametrize("piece", GROWING)
def test_a_text_four_times_as_long_takes_about_four_times_as_long(piece: str) -> None:
    """Sixteen times would be a pattern that goes back over what it has read. Work is counted in time of this thread
    alone, the least of several, so that nothing else on the machine counts.
    """
    names = Names(["Amina Amina Otieno"])

    def work(length: int) -> int:
        text = (piece * length)[:length]
        taken = []
        for _ in range(3):
            before = time.thread_time_ns()
            redact(text, names)
            taken.append(time.thread_time_ns() - before)
        return min(taken)

    assert work(4 * LONGEST) < 9 * work(LONGEST)


# --- how well, on texts as patients write them -----------------------------------------------------------------------


@pytest.mark.parametrize("half", Half)
@pytest.mark.parametrize("kind", Kind)
def test_of_identifiers_in_the_corpus_few_are_missed_and_little_else_is_taken(half: Half, kind: Kind) -> None:
    found = score(sample for sample in CORPUS if sample.half == half)["all", kind]
    assert found.there >= (7 if half is Half.FRESH else 15), "the figure means something"
    assert found.recall >= 0.95
    assert found.precision >= 0.98


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_corpus_of_a_language_is_large_and_has_texts_without_identifiers(language: str) -> None:
    texts = list(samples(language))
    assert len(texts) >= 150
    assert sum(not sample.secrets for sample in texts) >= len(texts) // 3
    assert len({sample.text for sample in texts}) == len(texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_no_language_a_number_an_address_or_an_id_is_missed_more_often(language: str) -> None:
    scores = score(samples(language))
    for kind in (Kind.NUMBER, Kind.EMAIL, Kind.ID):
        assert scores[language, kind].recall >= 0.95, kind
        assert scores[language, kind].precision >= 0.98, kind
