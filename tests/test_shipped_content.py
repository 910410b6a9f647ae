"""What every shipped message and campaign keeps to, so that a correction in one language is not a fault in another.

Medicine itself is not tested here: a clinician reads the words, and each file names the sources to read them against.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from outreach.campaigns import definition
from outreach.campaigns.check import check
from outreach.campaigns.definition import Definition
from outreach.campaigns.timing import Fixed, days_of
from outreach.channels.contract import Kind
from outreach.messages import checks, library, stigma, templates
from outreach.messages.templates import Body, Openness, Template
from outreach.parts import Encoding, count
from outreach.settings import Settings
from outreach.threads.keywords import Verb, understand

ROOT = Path(__file__).resolve().parents[1]
SYSTEM = "outreach/"
READY = "answers/"  # for helpers, who change them before they send them
LANGUAGES = ("en", "fr", "sw")
SYSTEM_LANGUAGES = ("en", "es", "fr", "pt", "sw")
MOST_PARTS = 2

# Bodies that leave GSM-7. The price of the second part is paid because there is no other plain word.
COSTLY = {
    "templates/antenatal/danger-signs-head.fr.txt": "a headache is 'mal de tête'; a migraine is something else",
    "templates/antenatal/danger-signs-head.fr.covert.txt": "a headache is 'mal de tête'; a migraine is something else",
}
SHORT = {day: date(2028, 5, 1) for day in ("due_date", "refill_date", "visit_date")} | {
    "clinic": "A",
    "by": "today by 09:00",
    "within_hours": 1,
    "help_line": "",
    "code": "0000",
    "until": date(2028, 5, 1),
    "topics": None,
    "name": None,
    "day": "2028-05-01",
    "wording": None,
    "start": None,
    "end": None,
}
LONG = {day: date(2028, 9, 28) for day in ("due_date", "refill_date", "visit_date")} | {
    "clinic": "Sunrise Health Centre",
    "by": "no dia 1 de fevereiro antes das 09:00",
    "within_hours": 72,
    "help_line": "+254 722 178 177 234",  # as long as the setting lets it be
    "code": "9999",
    "until": date(2028, 9, 28),
    "topics": "reminders (2026-11-25, form-7), reminders (2026-11-25)",  # more is cut (`threads.wishes`)
    "name": "mental-health",
    "day": "2028-09-28",
    "wording": "form-7 2026-03",
    "start": "08:00",
    "end": "12:00",
}
ROUTE = {
    "en": r"\breply here\b|\bwrite to us\b",
    "fr": r"\brépondez ici\b",
    "sw": r"\bjibu hapa\b",
}
# Beyond the lists of stigma: with these words a covert text gives away what it is about.
TELLTALE = {
    "en": r"\b(baby|babies|birth|breast\w*|womb|midwi\w*|virus|partner|sex|treatment)\b",
    "fr": r"\b(bébés?|naissance|accouch\w*|allait\w*|sein|sage-femme|virus|traitement|sexuel\w*)\b",
    "sw": r"\b(mtoto mchanga|kujifungua|kunyonyesha|mkunga|ngono|matibabu|uchungu)\b",
}
# Never said in a text: what leads people to change doses, and joy over a birth that may not have been one.
NEVER = r"\b(\d+ ?(mg|ml|tablets|pills|comprimés|vidonge)|congratulations|félicitations|hongera)\b"

LIBRARY = library.load(ROOT / "templates")
TEMPLATES = sorted(LIBRARY.templates.values(), key=lambda template: template.name)
CONTENT = [template for template in TEMPLATES if not template.name.startswith((SYSTEM, READY))]
FOR_HELPERS = [template for template in TEMPLATES if template.name.startswith(READY)]
ANSWERS = [template for template in TEMPLATES if template.name.startswith(SYSTEM)]
CAMPAIGNS = {path.stem: definition.load(path) for path in sorted((ROOT / "campaigns").glob("*.yaml"))}

each_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
each_content = pytest.mark.parametrize("template", CONTENT, ids=lambda template: template.name)
each_answer = pytest.mark.parametrize("template", ANSWERS, ids=lambda template: template.name)
each_campaign = pytest.mark.parametrize("campaign", CAMPAIGNS.values(), ids=CAMPAIGNS)


def texts(template: Template, *manners: Openness) -> Iterator[tuple[Body, str]]:
    """Every SMS body of these manners (none named: all), with its shortest and its longest text."""
    for body in template.bodies:
        if body.kind is Kind.SMS and body.openness in (manners or tuple(Openness)):
            for values in (SHORT, LONG):
                yield body, templates.compile(body).render(values).text


def test_every_file_can_be_read_as_a_template() -> None:
    assert [str(fault) for fault in LIBRARY.faults] == []
    assert {template.name.partition("/")[0] for template in TEMPLATES} == {
        "answers",
        "antenatal",
        "hiv",
        "mood",
        "outreach",
        "tb",
    }


@each_content
def test_content_is_there_open_covert_and_as_push_in_every_language(template: Template) -> None:
    found = {(body.language, body.kind, body.openness) for body in template.bodies}
    ways = [(Kind.SMS, Openness.OPEN), (Kind.SMS, Openness.COVERT), (Kind.PUSH, Openness.COVERT)]
    assert found == {(language, *way) for language in LANGUAGES for way in ways}


@pytest.mark.parametrize("template", FOR_HELPERS, ids=lambda template: template.name)
def test_answers_for_helpers_are_there_in_every_language_and_fill_in_the_clinic_at_most(template: Template) -> None:
    assert sorted(body.language for body in template.bodies) == sorted(SYSTEM_LANGUAGES)
    assert {name for body in template.bodies for name in templates.names(body)} <= {"clinic"}
    assert {count(text).parts for _, text in texts(template)} == {1}


@each_answer
def test_answers_of_the_system_are_there_in_every_language_and_each_wording(template: Template) -> None:
    wordings = {body.openness for body in template.bodies}
    found = sorted((body.openness, body.language) for body in template.bodies)
    assert found == sorted((wording, language) for wording in wordings for language in SYSTEM_LANGUAGES)


def test_the_system_can_answer_whatever_it_must() -> None:
    names = {template.name.removeprefix(SYSTEM) for template in ANSWERS}
    assert names == {
        *("answer", "call", "forget", "forget-again", "forgotten", "help", "info", "invitation", "joined", "lang"),
        *("lang-menu", "loss", "pause", "start", "stop", "time", "time-menu", "topic", "urgent"),
        *("alert", "late", "needed", "sorry"),
        *("bland", "knock", "noted", "nothing", "question", "stop-topic", "unfit", "wave", "who", "word"),
    }


@each_template
def test_no_text_is_longer_than_two_parts(template: Template) -> None:
    assert [body.path for body, text in texts(template) if count(text).parts > MOST_PARTS] == []


@each_template
def test_texts_stay_in_gsm_7_but_for_the_listed_ones(template: Template) -> None:
    costly = {body.path for body, text in texts(template) if count(text).encoding is not Encoding.GSM_7}
    assert costly == {path for path in COSTLY if path.startswith(f"templates/{template.name}.")}


def test_most_texts_are_one_part() -> None:
    parts = [count(text).parts for template in CONTENT for _, text in texts(template)]
    assert parts.count(1) / len(parts) > 0.9


@each_template
def test_nothing_betrays_on_a_lock_screen_or_in_a_covert_text(template: Template) -> None:
    for body, text in texts(template):
        found = stigma.find(text, body.language)
        bland = body.openness is Openness.COVERT or template.name.startswith(SYSTEM)
        told = [word for place, word in found if bland or place < checks.LOCK_SCREEN]
        assert told == [], body.path


@each_content
def test_a_covert_text_does_not_tell_the_topic_by_other_words(template: Template) -> None:
    for body, text in texts(template, Openness.COVERT):
        assert re.search(TELLTALE[body.language], text, re.IGNORECASE) is None, body.path


@each_content
def test_an_open_text_says_more_than_the_covert_one(template: Template) -> None:
    covert = {(body.language, text) for body, text in texts(template, Openness.COVERT)}
    assert not covert & {(body.language, text) for body, text in texts(template, Openness.OPEN)}


@each_content
def test_every_text_shows_a_way_to_a_person(template: Template) -> None:
    for body, text in texts(template):
        assert re.search(ROUTE[body.language], text, re.IGNORECASE), body.path


@each_template
def test_no_text_names_a_dose_or_congratulates(template: Template) -> None:
    for body, text in texts(template):
        assert re.search(NEVER, text, re.IGNORECASE) is None, body.path


def test_a_push_says_only_that_there_is_a_message() -> None:
    said = {
        (body.language, body.title, body.text) for each in CONTENT for body in each.bodies if body.kind is Kind.PUSH
    }
    assert len(said) == len(LANGUAGES), "a push that differs tells what it is about"
    for language, title, text in said:
        assert len(title) <= checks.MOST_TITLE
        assert "{" not in title + text
        assert stigma.find(f"{title} {text}", language) == []


@each_content
def test_every_content_file_names_its_sources(template: Template) -> None:
    for body in template.bodies:
        head = (ROOT / body.path).read_text(encoding="utf-8")
        sources = re.findall(r"^\{# source: (.+) #\}$", head, re.MULTILINE)
        assert bool(sources) is (body.kind is Kind.SMS), body.path
        assert all(re.search(r"\d{4}|CDC|MedlinePlus|PMC\d+", source) for source in sources), body.path


@each_content
def test_all_bodies_of_a_message_name_the_same_sources(template: Template) -> None:
    files = [(ROOT / body.path).read_text(encoding="utf-8") for body in template.bodies if body.kind is Kind.SMS]
    assert len({tuple(re.findall(r"\{# source: .+ #\}", text)) for text in files}) == 1


ASKED = [
    ("en", "YES", Verb.YES),
    ("fr", "OUI", Verb.YES),
    ("sw", "NDIYO", Verb.YES),
    ("es", "ACEPTO", Verb.YES),
    ("pt", "SIM", Verb.YES),
    *((language, "STOP", Verb.STOP) for language in SYSTEM_LANGUAGES),
    *((language, "START", Verb.START) for language in SYSTEM_LANGUAGES),
    ("en", "HELP", Verb.HELP),
    ("fr", "AIDE", Verb.HELP),
    ("sw", "MSAADA", Verb.HELP),
    ("es", "AYUDA", Verb.HELP),
    ("pt", "AJUDA", Verb.HELP),
]
NOT_ASKED = [("en", "FINE"), ("fr", "BIEN"), ("sw", "SAWA")]  # what the monthly "how are you?" hopes for


@pytest.mark.parametrize(("language", "word", "verb"), ASKED)
def test_every_word_that_a_text_offers_is_understood(language: str, word: str, verb: Verb) -> None:
    offered = " ".join(text for each in ANSWERS for body, text in texts(each) if body.language == language)
    assert re.search(rf"\b{word}\b", offered)
    assert understand(word, language).verb is verb


@pytest.mark.parametrize(("language", "word"), NOT_ASKED)
def test_an_answer_that_all_is_well_changes_no_consent(language: str, word: str) -> None:
    offered = [text for body, text in texts(LIBRARY.get("hiv/check-in")) if body.language == language]
    assert all(re.search(rf"\b{word}\b", text) for text in offered)
    assert understand(word, language).verb is None
    assert not understand(word, language).hold


@each_template
def test_only_the_word_stop_takes_consent_back(template: Template) -> None:
    for body, text in texts(template):
        offered = set(re.findall(r"\b[A-Z]{3,}\b", text))
        assert {word for word in offered if understand(word, body.language).verb is Verb.STOP} <= {"STOP"}, body.path


def test_the_campaigns_pass_the_check_that_staff_run() -> None:
    topics = sorted({campaign.topic for campaign in CAMPAIGNS.values()})
    strict = Settings(part_limit=MOST_PARTS, sensitive_topics=topics)
    assert [str(fault) for fault in check([], ROOT, strict)] == []


def test_every_template_has_a_campaign_that_sends_it() -> None:
    used = {step.template for campaign in CAMPAIGNS.values() for step in campaign.steps}
    assert used == {template.name for template in CONTENT}


@each_campaign
def test_a_sample_campaign_is_valid_in_any_year(campaign: Definition) -> None:
    assert [step.id for step in campaign.steps if isinstance(step.timing, Fixed) or step.from_] == []


@each_campaign
def test_a_sample_campaign_writes_between_eight_and_eight(campaign: Definition) -> None:
    assert campaign.hours.from_ >= 8 * 60
    assert campaign.hours.to <= 20 * 60
    for step in campaign.steps:
        at = step.timing.at if not isinstance(step.timing, Fixed) else step.timing.wall.time()
        assert campaign.hours.from_ <= at.hour * 60 + at.minute < campaign.hours.to, step.id


@each_campaign
def test_a_sample_campaign_says_who_must_read_it_first(campaign: Definition) -> None:
    head = (ROOT / "campaigns" / f"{campaign.name}.yaml").read_text(encoding="utf-8").partition("\ntitle:")[0]
    assert head.startswith("# yaml-language-server: $schema=campaign.schema.json\n")
    assert "# Sources:" in head
    assert "# Before use:" in head


REPEATED = {"welcome", "check-in", "side-effects", "dark-days"}  # one text every time, on purpose
LAUNCHES = [date(2026, 12, 1) + timedelta(days=day) for day in range(0, 6 * 366, 41)]  # a leap year, a year of 53 weeks


def tips(name: str, launch: date) -> list[tuple[date, str]]:
    """The messages of a campaign that take turns, in order."""
    steps = [step for step in CAMPAIGNS[name].steps if step.every and step.template.partition("/")[2] not in REPEATED]
    return sorted((day, step.template) for step in steps for day in days_of(str(step.every), launch))


@pytest.mark.parametrize("launch", LAUNCHES, ids=date.isoformat)
def test_thirteen_tips_fill_26_mondays_whenever_the_campaign_starts(launch: date) -> None:
    found = tips("tb-adherence", launch)
    days = [day for day, _ in found]
    assert len(set(days)) == len(days) == 26
    assert len({template for _, template in found[:13]}) == 13
    assert all(day.weekday() == 0 for day in days)
    weeks_between = [(later - earlier).days // 7 for earlier, later in pairwise(days)]
    assert weeks_between.count(1) >= 24
    assert max(weeks_between) <= 2  # the week 53 that some years have
    assert days[0] - launch < timedelta(days=14)


@pytest.mark.parametrize("name", ["hiv-support", "mood"])
@pytest.mark.parametrize("launch", LAUNCHES, ids=date.isoformat)
def test_no_tip_comes_twice_in_a_row_or_two_on_a_day(name: str, launch: date) -> None:
    found = tips(name, launch)
    half = len(found) // 2
    assert len({day for day, _ in found}) == len(found)
    assert len({template for _, template in found[:half]}) == half


@each_campaign
def test_no_two_messages_of_a_campaign_read_alike(campaign: Definition) -> None:
    used = {step.template for step in campaign.steps}
    said = [(body.language, body.text) for name in used for body in LIBRARY.get(name).bodies if body.kind is Kind.SMS]
    assert len(set(said)) == len(said)


CONTACT_WEEKS = (
    12,
    20,
    26,
    30,
    34,
    36,
    38,
    40,
)  # WHO recommendations on antenatal care (2016), table of the eight contacts


@pytest.mark.parametrize("week", CONTACT_WEEKS)
def test_each_antenatal_contact_is_announced_before_its_week(week: int) -> None:
    step = next(step for step in CAMPAIGNS["antenatal"].steps if step.id == f"contact-{week}")
    assert step.before
    assert step.before.field == "due_date"
    assert 1 <= step.before.days - (40 - week) * 7 <= 6


def test_after_the_due_date_no_message_speaks_of_a_baby() -> None:
    after = [step.template for step in CAMPAIGNS["antenatal"].steps if step.after]
    baby = r"\b(baby|child|newborn|birth|feeding|bébé|enfant|naissance|allait\w*|mtoto|kunyonyesha|kujifungua)\b"
    assert len(after) == 3
    for name in after:
        for body, text in texts(LIBRARY.get(name)):
            assert re.search(baby, text, re.IGNORECASE) is None, body.path
    assert all("STOP" in text for _, text in texts(LIBRARY.get("antenatal/after-first-days")))
