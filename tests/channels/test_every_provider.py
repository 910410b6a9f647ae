"""What must hold for every provider, whatever its wire: this table runs once for each of them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest
from aiohttp import web

from outreach.channels import http
from outreach.channels.contract import Accepted, Answer, Cause, Provider, Rejected
from tests.channels.desks import CANARIES, DESKS, Desk
from tests.channels.scripted import Reply, Scripted, answer, hang_up, raw, reset, silence, unused_port

OpenDesk = Callable[[str, dict[str, object]], Provider]


@dataclass(frozen=True)
class Case:
    label: str
    reply: Reply
    gives: Cause
    retry_after: float | None = None


DATES = {"Date": "Mon, 02 Nov 2026 10:00:00 GMT", "Retry-After": "Mon, 02 Nov 2026 10:01:30 GMT"}
CUT_OFF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{"sid": "S'

SEND = [
    Case("throttled", answer(429), Cause.THROTTLED),
    Case("throttled for seconds", answer(429, headers={"Retry-After": "7"}), Cause.THROTTLED, 7.0),
    Case("throttled until a date", answer(429, headers=DATES), Cause.THROTTLED, 90.0),
    Case("throttled, until nobody knows when", answer(429, headers={"Retry-After": "soon"}), Cause.THROTTLED),
    Case("throttled, and the body is bytes", answer(429, b"\xff\xfe", {"Retry-After": "2"}), Cause.THROTTLED, 2.0),
    Case("server fault", answer(500, {"error": {"status": "INTERNAL"}, "code": 20500}), Cause.AMBIGUOUS),
    Case("server fault with a page", answer(502, "<html>Bad gateway</html>"), Cause.AMBIGUOUS),
    Case("server fault that is not text", answer(503, b"\xff\xfe"), Cause.AMBIGUOUS),
    Case("connection reset after the call was read", reset, Cause.AMBIGUOUS),
    Case("connection closed without an answer", hang_up, Cause.AMBIGUOUS),
    Case("no answer in time", silence, Cause.AMBIGUOUS),
    Case("answer that is not HTTP", raw(b"\x00\x01 hello\r\n\r\n"), Cause.AMBIGUOUS),
    Case("yes, cut off in the middle", raw(CUT_OFF), Cause.AMBIGUOUS),
    Case("yes, without a word", answer(200), Cause.AMBIGUOUS),
    Case("yes, in a page", answer(200, "<html>OK</html>"), Cause.AMBIGUOUS),
    Case("yes, in bytes", answer(201, b"\xff\xfe\x00"), Cause.AMBIGUOUS),
    Case("yes, in another shape", answer(201, ["SM1"]), Cause.AMBIGUOUS),
    Case("yes, without a name", answer(201, {"status": "queued"}), Cause.AMBIGUOUS),
    Case("yes, nested too deep", answer(200, "[" * 30_000), Cause.AMBIGUOUS),
    Case("sent elsewhere", answer(302, headers={"Location": "http://203.0.113.1/"}), Cause.AMBIGUOUS),
    Case("gateway gave up reading", answer(408), Cause.AMBIGUOUS),
    Case("conflict", answer(409), Cause.AMBIGUOUS),
    Case("who are you", answer(401), Cause.ACCOUNT),
    Case("who are you, in a page", answer(401, "<html>Sign in</html>"), Cause.ACCOUNT),
    Case("you may not", answer(403), Cause.ACCOUNT),
    Case("error that is text, not an object", answer(400, {"error": "bad"}), Cause.BAD_REQUEST),
    Case("refused for a reason nobody knows", answer(418, {"code": 99999, "message": "teapot"}), Cause.BAD_REQUEST),
]

every_desk = pytest.mark.parametrize("desk", DESKS, ids=lambda desk: desk.name)


def send(provider: Provider, desk: Desk, *ids: int) -> list[Answer]:
    return http.run(provider.send(desk.name, [desk.message(i) for i in ids]), timeout=20)


@every_desk
@pytest.mark.parametrize("case", SEND, ids=lambda case: case.label)
def test_a_fault_becomes_its_cause_and_is_never_tried_again(
    case: Case, desk: Desk, carrier: Scripted, open_desk: OpenDesk
) -> None:
    carrier.replies = [case.reply]
    (given,) = send(open_desk(desk.name, desk.settings(carrier.url)), desk, 7)
    assert isinstance(given, Rejected)
    assert (given.cause, given.retry_after) == (case.gives, case.retry_after)
    assert len(carrier.calls) == 1


@every_desk
def test_an_accepted_message_comes_back_with_the_providers_name_for_it(
    desk: Desk, carrier: Scripted, open_desk: OpenDesk
) -> None:
    carrier.replies = [desk.taken("N1")]
    assert send(open_desk(desk.name, desk.settings(carrier.url)), desk, 7) == [Accepted("N1")]


@every_desk
@pytest.mark.parametrize("count", [9, 60], ids=["a few", "a campaign's batch"])
def test_answers_come_in_order_and_one_odd_answer_spoils_no_other(
    desk: Desk, count: int, carrier: Scripted, open_desk: OpenDesk
) -> None:
    odd: dict[int, Reply] = {2: answer(200, "[" * 30_000), 4: answer(429), 6: reset}

    async def by_message(request: web.Request) -> web.StreamResponse:
        i = desk.id_of(carrier.calls[-1])
        return await odd.get(i, desk.taken(f"N{i}"))(request)

    carrier.replies = [by_message] * count
    provider = open_desk(desk.name, desk.settings(carrier.url) | {"connections": "1"})
    given = send(provider, desk, *range(count))
    assert [a.provider_id if isinstance(a, Accepted) else a.cause for a in given] == [
        "N0", "N1", Cause.AMBIGUOUS, "N3", Cause.THROTTLED, "N5", Cause.AMBIGUOUS,
        *(f"N{i}" for i in range(7, count)),
    ]  # fmt: skip


@every_desk
def test_an_impossible_text_is_refused_before_anything_is_written(
    desk: Desk, carrier: Scripted, open_desk: OpenDesk
) -> None:
    half_an_emoji = desk.message(7)
    object.__setattr__(half_an_emoji, "text", "\ud83d")
    provider = open_desk(desk.name, desk.settings(carrier.url))
    (given,) = http.run(provider.send(desk.name, [half_an_emoji]))
    assert isinstance(given, Rejected)
    assert given.cause is Cause.BAD_REQUEST
    assert carrier.calls == []


@every_desk
def test_nobody_listening_means_it_was_never_sent(desk: Desk, carrier: Scripted, open_desk: OpenDesk) -> None:
    closed = f"http://127.0.0.1:{unused_port()}"
    provider = open_desk(desk.name, desk.settings(carrier.url) | {"api_base": closed})
    assert send(provider, desk, 7) == [Rejected(Cause.NOT_CONNECTED)]


@pytest.fixture
def full_house() -> Iterator[str]:
    """A server too busy to take another connection: its queue is full, so connecting neither works nor fails."""
    with ExitStack() as stack:
        server = stack.enter_context(closing(socket.socket()))
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            guest = stack.enter_context(closing(socket.socket()))
            guest.setblocking(False)
            guest.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@every_desk
def test_a_connection_that_is_never_made_means_it_was_never_sent(
    desk: Desk, carrier: Scripted, open_desk: OpenDesk, full_house: str
) -> None:
    provider = open_desk(desk.name, desk.settings(carrier.url) | {"api_base": full_house})
    assert send(provider, desk, 7) == [Rejected(Cause.NOT_CONNECTED)]


@every_desk
def test_connections_are_kept_for_the_next_batch(desk: Desk, carrier: Scripted, open_desk: OpenDesk) -> None:
    peers: set[object] = set()

    async def remember(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return await desk.taken("N1")(request)

    carrier.replies = [remember] * 4
    provider = open_desk(desk.name, desk.settings(carrier.url))
    for i in range(4):
        send(provider, desk, i)
    assert len(peers) == 1


@every_desk
def test_an_empty_batch_asks_nobody(desk: Desk, carrier: Scripted, open_desk: OpenDesk) -> None:
    assert send(open_desk(desk.name, desk.settings(carrier.url)), desk) == []
    assert (carrier.calls, carrier.sign_ins) == ([], 0)


@every_desk
def test_a_sender_that_is_no_longer_set_up_sends_nothing(desk: Desk, carrier: Scripted, open_desk: OpenDesk) -> None:
    provider = open_desk(desk.name, desk.settings(carrier.url))
    given = http.run(provider.send("gone-2", [desk.message(1), desk.message(2)]))
    assert given == [Rejected(Cause.SENDER, "no-such-sender")] * 2


@every_desk
def test_nothing_personal_shows_in_a_repr(desk: Desk, carrier: Scripted, open_desk: OpenDesk) -> None:
    provider = open_desk(desk.name, desk.settings(carrier.url))
    options = provider.Options.model_validate(desk.settings(carrier.url))
    shown = f"{provider!r} {provider.senders!r} {options!r} {options} {desk.message(1)!r}"
    assert [word for word in CANARIES if word in shown] == []
