"""The two APIs by hand, for tests of what the libraries would hide."""

from __future__ import annotations

from typing import Any

import httpx

from tests.simulator.clinic import ACCOUNT, HERS, SERVICE, TOKEN


class Carrier:
    """A carrier under test, seen from the outside."""

    def __init__(self, base: str, callback: str = "") -> None:
        self.callback = callback
        self.http = httpx.Client(base_url=base, timeout=5)

    def text(
        self, *, to: str = HERS, body: str = "Your visit is tomorrow.", ours: int = 1, **more: Any
    ) -> httpx.Response:
        """Send a text; `ours` is the clinic's id."""
        form = {"To": to, "Body": body, "MessagingServiceSid": SERVICE} | more
        if self.callback:
            form["StatusCallback"] = f"{self.callback}/hooks/twilio/status?m={ours}"
        return self.http.post(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", data=form, auth=(ACCOUNT, TOKEN))

    def push(self, address: str = "t-1", *, ours: int = 1) -> httpx.Response:
        """Send a push."""
        grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"}
        access = self.http.post("/token", data=grant).json()["access_token"]
        message = {"token": address, "data": {"message": str(ours), "ack": "word"}}
        return self.http.post(
            "/v1/projects/p/messages:send", json={"message": message}, headers={"Authorization": f"Bearer {access}"}
        )

    def status(self, sid: str) -> tuple[str, int | None]:
        """Where a text is, by the API's own word, and its error code."""
        found = self.http.get(f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json", auth=(ACCOUNT, TOKEN)).json()
        return found["status"], found["error_code"]

    def log(self, event: str) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = self.http.get("/simulator/log").json()
        return [line for line in lines if line["event"] == event]

    def taken(self) -> int:
        """How many texts were taken, whatever the callers were told."""
        return sum(1 for line in self.log("call") if line["sid"])

    def handset(self, **new: Any) -> str:
        """Add or find a handset; its id."""
        answer = self.http.post("/simulator/handsets", json=new or {"number": HERS})
        answer.raise_for_status()
        return str(answer.json()["id"])

    def change(self, handset: str, **change: Any) -> dict[str, Any]:
        answer = self.http.put(f"/simulator/handsets/{handset}", json=change)
        answer.raise_for_status()
        changed: dict[str, Any] = answer.json()
        return changed
