"""`outreach simulator`: the carrier of our own, alone, to rehearse a clinic's set-up or for other programs to try."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from outreach.cli.serve import listening, serve
from outreach.simulator.accounts import service_account
from outreach.simulator.app import create_app
from outreach.simulator.options import Options

#: Shaped like Twilio's, and nobody's.
ACCOUNT = "AC" + "0" * 32

Port = Annotated[int, typer.Option(help="Port to listen on.")]
Token = Annotated[
    str, typer.Option(help="The auth token that it signs with.", envvar="OUTREACH_PROVIDERS__TWILIO__TOKEN")
]
Clinic = Annotated[str, typer.Option(help="The clinic's public URL: where receipts and texts go.")]
Folder = Annotated[Path, typer.Option(help="Where it keeps what it carried, and the push account it made.")]


def simulator(
    port: Port = 8025,
    token: Token = "simulated",  # noqa: S107 (a made-up carrier's)
    clinic: Clinic = "http://127.0.0.1:8000",
    folder: Folder = Path(".outreach/simulator"),
) -> None:
    """Run a simulated carrier with handsets in the browser; it speaks Twilio's and FCM's protocols."""
    folder.mkdir(parents=True, exist_ok=True)
    base = f"http://127.0.0.1:{port}"
    account = write_account(folder, base)
    typer.echo(f"Handsets: {base}\nFor the clinic's .env:", err=True)
    for name, value in provider_settings(base, token, account).items():
        typer.echo(f"{name}={value}", err=True)
    serve(create_app(options(folder, token, clinic)), listening("127.0.0.1", port))


def options(folder: Path, token: str, clinic: str) -> Options:
    """A carrier that serves one clinic."""
    return Options(
        account_sid=ACCOUNT,
        auth_token=SecretStr(token),
        inbound_url=f"{clinic}/hooks/twilio/inbound",
        ack_url=f"{clinic}/hooks/push/ack",
        log=folder / "carrier.db",
    )


def write_account(folder: Path, base: str) -> Path:
    """The service account for pushes, as a file that only its owner can read; the same key each time."""
    path = folder / "push-account.json"
    account = json.loads(path.read_text()) if path.exists() else service_account(base)
    account["token_uri"] = f"{base}/token"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(account, file)
    return path


def provider_settings(base: str, token: str, account: Path) -> dict[str, str]:
    """The settings that point a clinic at a simulated carrier."""
    return {
        "OUTREACH_PROVIDERS__TWILIO__ACCOUNT_SID": ACCOUNT,
        "OUTREACH_PROVIDERS__TWILIO__TOKEN": token,
        "OUTREACH_PROVIDERS__TWILIO__FROM": "+15005550006",
        "OUTREACH_PROVIDERS__TWILIO__API_BASE": base,
        "OUTREACH_PROVIDERS__TWILIO__PACE": "100",
        "OUTREACH_PROVIDERS__FCM__CREDENTIALS": str(account.resolve()),
        "OUTREACH_PROVIDERS__FCM__API_BASE": base,
        "OUTREACH_PROVIDERS__FCM__PACE": "100",
    }
