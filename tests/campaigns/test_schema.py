"""The JSON Schema that editors complete and check with says what the program says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from outreach.campaigns.definition import load
from outreach.campaigns.schema import FILE, schema, text
from outreach.campaigns.source import read
from outreach.errors import DefinitionError
from tests.campaigns.json_schema import accepts
from tests.campaigns.test_definition import GOOD, ONE_FAULT, SHORT

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
SHIPPED = sorted(CAMPAIGNS.glob("*.yaml"))

# What only the program can tell: it takes counting, comparing two places, a calendar, or YAML's own form.
BEYOND_A_SCHEMA = {
    "waiting longer than it is useful",
    "hours over midnight",
    "useful for ever",
    "an id twice",
    "a channel twice",
    "a time that is none",
    "a year that is a slip",
    "a rule with its own clock",
    "a rule with two ends",
    "a rule that ends at a second",
    "a rule for too long",
    "a rule of no weekday",
    "a rule that never comes",
    "a rule with an unknown part",
}


def accepted(value: Any) -> bool:
    return accepts(schema(), value, schema())


def test_the_published_file_is_the_generated_one() -> None:
    remedy = f"run: outreach check --schema > campaigns/{FILE}"
    assert (CAMPAIGNS / FILE).read_text(encoding="utf-8") == text(), remedy


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_accepts_the_shipped_campaigns_and_they_name_it(path: Path) -> None:
    assert accepted(read(path).value)
    assert f"$schema={FILE}" in path.read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize("written", [GOOD, SHORT], ids=["everything said", "the least said"])
def test_it_accepts_what_the_program_accepts(tmp_path: Path, written: str) -> None:
    (tmp_path / "one.yaml").write_text(written)
    assert accepted(read(tmp_path / "one.yaml").value)


@pytest.mark.parametrize(("old", "new"), [row[1:3] for row in ONE_FAULT], ids=[row[0] for row in ONE_FAULT])
def test_it_refuses_what_the_program_refuses(
    tmp_path: Path, old: str, new: str, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(DefinitionError):
        load(path)
    try:
        value = read(path).value
    except DefinitionError:
        return  # no editor gets as far as the schema: it is not even YAML as we read it
    beyond = request.node.callspec.id in BEYOND_A_SCHEMA
    assert accepted(value) is beyond


def described(part: Any) -> Iterator[tuple[str, Any]]:
    for definition in (part, *part["$defs"].values()):
        yield from definition.get("properties", {}).items()


def test_whoever_completes_a_key_is_told_what_it_is() -> None:
    silent = {
        key
        for key, said in described(schema())
        if isinstance(said, dict) and not {"description", "$ref"} & said.keys() and "oneOf" not in said
    }
    assert silent <= {"all", "any", "tag", "language", "zone", "country"}  # the filters are described as a whole
