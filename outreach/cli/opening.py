"""What every process begins with: the settings of the current folder, and its logs."""

from __future__ import annotations

import os

from outreach import failpoints, log
from outreach.errors import SettingError
from outreach.settings import Settings, load


def configured() -> Settings:
    """The settings of the current folder, with the logs set up as they say. Raises SettingError."""
    settings = load()
    log.configure(json=settings.log_format == "json", level=settings.log_level)
    failpoints.arm(os.environ, settings.providers)
    return settings


def with_broker(settings: Settings) -> Settings:
    """The same, where the broker reaches other processes; the embedded one lives and dies with `outreach up`.

    Raises SettingError.
    """
    if not settings.broker_url:
        raise SettingError(
            "OUTREACH_BROKER_URL: separate processes need a broker, such as redis://localhost:6379/0; "
            "without one, `outreach up` runs everything in one process."
        )
    return settings
