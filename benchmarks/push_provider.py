"""A Firebase that takes every push after a fixed time, and gives out tokens: a process of its own, so that its CPU is
nobody's. It reads no body. Like the real one it speaks HTTP/2 with whoever can, and 100 pushes at once on a connection.

    python -m benchmarks.push_provider PORT CERTIFICATE LATENCY     (it prints one line when it listens)
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Callable
from itertools import count

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError, StreamClosedError

Say = Callable[[bytes], None]  # writes the answer's body; nothing happens where the connection has gone

_TOKEN = json.dumps({"access_token": "made-up", "expires_in": 3600, "token_type": "Bearer"}).encode()


class Firebase:
    """What was taken."""

    def __init__(self, latency: float) -> None:
        self.latency, self.taken, self.serials = latency, 0, count(1)

    def asked(self, path: str, say: Say) -> None:
        """A call has come whole: a push, a sign-in, or how many pushes there were."""
        if path.endswith("messages:send"):
            self.taken += 1
            name = json.dumps({"name": f"projects/bench/messages/0:{next(self.serials)}"}).encode()
            asyncio.get_running_loop().call_later(self.latency, say, name)
        elif path == "/token":
            asyncio.get_running_loop().call_later(self.latency, say, _TOKEN)
        else:
            say(json.dumps({"taken": self.taken}).encode())


class Line(asyncio.Protocol):
    """One connection of whoever sends."""

    def __init__(self, firebase: Firebase) -> None:
        self.firebase = firebase

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected, and both have agreed on what is spoken."""
        assert isinstance(transport, asyncio.Transport)
        agreed = transport.get_extra_info("ssl_object").selected_alpn_protocol()
        self.speech = _Two(self.firebase, transport) if agreed == "h2" else _One(self.firebase, transport)

    def data_received(self, data: bytes) -> None:
        """Some calls, or a piece of one."""
        self.speech.heard(data)


class _One:
    """HTTP/1.1, one call at a time."""

    def __init__(self, firebase: Firebase, wire: asyncio.Transport) -> None:
        self.firebase, self.wire, self.rest = firebase, wire, b""

    def heard(self, data: bytes) -> None:
        self.rest += data
        head, found, rest = self.rest.partition(b"\r\n\r\n")
        at = head.lower().find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if found and len(rest) >= length:
            self.rest = rest[length:]
            self.firebase.asked(head.split(b" ", 2)[1].decode(), self._say)

    def _say(self, body: bytes) -> None:
        if not self.wire.is_closing():
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wire.write(head.encode() + body)


class _Two:
    """HTTP/2, many calls at a time."""

    def __init__(self, firebase: Firebase, wire: asyncio.Transport) -> None:
        self.firebase, self.wire = firebase, wire
        self.paths: dict[int, str] = {}
        self.state = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self.state.initiate_connection()
        self._flush()

    def heard(self, data: bytes) -> None:
        try:
            events = self.state.receive_data(data)
        except ProtocolError:
            self.wire.close()
            return
        for event in events:
            if isinstance(event, RequestReceived):
                self.paths[event.stream_id] = dict(event.headers)[b":path"].decode()
            elif isinstance(event, DataReceived):
                self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                self._asked(event.stream_id)
        self._flush()

    def _asked(self, stream: int) -> None:
        self.firebase.asked(self.paths.pop(stream), lambda body: self._say(stream, body))

    def _say(self, stream: int, body: bytes) -> None:
        headers = [(":status", "200"), ("content-type", "application/json"), ("content-length", str(len(body)))]
        try:
            self.state.send_headers(stream, headers)
            self.state.send_data(stream, body, end_stream=True)
        except (ProtocolError, StreamClosedError):
            return  # whoever asked has gone
        self._flush()

    def _flush(self) -> None:
        if (data := self.state.data_to_send()) and not self.wire.is_closing():
            self.wire.write(data)


async def _serve(port: int, certificate: str, latency: float) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    firebase = Firebase(latency)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Line(firebase), "127.0.0.1", port, ssl=context, backlog=1024)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
