"""Which proxy a provider is reached through: the environment says."""

from __future__ import annotations

import pytest

from outreach.channels.pool import proxy_for

PUSH = "https://fcm.example/v1/projects/clinic/messages:send"
PROXY = "http://proxy.example:3128"
TABLE = [
    ("none is named", {}, PUSH, None),
    ("one for https", {"https_proxy": PROXY}, PUSH, PROXY),
    ("one for all", {"all_proxy": PROXY}, PUSH, PROXY),
    ("one for http alone", {"http_proxy": PROXY}, PUSH, None),
    ("one, but not for this address", {"https_proxy": PROXY, "no_proxy": "fcm.example"}, PUSH, None),
    ("one, but not here", {"http_proxy": PROXY, "no_proxy": "127.0.0.1"}, "http://127.0.0.1:8001/v1", None),
]


@pytest.mark.parametrize(("label", "env", "url", "gives"), TABLE, ids=[row[0] for row in TABLE])
def test_the_proxy_is(
    label: str, env: dict[str, str], url: str, gives: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == gives
