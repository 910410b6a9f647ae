"""Every setting. From the environment (`OUTREACH_*`) and the workspace's `.env`;
the README's table is made from here.
"""

from __future__ import annotations

from datetime import date, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from outreach.errors import SettingError

Seconds = Annotated[float, Field(gt=0)]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
HelpLine = Annotated[str, Field(pattern=r"^\+?[0-9][0-9 ]{1,18}$")]  # short enough for a text of one part
Kept = Annotated[timedelta, Field(ge=timedelta(days=7))]  # less would take away what is still being settled


class Settings(BaseSettings):
    """One clinic's settings. Every field has its sentence; `example` is what the error message shows."""

    model_config = SettingsConfigDict(
        env_prefix="OUTREACH_",
        env_nested_delimiter="__",
        env_nested_max_split=2,
        env_file_encoding="utf-8",
        extra="ignore",
        hide_input_in_errors=True,
    )

    workspace: Path = Field(
        Path(),
        description="Folder with campaigns/, templates/, .env and the embedded database.",
        examples=["/srv/outreach"],
    )
    database_url: str = Field(
        "",
        pattern=r"^$|^(postgresql\+psycopg|sqlite)://",
        repr=False,  # it may hold a password
        description="SQLAlchemy URL; empty means the embedded SQLite database of the workspace.",
        examples=["postgresql+psycopg://outreach@localhost/outreach"],
    )
    broker_url: str = Field(
        "",
        pattern=r"^$|^(rediss?|amqps?|memory)://",
        repr=False,  # it may hold a password
        description="Celery broker; empty means the embedded one of `outreach up` (one process).",
        examples=["redis://localhost:6379/0", "amqp://guest@localhost//"],
    )
    broker_prefix: str = Field(
        "outreach",
        pattern=r"^[a-z0-9_-]{1,40}$",
        description="Begins the names of the broker's queues, so that several clinics can share one broker.",
        examples=["sunrise"],
    )
    keyring: SecretStr = Field(
        SecretStr(""),
        description="The keys themselves as JSON, for platforms that inject secrets; otherwise `keyring_file` is read.",
        examples=['{"index": "…", "current": "k1", "master": {"k1": {"1": "…"}}}'],
    )
    keyring_file: Path | None = Field(
        None,
        description="File (mode 0600) with the keys, made by `outreach init`, outside the workspace.",
        examples=["~/.config/outreach/clinic.keyring.json"],
    )
    clinic: str = Field(
        "the clinic", description="The name people see in answers; keep it bland.", examples=["Sunrise"]
    )
    country: str = Field(
        "KE",
        pattern=r"^[A-Z]{2}$",
        description="ISO 3166 country for numbers written without +.",
        examples=["KE"],
    )
    zone: str = Field(
        "Africa/Nairobi",
        description="The clinic's own IANA time zone, for reports and days.",
        examples=["Africa/Nairobi"],
    )
    language: str = Field(
        "en",
        pattern=r"^[a-z]{2,3}$",
        description="Language used where a person's own is unknown.",
        examples=["en"],
    )
    public_url: str = Field(
        "http://127.0.0.1:8000",
        description="How the outside reaches the webhooks; signatures are checked over exactly this.",
        examples=["https://outreach.example.org"],
    )
    host: str = Field("127.0.0.1", description="Address the web process listens on.", examples=["127.0.0.1"])
    port: int = Field(8000, ge=0, le=65535, description="Port the web process listens on.", examples=["8000"])
    quiet_hours: str = Field(
        "21:00-08:00",
        pattern=r"^(off|([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)$",
        description="No campaign message arrives in these hours at the person's place; or `off`.",
        examples=["21:00-08:00"],
    )
    sensitive_topics: list[str] = Field(
        ["hiv", "mental-health"],
        description="Topics whose templates must have a covert body.",
        examples=['["hiv"]'],
    )
    loss_topics: list[str] = Field(
        ["maternal"],
        description="Topics that end at once for whoever writes that a pregnancy has ended (LOSS).",
        examples=['["maternal", "newborn"]'],
    )
    part_limit: int = Field(3, ge=1, le=10, description="Longest text a template may become, in parts.", examples=["3"])
    most_a_day: int = Field(
        3,
        ge=0,
        description="Campaign messages that one person gets in a day at most, of all campaigns; 0: no limit.",
        examples=["3"],
    )
    most_a_week: int = Field(10, ge=0, description="The same in seven days.", examples=["7"])
    stop_means_all_from: date | None = Field(
        None,
        description="Until this day a STOP ends the topic that it answers, afterwards all; empty: always all.",
        examples=["2027-01-31"],
    )
    dormant_after: timedelta = Field(
        timedelta(days=60),
        ge=timedelta(days=14),
        description="A number without any sign of life for so long is asked whether it is still hers, before all else.",
        examples=["P60D"],
    )
    prices: dict[str, float] = Field(
        {"KE": 0.0395, "UG": 0.0432, "TZ": 0.0618, "ZA": 0.0285, "FR": 0.0798, "US": 0.0083, "*": 0.08},
        description="Price of one SMS part by country, for plans and reports; `*` for the rest.",
        examples=['{"KE": 0.04, "*": 0.08}'],
    )
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="Currency of the prices.", examples=["USD"])
    help_lines: dict[CountryCode, HelpLine] = Field(
        default_factory=dict,
        description="Help line by ISO 3166 country, told at once to whoever writes of a danger, as it is.",
        examples=['{"KE": "1199"}'],
    )
    small_cells: int = Field(
        10, ge=5, description="Reports hide groups of fewer people than this; at least 5.", examples=["10"]
    )
    report_period: Literal["week", "month"] = Field(
        "week",
        description="What reports bring people together by; choose once, as two periods side by side give groups away.",
        examples=["month"],
    )
    answer_within: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=14))] = Field(
        timedelta(hours=24),
        description="What the first automatic answer promises; opening hours and load only make it later.",
        examples=["PT24H"],
    )
    call_next_after: Annotated[timedelta, Field(ge=timedelta(minutes=1))] = Field(
        timedelta(minutes=10),
        description="How long an urgent thread may stay untaken before the next of staff is called.",
        examples=["PT10M"],
    )
    watch_every: Seconds = Field(
        10, description="Seconds between two looks for alarms and promises that are due.", examples=["10"]
    )
    hooks_every: Seconds = Field(5, description="Seconds between two looks for webhooks that are due.", examples=["5"])
    hooks_alert_after: Annotated[timedelta, Field(ge=timedelta(minutes=10))] = Field(
        timedelta(hours=6),
        description="How long a webhook may fail before an admin is alerted.",
        examples=["PT6H"],
    )
    hooks_inside: bool = Field(
        False,
        description="Webhooks may go to http:// and private addresses: for development only.",
        examples=["true"],
    )
    approval: Literal["console", "always", "never"] = Field(
        "console",
        description="Where a launch needs a second person's approval: `console`, `always` (also on the command "
        "line), `never`.",
        examples=["always"],
    )
    reveal_for: Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(hours=4))] = Field(
        timedelta(minutes=30),
        description="How long a sealed number or text can be read once a second person has granted it.",
        examples=["PT30M"],
    )
    reveal_review: Annotated[timedelta, Field(ge=timedelta(hours=1))] = Field(
        timedelta(hours=24),
        description="How soon a second person must look at what one took alone in a crisis.",
        examples=["PT24H"],
    )
    plan_ahead: timedelta = Field(
        timedelta(minutes=15),
        description="How long before it is due a step is written into the queue.",
        examples=["PT15M"],
    )
    plan_every: Seconds = Field(5, description="Seconds between two looks for what falls due soon.", examples=["5"])
    lease: Seconds = Field(
        60, description="Seconds a worker may hold a message before it counts as unknown.", examples=["60"]
    )
    batch: int = Field(200, ge=1, le=500, description="Messages claimed at once.", examples=["200"])
    sweep_every: Seconds = Field(15, description="Seconds between two looks for what is stuck.", examples=["15"])
    look_after: Seconds = Field(
        300, description="Seconds without a receipt after which the provider is asked.", examples=["300"]
    )
    settle_after: Seconds = Field(
        900,
        description="Seconds after which an unknown message that no list shows is called not found.",
        examples=["900"],
    )
    keep_texts: Kept = Field(
        timedelta(days=180),
        description="How long what people wrote is kept, from the last word of its conversation on.",
        examples=["P180D"],
    )
    keep_answers: Kept = Field(
        timedelta(days=365),
        description="How long what we answered is kept, from the last word of its conversation on.",
        examples=["P365D"],
    )
    keep_events: Kept = Field(
        timedelta(days=90), description="How long what providers reported is kept.", examples=["P90D"]
    )
    keep_attempts: Kept = Field(
        timedelta(days=90), description="How long single tries to send are kept.", examples=["P90D"]
    )
    keep_imports: Kept = Field(
        timedelta(days=30),
        description="How long it is kept which rows of a table that came through a page were left out, and why.",
        examples=["P30D"],
    )
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="What Prometheus says as a bearer token to read /metrics; empty: there is no such page.",
        examples=["a long random word"],
    )
    session_idle: timedelta = Field(
        timedelta(minutes=45),
        ge=timedelta(minutes=1),
        description="How long staff stay signed in without doing anything.",
        examples=["PT45M"],
    )
    session_longest: timedelta = Field(
        timedelta(hours=12),
        ge=timedelta(minutes=5),
        description="How long staff stay signed in at most.",
        examples=["PT12H"],
    )
    oidc_issuer: str = Field(
        "",
        description="OpenID Connect provider that staff may sign in with, exactly as its tokens name it; empty: none.",
        examples=["https://login.example.org/realms/clinic"],
    )
    oidc_client: str = Field("", description="What that provider knows this console as.", examples=["outreach"])
    oidc_secret: SecretStr = Field(
        SecretStr(""), description="The secret of that client; empty for a public client.", examples=["a long word"]
    )
    oidc_name: str = Field("OpenID", description="What staff call that provider.", examples=["Ministry login"])
    trusted_proxies: list[str] = Field(
        ["127.0.0.1"],
        description="Addresses or networks whose X-Forwarded-For is believed, when tries to sign in are counted.",
        examples=['["10.0.0.0/8"]'],
    )
    log_format: Literal["text", "json"] = Field("text", description="How log lines look.", examples=["json"])
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged.", examples=["info"]
    )
    providers: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        repr=False,  # tokens, not yet wrapped
        description="What carries messages, by name; each provider's own settings are listed below.",
        examples=["OUTREACH_PROVIDERS__TWILIO__ACCOUNT_SID=AC…"],
    )

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be http(s)://host, without query")
        if "_" in parts.hostname:
            raise ValueError("providers call no host with an underscore in its name")
        return value.rstrip("/")

    @field_validator("oidc_issuer")
    @classmethod
    def _oidc_issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        inside = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if value and (not (parts.scheme == "https" or inside) or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("must be https://host, without query")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _trusted_proxies(cls, value: list[str]) -> list[str]:
        for each in value:
            try:
                ip_network(each)
            except ValueError:
                raise ValueError("must be addresses or networks") from None
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("is not an IANA time zone") from None
        return value

    @property
    def state(self) -> Path:
        """Folder of what the embedded parts keep."""
        return self.workspace / ".outreach"

    @property
    def database(self) -> str:
        """The database URL with the embedded default filled in."""
        return self.database_url or f"sqlite:///{(self.state / 'outreach.db').resolve()}"

    @property
    def broker(self) -> str:
        """The broker URL with the embedded default filled in."""
        return self.broker_url or "memory://localhost//"


def load(workspace: Path | None = None) -> Settings:
    """Read the settings of a workspace (default: the current folder).

    Raises SettingError with one line: which setting, what is wrong, an example.
    """
    folder = (workspace or Path()).resolve()
    try:
        settings = Settings(_env_file=folder / ".env")
    except ValidationError as error:
        raise SettingError(_one_line(error.errors(include_input=False, include_url=False)[0])) from None
    except SettingsError as error:
        raise SettingError(_not_json(error)) from None
    except UnicodeDecodeError:
        raise SettingError(f"{folder / '.env'} is not UTF-8. Save it as UTF-8.") from None
    if "workspace" not in settings.model_fields_set:
        settings = settings.model_copy(update={"workspace": folder})
    return settings


def _one_line(fault: ErrorDetails) -> str:
    field = str(fault["loc"][0])
    name = "__".join(str(step) for step in fault["loc"]).upper()
    return f"OUTREACH_{name}: {fault['msg'].removeprefix('Value error, ')}.{_example(field)}"


def _not_json(error: SettingsError) -> str:
    """The library names the field in its text only, between the first quotes."""
    field = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), "")
    return f"OUTREACH_{field.upper()}: must be JSON.{_example(field)}"


def _example(field: str) -> str:
    known = Settings.model_fields.get(field)
    if known is None or not known.examples:
        return ""
    example = str(known.examples[0])
    return (
        f" Example: {example}" if example.startswith("OUTREACH_") else f" Example: OUTREACH_{field.upper()}={example}"
    )
