"""Every fault of the files of hours and of words: where it stands, what it is, and how it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreach.errors import DefinitionError, Fault
from outreach.settings import Settings
from outreach.threads import duty, words

LIST = 'Write spans like ["08:00-12:30", "13:30-17:00"]; one may pass midnight.'
LINES = 'Write lines like `- {staff: wanjiru, days: mon-fri, hours: ["08:00-17:00"]}`.'
DAYS = "Write days like mon-fri, sat, or daily."
PAIRS = ("Names with values are missing here.", "Write `name: value`.")
UTF8 = ("It cannot be read.", "Save it as a text file in UTF-8.")
OPEN = 'open: {mon: ["08:00-09:00"]}\n'
ON = 'staff: a, days: mon, hours: ["08:00-09:00"]'
Row = tuple[int, int, str, str]

HOURS: list[tuple[str, list[Row]]] = [
    ("open: [", [(1, 8, "It is not YAML: expected the node content, but found '<stream end>'.", "Mend the line.")]),
    ("zone: Africa/Nairobi\n", [(0, 0, "There is no hour at which the clinic is open.",
                                 'Write `open:` and under it `mon-fri: ["08:00-17:00"]`.')]),
    (f"{OPEN}closed: x\n", [(2, 1, "'closed' is not known here.", "Known: open, holidays, zone.")]),
    ('open:\n  mon-fry: ["08:00-17:00"]\n', [(2, 3, "'mon-fry' is no day.", DAYS)]),
    ('open:\n  mon: ["08:00-25:00", "8-9"]\n', [(2, 9, "'08:00-25:00' is no stretch of a day.", LIST),
                                                (2, 24, "'8-9' is no stretch of a day.", LIST)]),
    ('open:\n  mon: ["08:60-17:00"]\n', [(2, 9, "'08:60-17:00' is no stretch of a day.", LIST)]),
    ('open:\n  mon: ["24:00-01:00"]\n', [(2, 9, "'24:00-01:00' is no stretch of a day.", LIST)]),
    ('open:\n  mon: ["08:00-08:00"]\n', [(2, 9, "'08:00-08:00' is no stretch of a day.", LIST)]),
    ("open:\n  mon: 08:00-17:00\n", [(2, 8, "A list is missing here.", LIST)]),
    ("open:\n  mon: [[1]]\n", [(2, 8, "A list is missing here.", LIST)]),
    (f'{OPEN}holidays: ["2026-02-30"]\n', [(2, 12, "'2026-02-30' is no day of the calendar.",
                                            'Write holidays like ["2026-12-25"], or "12-25" for each year.')]),
    (f"{OPEN}holidays: x\n", [(2, 11, "A list is missing here.",
                               'Write holidays like ["2026-12-25"], or "12-25" for each year.')]),
    (f"{OPEN}zone: Mars\n", [(2, 7, "'Mars' is not an IANA time zone.", "Write it like Africa/Nairobi.")]),
    (f"{OPEN}open: {{}}\n", [(2, 1, "'open' stands here twice.", "Merge the two."),
                             ]),
    ("- open\n", [(1, 1, *PAIRS)]),
    ("open:\n  - mon\n", [(2, 3, *PAIRS)]),
    ("\x00", [(0, 0, *UTF8)]),
]  # fmt: skip

DUTY: list[tuple[str, list[Row]]] = [
    ("duty: []\n", [(1, 7, "Nobody is on duty.", LINES)]),
    ('holidays: ["12-25"]\n', [(0, 0, "Nobody is on duty.", LINES)]),
    ('duty:\n  - {days: mon, hours: ["08:00-09:00"]}\n', [(2, 5, "`staff` is missing.", LINES)]),
    ('duty:\n  - {staff: a, hours: ["08:00-09:00"]}\n', [(2, 5, "`days` is missing.", LINES)]),
    ("duty:\n  - {staff: a, days: mon}\n", [(2, 5, "`hours` is missing.", LINES)]),
    ("duty:\n  - wanjiru\n", [(2, 5, *PAIRS)]),
    (f"duty:\n  - {{{ON}, holidays: x}}\n", [(2, 61, "`holidays` is true or false here.",
                                              "Write `holidays: true` to be on duty on holidays.")]),
    (f'duty:\n  - {{{ON.replace("a,", "[a],", 1)}}}\n', [(2, 13, "A staff name is missing here.",
                                                          "Names: outreach staff list")]),
    ('duty:\n  - {staff: " ", days: mon, hours: ["08:00-09:00"]}\n', [(2, 13, "A staff name is missing here.",
                                                                      "Names: outreach staff list")]),
    (f"duty:\n  - {{{ON}, zone: Mars}}\n", [(2, 57, "'Mars' is not an IANA time zone.",
                                             "Write it like Africa/Nairobi.")]),
    (f"duty:\n  - {{{ON}, phone: 1}}\nx: y\n", [(3, 1, "'x' is not known here.", "Known: duty, holidays, zone."),
     (2, 51, "'phone' is not known here.", "Known: staff, days, hours, zone, holidays.")]),
    ("duty:\n  - {staff: a, days: [mon, moon], hours: 8}\n", [(2, 28, "'moon' is no day.", DAYS),
                                                              (2, 42, "A list is missing here.", LIST)]),
]  # fmt: skip

NO_STOP = (0, 0, "There are no words for 'stop'.", "Add `stop:` with a row `whole:`.")
NO_REVIEW = (0, 0, "Nobody is named as reviewer.", "Add `review:`: who has read the file, or that nobody has.")

WORDS: list[tuple[str, list[Row]]] = [
    ("review: [", [(1, 0, "It is not YAML: expected the node content, but found '<stream end>'.", "Mend the line."),
                   (0, 0, *PAIRS), NO_REVIEW, NO_STOP]),
    ("\x00", [(0, 0, *UTF8), (0, 0, *PAIRS), NO_REVIEW, NO_STOP]),
    ("review: x\npause: {whole: [wait]}", [(2, 8, "'pause' is not known here.", "Known: review, sets, around, stop."),
                                           NO_STOP]),
    ("review: x\nstop:\n  whole: [stop]\n  never: [stop]",
     [(4, 10, "'never' is not a row.", "Rows are whole, within, unless, doubt, hold, hold_within.")]),
    ("review: x\nstop:\n  whole:\n    - stop {it}",
     [(4, 7, "The pattern 'stop {it}': the set {it} is not defined above.", "Mend the pattern.")]),
    ("review: x\nstop:\n  whole:\n    - stop (it",
     [(4, 7, "The pattern 'stop (it': a bracket has no partner.", "Mend the pattern.")]),
    ("review: x\nstop:\n  whole:\n    - stop it}",
     [(4, 7, "The pattern 'stop it}': '}' is not closed or does not belong here.", "Mend the pattern.")]),
    ("review: x\nstop:\n  whole: ['!']",
     [(3, 11, "The pattern '!': it may be empty when punctuation is taken away.", "Mend the pattern.")]),
    ("review: x\nstop:\n  whole: ['... stop']",
     [(3, 11, "The pattern '... stop': it may not begin or end with ...", "Mend the pattern.")]),
    ("review: x\nstop:\n  whole: stop",
     [(3, 10, "A list is missing here.", "Write `[one, two]`, or lines that begin with `- `.")]),
    ("review: x\nstop: {whole: ['', [a]]}", [(2, 16, "A word or phrase is missing here.", "Write it in quotes."),
                                             (2, 20, "A word or phrase is missing here.", "Write it in quotes.")]),
    ("review: x\nstop: [a]", [(2, 7, *PAIRS)]),
    ("review: x\nvalues: {number: [a]}\nstop: {whole: [a]}", [(2, 18, *PAIRS)]),
    ("review: x\nstop: {whole: [a]}\nstop: {whole: [b]}", [(3, 1, "'stop' stands here twice.", "Merge the two.")]),
    ("stop: {whole: [stop]}", [NO_REVIEW]),
    ("review: x", [NO_STOP]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "told"), [
    *[(duty.HOURS, *row) for row in HOURS],
    *[(duty.DUTY, *row) for row in DUTY],
])  # fmt: skip
def test_a_fault_of_the_hours_is_told_where_it_stands(name: str, text: str, told: list[Row], tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = duty.read(Settings(_env_file=None).model_copy(update={"workspace": tmp_path, "zone": "Africa/Nairobi"}))
    assert found.faults == tuple(Fault(name, *each) for each in told)


@pytest.mark.parametrize(("text", "told"), WORDS)
def test_a_fault_of_the_words_is_told_where_it_stands(text: str, told: list[Row], tmp_path: Path) -> None:
    (tmp_path / "xx.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError) as refused:
        words.load(["stop"], tmp_path)
    assert list(refused.value.faults) == [Fault("xx.yaml", *each) for each in told]


def test_a_folder_without_words_is_told(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as refused:
        words.load(["stop"], tmp_path)
    assert list(refused.value.faults) == [Fault(tmp_path.name, 0, 0, "There are no words.", "Reinstall the package.")]
