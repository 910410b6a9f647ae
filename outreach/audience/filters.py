"""The filter of an audience, as staff write it, and as a condition on people.

A filter says who of those who agreed to the topic; consent is asked elsewhere, always. Texts are compared exactly, case
included. A comparison with a field that a person does not have is false, so `not` of it is true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from sqlalchemy import ColumnElement, and_, not_, or_, select, true

from outreach.audience.tables import Person, PersonField, PersonTag
from outreach.errors import worded

FIELD_NAME = r"^[a-z][a-z0-9_]{0,63}$"

_COMPARISONS = ("in", "is", "before", "after", "above", "below", "present")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: object) -> date:
    """A day written 2026-12-01; already a date when it comes from our own code."""
    if isinstance(value, date):
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass  # right in form, but no such day: 2026-02-30
    raise PydanticCustomError(
        "day",
        "{problem}",
        {
            "problem": worded("%(value)s is not a day.", value=repr(value)),
            "remedy": worded("Write it like 2026-12-01."),
        },
    )


Day = Annotated[
    date,
    PlainValidator(_day),
    PlainSerializer(date.isoformat),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$", "examples": ["2026-12-01"]}),
]
FieldName = Annotated[
    StrictStr, Field(pattern=FIELD_NAME, description="A custom field of people.", examples=["district"])
]
Value = StrictStr | StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]


class _Written(BaseModel):
    """A part of a filter. Unknown keys are faults; never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True, allow_inf_nan=False)


class AllOf(_Written):
    """Everybody for whom every filter of the list holds; an empty list is everybody who agreed to the topic."""

    all_: tuple[Filter, ...] = Field(alias="all", max_length=50)


class AnyOf(_Written):
    """Everybody for whom at least one filter of the list holds."""

    any_: tuple[Filter, ...] = Field(alias="any", min_length=1, max_length=50)


class Not(_Written):
    """Everybody for whom the filter does not hold."""

    not_: Filter = Field(alias="not")


class Tagged(_Written):
    """Everybody who has the tag."""

    tag: Annotated[StrictStr, Field(min_length=1, max_length=64, examples=["on-treatment"])]


class Language(_Written):
    """Everybody who reads one of these languages."""

    language: Annotated[
        tuple[Annotated[StrictStr, Field(pattern=r"^[a-z]{2,3}$")], ...], Field(min_length=1, examples=[["en", "sw"]])
    ]


class Zone(_Written):
    """Everybody who is known to live in one of these time zones; a zone guessed from the number does not count."""

    zone: Annotated[tuple[StrictStr, ...], Field(min_length=1, examples=[["Africa/Nairobi"]])]


class Country(_Written):
    """Everybody whose number is of one of these countries (ISO 3166)."""

    country: Annotated[
        tuple[Annotated[StrictStr, Field(pattern=r"^[A-Z]{2}$")], ...], Field(min_length=1, examples=[["KE", "UG"]])
    ]


class Compared(_Written):
    """Everybody whose field stands every comparison that is given. A text in quotes never equals a number."""

    field: FieldName
    in_: Annotated[tuple[Value, ...] | None, Field(min_length=1, max_length=1000)] = Field(
        None, alias="in", description="One of these values.", examples=[["kisumu", "siaya"]]
    )
    is_: Value | None = Field(None, alias="is", description="Exactly this value.", examples=["kisumu"])
    before: Day | None = Field(None, description="A date field: earlier than this day.")
    after: Day | None = Field(None, description="A date field: later than this day.")
    above: StrictInt | StrictFloat | None = Field(None, description="A number field: more than this.", examples=[17])
    below: StrictInt | StrictFloat | None = Field(None, description="A number field: less than this.", examples=[65])
    present: bool | None = Field(None, strict=True, description="Whether the person has the field at all.")

    @model_validator(mode="after")
    def _compares(self) -> Compared:
        given = self.model_dump(exclude={"field"}, exclude_none=True)
        if not given or ("present" in given and len(given) > 1):
            problem = (
                worded("Field `%(field)s` is compared both with `present` and otherwise.", field=self.field)
                if given
                else worded("Field `%(field)s` is compared with nothing.", field=self.field)
            )
            raise PydanticCustomError(
                "comparison",
                "{problem}",
                {
                    "problem": problem,
                    "remedy": worded("Use one of: %(what)s.", what=", ".join(_COMPARISONS)),
                },
            )
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core))
        compared = [key for key in _COMPARISONS if key != "present"]
        schema["oneOf"] = [
            {"required": ["present"], "properties": dict.fromkeys(compared, False)},
            {"anyOf": [{"required": [key]} for key in compared], "properties": {"present": False}},
        ]
        return schema


# Tags stand in angle brackets so that they can never be taken for a key when a fault's place is looked up.
_FORMS: dict[str, str] = {
    "all": "<all>",
    "any": "<any>",
    "not": "<not>",
    "tag": "<tag>",
    "field": "<field>",
    "language": "<language>",
    "zone": "<zone>",
    "country": "<country>",
}
FORMS = tuple(_FORMS)
_NEITHER = worded("A filter has exactly one of these keys: %(what)s.", what=", ".join(FORMS))


def _form(value: Any) -> str | None:
    if isinstance(value, _Written):
        value = value.model_dump(exclude_none=True)
    found = [tag for key, tag in _FORMS.items() if isinstance(value, dict) and key in value]
    return found[0] if len(found) == 1 else None


Filter = Annotated[
    Annotated[AllOf, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[Tagged, Tag("<tag>")]
    | Annotated[Compared, Tag("<field>")]
    | Annotated[Language, Tag("<language>")]
    | Annotated[Zone, Tag("<zone>")]
    | Annotated[Country, Tag("<country>")],
    Discriminator(
        _form,
        custom_error_type="filter",
        custom_error_message="This is not a filter.",
        custom_error_context={"remedy": _NEITHER},
    ),
]

for _model in (AllOf, AnyOf, Not):
    _model.model_rebuild()


def walk(chosen: Filter) -> Iterator[Filter]:
    """The filter and every filter inside it."""
    yield chosen
    inside: tuple[Filter, ...] = ()
    match chosen:
        case AllOf():
            inside = chosen.all_
        case AnyOf():
            inside = chosen.any_
        case Not():
            inside = (chosen.not_,)
    for each in inside:
        yield from walk(each)


def fields(chosen: Filter) -> set[str]:
    """The custom fields that the filter compares."""
    return {each.field for each in walk(chosen) if isinstance(each, Compared)}


def languages(chosen: Filter) -> set[str] | None:
    """The languages that people of this audience can have; None: any."""
    match chosen:
        case Language():
            return set(chosen.language)
        case AllOf():
            known = [found for each in chosen.all_ if (found := languages(each)) is not None]
            return set.intersection(*known) if known else None
        case AnyOf():
            sets = [languages(each) for each in chosen.any_]
            return None if None in sets else set().union(*(found for found in sets if found is not None))
    return None


def where(chosen: Filter) -> ColumnElement[bool]:
    """The filter as a condition on `Person`, with every value as a bound parameter."""
    match chosen:
        case AllOf():
            return and_(true(), *(where(each) for each in chosen.all_))
        case AnyOf():
            return or_(*(where(each) for each in chosen.any_))
        case Not():
            return not_(where(chosen.not_))
        case Tagged():
            return _has(PersonTag, PersonTag.tag == chosen.tag)
        case Language():
            return Person.language.in_(chosen.language)
        case Zone():
            return Person.zone.in_(chosen.zone)
        case Country():
            return Person.country.in_(chosen.country)
        case Compared():
            return _compared(chosen)


def _has(table: type[PersonTag | PersonField], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    # Correlated by name: SQLAlchemy's own guess looks no further than the next SELECT around it.
    return select(table.person_id).where(table.person_id == Person.id, *conditions).correlate(Person).exists()


def _compared(chosen: Compared) -> ColumnElement[bool]:
    found = _has(PersonField, PersonField.name == chosen.field, *_comparisons(chosen))
    return not_(found) if chosen.present is False else found


def _comparisons(chosen: Compared) -> Iterator[ColumnElement[bool]]:
    if chosen.in_ is not None:
        yield _among(chosen.in_)
    if chosen.is_ is not None:
        yield _among((chosen.is_,))
    if chosen.before is not None:
        yield PersonField.day < chosen.before
    if chosen.after is not None:
        yield PersonField.day > chosen.after
    if chosen.above is not None:
        yield PersonField.number > chosen.above
    if chosen.below is not None:
        yield PersonField.number < chosen.below


def _among(values: tuple[Value, ...]) -> ColumnElement[bool]:
    texts = [value for value in values if isinstance(value, str)]
    numbers = [float(value) for value in values if not isinstance(value, str)]
    columns = [PersonField.text.in_(texts)] if texts else []
    return or_(*columns, *([PersonField.number.in_(numbers)] if numbers else []))
