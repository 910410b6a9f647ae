"""The handsets in a browser, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.simulator.clinic import HERS, Clinic, soon
from tests.simulator.conftest import Carriers
from tests.simulator.wire import Carrier


@pytest.fixture
def phones(carrier: Carriers) -> Iterator[Carrier]:
    with carrier(featured=2) as base:
        made = Carrier(base)
        made.http.follow_redirects = True
        yield made


def arrived(phones: Carrier, count: int = 1) -> bool:
    return soon(lambda: sum(line["outcome"] == "delivered" for line in phones.log("status")) == count)


def test_an_empty_page_says_what_will_come(phones: Carrier) -> None:
    page = phones.http.get("/")
    assert page.status_code == 200
    assert "No handset yet" in page.text


def test_a_phone_shows_the_text_its_preview_and_its_cost(phones: Carrier) -> None:
    phones.handset(number=HERS, name="Amina", featured=True)
    phones.text(body="Habari, kumbuka ziara yako ya Jumatatu saa tatu ✓ asante")
    assert arrived(phones)
    page = phones.http.get("/").text
    assert "Amina" in page
    assert "<span>Habari, kumbuka ziara yako ya Jumatatu s…</span>" in page
    assert "UCS-2 · 1 part" in page


def test_what_people_write_is_shown_and_never_run(phones: Carrier) -> None:
    phones.text(body="<script>alert(1)</script>")
    assert arrived(phones)
    page = phones.http.get("/").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_an_answer_can_be_typed_into_a_plain_form(phones: Carrier, clinic: Clinic) -> None:
    handset = phones.handset(number=HERS)
    page = phones.http.post(f"/phones/{handset}/texts", data={"text": "Thank you", "bare": "1", "show": "2"})
    assert page.status_code == 200
    assert page.url.query == b"bare=1&show=2"
    assert "Thank you" in page.text
    assert soon(lambda: [text["Body"] for text in clinic.inbound] == ["Thank you"])


def test_switches_work_as_plain_forms(phones: Carrier) -> None:
    handset = phones.handset(number=HERS)
    assert "Switched off" in phones.http.post(f"/phones/{handset}/switch", data={"power": "off"}).text
    assert "cannot send" in phones.http.post(f"/phones/{handset}/texts", data={"text": "Hello"}).text
    assert "Out of coverage" in phones.http.post(f"/phones/{handset}/switch", data={"power": "out_of_coverage"}).text
    assert "In the network" in phones.http.post(f"/phones/{handset}/switch", data={"power": "on"}).text
    assert "Blocks the clinic" in phones.http.post(f"/phones/{handset}/switch", data={"blocked": "yes"}).text


def test_the_page_shows_featured_phones_first_and_more_on_request(phones: Carrier) -> None:
    for count in range(5):
        phones.handset(number=f"+25471100000{count}", name=f"Phone-{count}", featured=count == 4)
    assert re.findall("Phone-[0-9]</h2>", phones.http.get("/").text) == ["Phone-4</h2>", "Phone-0</h2>"]
    assert "2 of 5 handsets" in phones.http.get("/").text
    assert len(re.findall("Phone-[0-9]</h2>", phones.http.get("/?show=14").text)) == 5


def test_it_can_be_put_in_a_frame_without_its_header(phones: Carrier) -> None:
    page = phones.http.get("/?bare=1")
    assert "<h1>" not in page.text
    assert "x-frame-options" not in page.headers
    assert "frame-ancestors" not in page.headers["content-security-policy"]


def test_nothing_comes_from_elsewhere(phones: Carrier) -> None:
    page = phones.http.get("/").text
    linked = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert {"static/handsets.css", "static/handsets.js"} <= set(linked)
    for link in linked:
        assert link.startswith(("static/", "data:"))
        if link.startswith("static/"):
            assert phones.http.get(f"/{link}").status_code == 200


def test_the_version_moves_when_something_happens(phones: Carrier) -> None:
    def version() -> str:
        return str(phones.http.get("/version").json()["version"])

    first = version()
    assert version() == first
    phones.text()
    assert arrived(phones)
    assert version() != first


def test_another_site_cannot_write_for_a_handset(phones: Carrier, clinic: Clinic) -> None:
    handset = phones.handset(number=HERS)
    forged: httpx.Response = phones.http.post(
        f"/phones/{handset}/texts", data={"text": "STOP"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert forged.status_code == 403
    assert not soon(lambda: clinic.inbound, seconds=0.1)
