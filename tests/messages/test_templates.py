"""Choosing a body, writing it, and keeping a template as it was when a run was launched."""

import json
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace

import pytest

from outreach.channels.contract import Kind
from outreach.messages import templates
from outreach.messages.templates import Body, Openness, RenderError, Template


def body(language: str, openness: Openness = Openness.OPEN, kind: Kind = Kind.SMS, text: str = "") -> Body:
    says = text or f"{kind} {language} {openness}"
    return Body(kind, language, openness, "News" if kind is Kind.PUSH else "", says, f"templates/tb/x.{language}.txt")


TEMPLATE = Template(
    "tb/x",
    (
        body("en"),
        body("en", Openness.COVERT),
        body("fr"),
        body("sw", Openness.COVERT),
        body("en", Openness.COVERT, Kind.PUSH),
        body("pt-br"),
    ),
)

CHOSEN = [
    ("her language", Kind.SMS, "fr", Openness.OPEN, "sms fr open"),
    ("her language without its region", Kind.SMS, "fr-CA", Openness.OPEN, "sms fr open"),
    ("her region", Kind.SMS, "pt-BR", Openness.OPEN, "sms pt-br open"),
    ("a language there is not", Kind.SMS, "lg", Openness.OPEN, "sms en open"),
    ("covert", Kind.SMS, "en", Openness.COVERT, "sms en covert"),
    ("covert in the fallback", Kind.SMS, "lg", Openness.COVERT, "sms en covert"),
    ("covert where only open words are", Kind.SMS, "fr", Openness.COVERT, "sms fr open"),
    ("open where only covert words are", Kind.SMS, "sw", Openness.OPEN, "sms sw covert"),
    ("a push is covert for everybody", Kind.PUSH, "en", Openness.OPEN, "push en covert"),
    ("a push in the fallback", Kind.PUSH, "fr", Openness.COVERT, "push en covert"),
]


@pytest.mark.parametrize(("label", "kind", "language", "openness", "text"), CHOSEN, ids=[row[0] for row in CHOSEN])
def test_the_body_for_a_person(label: str, kind: Kind, language: str, openness: Openness, text: str) -> None:
    found = TEMPLATE.choose(kind, language, "en", openness)
    assert found is not None
    assert found.text == text


def test_without_her_language_and_the_fallback_there_is_no_body() -> None:
    assert TEMPLATE.choose(Kind.PUSH, "fr", "sw", Openness.COVERT) is None


UNWRITTEN: list[tuple[str, str, Mapping[str, object], str]] = [
    ("no value", "Hi {{ name }}", {}, "'name'"),
    ("no value because it is none", "Hi {{ name }}", {"name": None}, "'name'"),
    ("an empty cell", "Hi {{ name }}", {"name": ""}, "'name'"),
    ("not a day", "On {{ visit|date }}", {"visit": "secret"}, "'date' cannot use the value of 'visit'"),
    ("not a number", "{{ n|number }}", {"n": "secret"}, "'number' cannot use the value of 'n'"),
    ("not comparable", "{% if n > 3 %}a{% endif %}", {"n": "secret"}, "'>' cannot compare the value of 'n'"),
    ("nothing to say", "{% if name %}a{% endif %}", {}, "empty"),
    ("more than a message holds", "{{ name }}", {"name": "secret" * 300}, "longer than 1600"),
]


@pytest.mark.parametrize(("label", "text", "values", "says"), UNWRITTEN, ids=[row[0] for row in UNWRITTEN])
def test_what_cannot_be_written_names_file_and_variable_but_no_value(
    label: str, text: str, values: dict[str, object], says: str
) -> None:
    with pytest.raises(RenderError) as raised:
        templates.compile(body("en", text=text)).render(values)
    assert "templates/tb/x.en.txt" in str(raised.value)
    assert says in str(raised.value)
    assert "secret" not in "".join(traceback.format_exception(raised.value))


def test_a_written_message_hides_itself_in_logs() -> None:
    assert "Amina" not in repr(templates.compile(body("en", text="Hi {{ name }}")).render({"name": "Amina"}))


def test_a_push_keeps_its_title() -> None:
    assert templates.compile(TEMPLATE.bodies[4]).render({}) == templates.Rendered("News", "push en covert")


def test_letters_typed_in_two_become_one_so_that_a_name_does_not_double_the_price() -> None:
    assert templates.compile(body("fr", text="{{ name }}")).render({"name": "Ze\u0301"}).text == "Z\u00e9"


def test_names_are_those_in_words_and_in_conditions() -> None:
    text = "{{ a|upper }}{% if b %}{{ c|default('x') }}{% elif d == e %}y{% endif %}"
    assert templates.names(body("en", text=text)) == {"a", "b", "c", "d", "e"}


def test_a_template_comes_back_from_json_as_it_was() -> None:
    assert Template.thaw(json.loads(json.dumps(TEMPLATE.freeze()))) == TEMPLATE


def test_the_digest_is_of_the_words_not_of_the_place_or_the_order() -> None:
    moved = Template("tb/x", tuple(replace(each, path="elsewhere", line=9) for each in reversed(TEMPLATE.bodies)))
    assert moved.digest == TEMPLATE.digest


@pytest.mark.parametrize("change", [{"text": "other"}, {"language": "lg"}, {"title": "t"}, {"kind": Kind.PUSH}])
def test_any_change_that_people_could_see_changes_the_digest(change: dict[str, object]) -> None:
    (first, *rest) = TEMPLATE.bodies
    changed = Template("tb/x", (replace(first, **change), *rest))  # type: ignore[arg-type]
    assert changed.digest != TEMPLATE.digest


def test_a_message_is_written_in_a_fiftieth_of_a_millisecond() -> None:
    text = (
        "Hi {{ name|default('friend') }}, {% if n > 3 %}come on {{ day|date }}{% else %}come{% endif %} {{ clinic }}."
    )
    compiled = templates.compile(body("en", text=text))
    values = {"name": "Amina", "n": 4, "day": "2026-03-03", "clinic": "Sunrise"}
    began = time.process_time()
    for _ in range(5_000):
        compiled.render(values)
    assert (time.process_time() - began) / 5_000 < 0.000_02
