"""What a form may send: its fields, one file, and no more of either than is allowed."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI, Request

from outreach.console import forms
from outreach.console.forms import CAP
from tests.simulator.running import running

MOST = 500_000


class Kept:
    """What keeps a file, and how it was asked to."""

    def __init__(self) -> None:
        self.content, self.longest, self.ends = bytearray(), 0, list[str]()

    def write(self, data: bytes) -> None:
        self.content += data
        self.longest = max(self.longest, len(data))

    def close(self) -> None:
        self.ends.append("closed")

    def drop(self) -> None:
        self.ends.append("dropped")


KEPT: list[Kept] = []


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """An application that tells what it got."""
    app = FastAPI()

    @app.post("/{upload}")
    async def told(request: Request, upload: int) -> dict[str, object]:
        kept = Kept()
        try:
            sent = await forms.read(request, upload, (lambda: kept) if upload else None)
        finally:
            KEPT.append(kept)
        return {"fields": sent.fields, "chosen": sent.upload is kept, "size": len(kept.content)}

    with running(app) as base, httpx.Client(base_url=base, timeout=60) as client:
        yield client


def test_fields_come_in_their_order_and_as_often_as_they_were_sent(http: httpx.Client) -> None:
    answer = http.post("/0", data={"role": ["helper", "admin"], "name": "Wanjirũ & co", "empty": ""})
    fields = [["role", "helper"], ["role", "admin"], ["name", "Wanjirũ & co"], ["empty", ""]]
    assert answer.json() == {"fields": fields, "chosen": False, "size": 0}


def test_a_file_comes_with_its_fields_piece_by_piece(http: httpx.Client) -> None:
    text = "phone,language\n" * 33_000
    answer = http.post(f"/{MOST}", data={"topic": "tb"}, files={"table": ("people.csv", text)})
    assert answer.json() == {"fields": [["topic", "tb"]], "chosen": True, "size": len(text)}
    assert bytes(KEPT[-1].content) == text.encode()
    assert (KEPT[-1].longest < len(text), KEPT[-1].ends) == (True, ["closed"])


def test_no_file_chosen_is_no_file(http: httpx.Client) -> None:
    answer = http.post(f"/{MOST}", data={"topic": "tb"}, files={"table": ("", b"")})
    assert (answer.json()["chosen"], KEPT[-1].ends) == (False, [])


TOO_MUCH = [
    ("a long field", 0, {"data": {"text": "x" * (CAP + 1)}}),
    ("a file where none may come", 0, {"files": {"table": ("a.csv", "x")}}),
    ("a long file", MOST, {"files": {"table": ("a.csv", "x" * (MOST + CAP + 1))}}),
    ("two files", MOST, {"files": [("a", ("a.csv", "x")), ("b", ("b.csv", "x"))]}),
    ("a long field beside a file", MOST, {"data": {"text": "x" * (CAP + 1)}, "files": {"table": ("a.csv", "x")}}),
    ("many fields", MOST, {"data": {f"f{n}": "x" for n in range(300)}, "files": {"table": ("a.csv", "x")}}),
]


def test_a_form_that_was_cut_off_is_refused_and_its_file_dropped(http: httpx.Client) -> None:
    head = b'--end\r\nContent-Disposition: form-data; name="table"; filename="a.csv"\r\n\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=end"}
    assert http.post(f"/{MOST}", content=head + b"phone\r\n", headers=kind).status_code == 413
    assert KEPT[-1].ends == ["dropped"]
    assert http.post(f"/{MOST}", content=head + b"phone\r\n--end--\r\n", headers=kind).json()["size"] == 5


@pytest.mark.parametrize(("label", "upload", "given"), TOO_MUCH, ids=[row[0] for row in TOO_MUCH])
def test_what_is_too_much_is_refused(label: str, upload: int, given: dict[str, object], http: httpx.Client) -> None:
    assert http.post(f"/{upload}", **given).status_code == 413  # type: ignore[arg-type]
    assert KEPT[-1].ends == (["dropped"] if KEPT[-1].content else []), "of a file nothing stays"
