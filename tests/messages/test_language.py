"""What may stand between the braces of a message, and that nothing else is ever run."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach import parts
from outreach.channels.contract import Kind
from outreach.errors import DefinitionError
from outreach.messages import checks, language, pieces, templates
from outreach.messages.templates import MOST_TEXT, Body, Openness, RenderError, Template


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """So much of our own CPU at most; what the machine does besides, or other tests left to collect, is not counted."""
    gc.disable()
    began = time.thread_time()
    try:
        yield
    finally:
        took = time.thread_time() - began
        gc.enable()
    assert took < seconds


def read(source: str, *, tongue: str = "en", line: int = 1) -> language.Reading:
    return language.read(source, path="templates/tb/x.en.txt", line=line, language=tongue)


def body(text: str, tongue: str = "en") -> Body:
    return Body(Kind.SMS, tongue, Openness.OPEN, "", text, f"templates/tb/x.{tongue}.txt")


WRITTEN = [
    ("plain words", "Take care.", {}, "Take care."),
    ("a value", "Hi {{ name }}!", {"name": "Amina"}, "Hi Amina!"),
    ("a default for no value", "Hi {{ name|default('friend') }}", {}, "Hi friend"),
    ("a default for an empty cell", "Hi {{ name|default('friend') }}", {"name": ""}, "Hi friend"),
    ("a default that is not needed", "Hi {{ name|default('friend') }}", {"name": "Bo"}, "Hi Bo"),
    ("a filter before the default", "{{ name|upper|default('you') }}", {"name": "Bo"}, "BO"),
    ("if there is a value", "{% if name %}Hi {{ name }}{% else %}Hi{% endif %}", {"name": "Bo"}, "Hi Bo"),
    ("if there is none", "{% if name %}Hi {{ name }}{% else %}Hi{% endif %}", {}, "Hi"),
    ("elif", "{% if a == 1 %}one{% elif a == 2 %}two{% else %}more{% endif %}", {"a": 2}, "two"),
    ("less", "{% if weeks < 20 %}early{% else %}late{% endif %}", {"weeks": 12}, "early"),
    ("more", "{% if weeks > 20 %}late{% else %}early{% endif %}", {"weeks": 12}, "early"),
    ("nothing is not less", "{% if weeks < 20 %}early{% else %}unknown{% endif %}", {}, "unknown"),
    ("not equal", "{% if sex != 'f' %}a{% else %}b{% endif %}", {"sex": "f"}, "b"),
    ("and, or, not", "{% if a and not b or c %}yes{% else %}no{% endif %}", {"a": 1, "b": 1, "c": 0}, "no"),
    ("two names compared", "{% if a == b %}same{% else %}other{% endif %}", {"a": "x", "b": "x"}, "same"),
    ("a comment inside", "Hi{# said by all #} there", {}, "Hi there"),
    ("braces meant as such", "{% raw %}{{ x }}{% endraw %}", {}, "{{ x }}"),
    ("markup is left as it is", "{{ name }} & co", {"name": "<b>"}, "<b> & co"),
]


@pytest.mark.parametrize(("label", "source", "values", "text"), WRITTEN, ids=[row[0] for row in WRITTEN])
def test_a_message_is_written(label: str, source: str, values: dict[str, object], text: str) -> None:
    assert templates.compile(body(source)).render(values).text == text


REFUSED = [
    ("a loop", "Hi\n{% for i in x %}{{ i }}{% endfor %}", 2, 4, "loop"),
    ("a loop over range", "{% for i in range(9999999) %}x{% endfor %}", 1, 4, "loop"),
    ("an attribute", "Dr. X {{ x.__class__ }}", 1, 11, "attribute"),
    ("an item", "{{ x[0] }}", 1, 5, "item"),
    ("a call", "{{ x() }}", 1, 5, "call"),
    ("a method", "{{ 'a'.upper() }}", 1, 13, "call"),
    ("power", "{{ 10**9 }}", 1, 6, "Arithmetic"),
    ("200 MB in a few characters", "{{ 'a' * 10**9 }}", 1, 8, "Arithmetic"),
    ("a negative number", "{{ -x }}", 1, 4, "Arithmetic"),
    ("a string format", "{{ '%999999999d' % x }}", 1, 5, "Arithmetic"),
    ("arithmetic in a condition", "{% if a + 1 %}x{% endif %}", 1, 9, "Arithmetic"),
    ("arithmetic beside a comparison", "{% if a == b * 2 %}x{% endif %}", 1, 14, "Arithmetic"),
    ("a concatenation", "{{ a ~ b }}", 1, 6, "'~'"),
    ("a constant", "{{ 'words' }}", 1, 4, "constant"),
    ("a list", "{{ [a, b] }}", 1, 4, "'list'"),
    ("a test", "{% if x is defined %}a{% endif %}", 1, 9, "'is'"),
    ("in", "{% if x in 'abc' %}a{% endif %}", 1, 4, "comparison"),
    ("a chain of comparisons", "{% if 1 < x < 3 %}a{% endif %}", 1, 4, "comparison"),
    ("an inline if", "{{ a if b }}", 1, 6, "'if' inside"),
    ("set", "{% set a = 1 %}", 1, 4, "'set'"),
    ("set around words", "{% set a %}b{% endset %}", 1, 4, "'set'"),
    ("a macro", "{% macro m() %}a{% endmacro %}", 1, 4, "macro"),
    ("an include", "{% include 'x' %}", 1, 4, "include"),
    ("an import", "{% import 'x' as y %}", 1, 4, "import"),
    ("an import from", "{% from 'x' import y %}", 1, 13, "import"),
    ("extends", "{% extends 'x' %}", 1, 4, "extends"),
    ("a block", "{% block b %}a{% endblock %}", 1, 4, "block"),
    ("with", "{% with a = 1 %}b{% endwith %}", 1, 4, "with"),
    ("a filter block", "{% filter upper %}b{% endfilter %}", 1, 4, "filter around"),
    ("a call block", "{% call m() %}b{% endcall %}", 1, 4, "call"),
    ("a filter that pads", "{{ x|center(10**8) }}", 1, 5, "no filter 'center'"),
    ("a filter that formats", "{{ x|format(1) }}", 1, 5, "no filter 'format'"),
    ("a filter with arguments", "{{ x|upper(1) }}", 1, 5, "nothing in parentheses"),
    ("default without words", "{{ x|default }}", 1, 5, "one text in quotes"),
    ("default from a name", "{{ x|default(y) }}", 1, 5, "one text in quotes"),
    ("default that is not last", "{{ x|default('a')|upper }}", 1, 5, "not the last"),
    ("a filter on a call", "{{ x()|upper }}", 1, 5, "call"),
    ("the engine's own names", "{{ self }}", 1, 4, "'self'"),
    ("a hidden name", "{{ _x }}", 1, 4, "'_x'"),
    ("braces that do not close", "Hi\n{{ name", 2, 1, "cannot be read"),
    ("an if that does not end", "{% if a %}b", 1, 1, "cannot be read"),
    ("a tag there is not", "{% frob %}", 1, 1, "cannot be read"),
    (
        "a number of thousands of digits",
        "{% if x == " + "9" * 3900 + "9" * 500 + " %}a{% endif %}",
        0,
        0,
        "longer than",
    ),
    ("brackets upon brackets", "{{ " + "(" * 1900 + "x" + ")" * 1900 + " }}", 0, 0, "too deeply"),
    ("ifs within ifs", "{% if a %}" * 20 + "x" + "{% endif %}" * 20, 1, 4, "inside each other"),
    ("hundreds of ifs", "{% if a %}" * 180 + "x" + "{% endif %}" * 180, None, None, ""),
    ("a long condition", "{% if " + " or ".join(["a"] * 700) + " %}x{% endif %}", 1, 4, "too long"),
    ("hundreds of filters", "{{ x" + "|upper" * 600 + "|center }}", 1, None, "center"),
    ("nine conditions", "".join(f"{{% if a{n} %}}x{{% endif %}}" for n in range(9)), 0, 0, "9 conditions"),
]


@pytest.mark.parametrize(("label", "source", "line", "column", "says"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_not_listed_is_refused_where_it_stands_and_never_written(
    label: str, source: str, line: int | None, column: int | None, says: str
) -> None:
    with within(1):
        (fault, *_) = read(source).faults
    assert fault.line == line or line is None
    assert fault.column == column or column is None
    assert says in fault.problem
    assert fault.remedy
    with pytest.raises(DefinitionError):
        templates.compile(body(source))


def test_every_fault_is_told_not_only_the_first() -> None:
    faults = read("{{ a.b }} {{ c() }}\n{% if d + 1 %}{{ e|frob }}{% endif %}").faults
    assert [(fault.line, fault.column) for fault in faults] == [(1, 5), (1, 15), (2, 19), (2, 9)]


def test_lines_count_from_where_the_text_starts_in_its_file() -> None:
    (fault,) = read("Hi\n{{ a.b }}", line=5).faults
    assert fault.line == 6


def test_a_language_whose_months_are_unknown_has_no_date_filter() -> None:
    (fault,) = read("{{ day|date }}", tongue="lg").faults
    assert "'lg'" in fault.problem


FRAGMENTS = st.sampled_from(
    [
        *("Hello ", "{{ name }}", "{{ name|upper }}", "{{ name|default('friend') }}", "{{ n|number }}", "€ é ’ "),
        *(
            "{% if name %}",
            "{% if n > 3 %}",
            "{% if not name or n == 7 %}",
            "{% elif n %}",
            "{% else %}",
            "{% endif %}",
        ),
        *(
            "{{ 'a' * 10**9 }}",
            "{{ x.y }}",
            "{% for a in b %}",
            "{{ name|center(10**8) }}",
            "{#",
            "#}",
            "{{",
            "}}",
            "\n",
        ),
    ]
)
VALUES = st.fixed_dictionaries(
    {}, optional={"name": st.text("abcXYZ", max_size=20), "n": st.integers(0, 999_999) | st.none()}
)


@given(st.lists(FRAGMENTS, max_size=12).map("".join), VALUES)
@settings(max_examples=400, deadline=1000)
def test_whatever_passes_the_check_is_short_quick_and_within_its_parts(source: str, values: dict[str, object]) -> None:
    template = Template("tb/x", (body(source),))
    longest = {"name": "W" * 20, "n": 999_999}
    known = {"name", "n"}
    if checks.check(
        template, known=known, languages=["en"], fallback="en", sensitive=False, part_limit=2, longest=longest
    ):
        return
    compiled = templates.compile(template.bodies[0])
    assert pieces.names(compiled.pieces) <= known
    try:
        with within(0.1):
            text = compiled.render(values).text
    except RenderError:
        return
    assert 0 < len(text) <= MOST_TEXT
    assert parts.count(text).parts <= 2


@given(st.text(max_size=200) | st.text("{}%#'\"|()[].~+*- abif\n", max_size=80))
@settings(max_examples=400, deadline=1000)
def test_any_text_at_all_is_read_or_refused_but_never_breaks_the_reader(source: str) -> None:
    reading = read(source)
    if not reading.faults:
        assert list(pieces.variants(reading.pieces, dict.fromkeys(pieces.names(reading.pieces), "v")))
