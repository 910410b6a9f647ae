"""Which providers there are, and the ones this clinic has set up. To add one: a file, a line here, a test table.

A provider is loaded when it is asked for, with its library: who sends no pushes has no push library in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module

from pydantic import ValidationError

from outreach.channels import http
from outreach.channels.contract import Home, Kind, Provider, SenderSpec
from outreach.channels.options import fault
from outreach.errors import NotFoundError, SettingError

#: By the name that settings use: module and class.
_PLACES: Mapping[str, str] = {
    "twilio": "outreach.channels.twilio:Twilio",
    "fcm": "outreach.channels.fcm:Fcm",
}


class _Registry(Mapping[str, type[Provider]]):
    def __getitem__(self, name: str) -> type[Provider]:
        module, _, cls = _PLACES[name].partition(":")
        found: type[Provider] = getattr(import_module(module), cls)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


REGISTRY: Mapping[str, type[Provider]] = _Registry()


class Providers:
    """The providers of one process."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._by_name = {provider.name: provider for provider in providers}
        self._by_sender = {sender.name: provider for provider in self._by_name.values() for sender in provider.senders}

    @property
    def senders(self) -> Sequence[SenderSpec]:
        """Every sender of every provider, in the order of the registry and the settings."""
        return [sender for provider in self._by_name.values() for sender in provider.senders]

    @property
    def kinds(self) -> frozenset[Kind]:
        """What can be sent here."""
        return frozenset(provider.kind for provider in self._by_name.values())

    def by_name(self, name: str) -> Provider:
        """The provider of this name. Raises NotFoundError."""
        return _get(self._by_name, name, "provider")

    def by_sender(self, name: str) -> Provider:
        """The provider of this sender. Raises NotFoundError."""
        return _get(self._by_sender, name, "sender")

    def close(self) -> None:
        """Let go of every connection."""
        for provider in self._by_name.values():
            http.run(provider.close())


def build(providers: Mapping[str, Mapping[str, object]], *, public_url: str, ack_key: bytes) -> Providers:
    """Make the providers that the settings name. Raises SettingError with one line for the first fault."""
    for name in providers:
        if name not in REGISTRY:
            known = ", ".join(REGISTRY)
            raise SettingError(f"{_setting(name)}: there is no such provider; there are {known}.")
    home = Home(public_url.rstrip("/"), ack_key)
    return Providers(_made(name, providers[name], home) for name in REGISTRY if name in providers)


def _made(name: str, values: Mapping[str, object], home: Home) -> Provider:
    cls = REGISTRY[name]
    try:
        options = cls.Options.model_validate(values)
    except ValidationError as error:
        raise SettingError(fault(_setting(name), cls.Options, error)) from None
    return cls(options, home)


def _setting(name: str) -> str:
    return f"OUTREACH_PROVIDERS__{name.upper()}"


def _get(known: Mapping[str, Provider], name: str, what: str) -> Provider:
    if name not in known:
        raise NotFoundError(f"There is no {what} {name!r}; there are: {', '.join(known) or 'none'}.")
    return known[name]
