"""The provider's side of the webhooks: calls signed as Twilio signs them, and as an app acknowledges a push."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from outreach.channels.acks import acknowledgement
from outreach.console import app as console
from outreach.delivery import carriers
from outreach.workspace import Workspace
from tests.channels.desks import fcm_settings
from tests.clinic import OURS
from tests.simulator.running import running

AUTH = "canary-auth-token"
PUBLIC = "https://clinic.example/outreach"
NOWHERE = "http://127.0.0.1:9"
PROVIDERS = {
    "twilio": {"account_sid": "AC" + "0" * 32, "token": AUTH, "from": OURS, "api_base": NOWHERE},
    "fcm": fcm_settings(NOWHERE),
}


class Desk:
    """Where calls come in. `signed` posts a form as Twilio would, over the configured public URL."""

    def __init__(self, workspace: Workspace, base: str) -> None:
        self.workspace = workspace
        self.http = httpx.Client(base_url=base, timeout=30)

    def signed(self, path: str, form: Mapping[str, str] | list[tuple[str, str]], *, token: str = AUTH) -> int:
        """The status code of a signed call."""
        return self.http.post(path, **sealed(path, form, token=token)).status_code

    def status(self, sid: str, status: str = "delivered", message: int | None = None, **more: str) -> int:
        """A receipt."""
        query = "" if message is None else f"?m={message}"
        form = {"MessageSid": sid, "MessageStatus": status, "To": "+254712000001", "From": OURS, **more}
        return self.signed(f"/hooks/twilio/status{query}", form)

    def text(self, number: str, text: str, sid: str, **more: str) -> int:
        """A text from somebody."""
        return self.signed(
            "/hooks/twilio/inbound", {"MessageSid": sid, "From": number, "To": OURS, "Body": text, **more}
        )

    def ack(self, message: int, ack: str | None = None) -> int:
        """An app says that it got a push."""
        word = acknowledgement(carriers.ack_key(self.workspace), message) if ack is None else ack
        return self.http.post("/hooks/push/ack", json={"message": str(message), "ack": word}).status_code


def sealed(
    path: str, form: Mapping[str, str] | list[tuple[str, str]], *, token: str = AUTH, public: str = PUBLIC
) -> dict[str, Any]:
    """Body and headers of a call as Twilio's own library signs it."""
    pairs = list(form.items()) if isinstance(form, Mapping) else form
    signature = RequestValidator(token).compute_signature(f"{public}{path}", ImmutableMultiDict(pairs))
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return {"content": urlencode(pairs).encode(), "headers": headers}


@contextmanager
def open_desk(workspace: Workspace) -> Iterator[Desk]:
    """The web process of a clinic over real HTTP, behind a proxy that takes the path's prefix away."""
    providers = carriers.build(workspace)
    with running(console.make(workspace, providers)) as base:
        desk = Desk(workspace, base)
        yield desk
        desk.http.close()
    providers.close()
