"""A clinic that listens, and carriers of any kind, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from outreach.simulator.app import create_app
from outreach.simulator.options import Script
from tests.simulator.clinic import Clinic, options
from tests.simulator.running import killed, running

Carriers = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def open_clinic() -> Iterator[tuple[Clinic, str]]:
    clinic = Clinic()
    with running(clinic.app()) as url:
        yield clinic, url


@pytest.fixture
def clinic(open_clinic: tuple[Clinic, str]) -> Clinic:
    """The clinic, with nothing in its post yet."""
    open_clinic[0].reset()
    return open_clinic[0]


@pytest.fixture
def clinic_url(clinic: Clinic, open_clinic: tuple[Clinic, str]) -> str:
    return open_clinic[1]


@pytest.fixture(scope="session")
def quiet_carrier(open_clinic: tuple[Clinic, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One carrier for all tests of calls that it refuses: they leave nothing behind."""
    log = tmp_path_factory.mktemp("carrier") / "carrier.db"
    with running(create_app(options(open_clinic[1], log))) as url:
        yield url


@pytest.fixture
def carrier(clinic_url: str, tmp_path: Path) -> Carriers:
    """`with carrier(script=…, weather=…) as base_url:`, on one log for the whole test; `crash`: it ends by SIGKILL."""

    @contextmanager
    def serve(script: Script = Script.QUIET, *, crash: bool = False, **more: Any) -> Iterator[str]:
        given = options(clinic_url, tmp_path / "carrier.db", script=script, **more)
        with killed(given) if crash else running(create_app(given)) as url:
            yield url

    return serve
