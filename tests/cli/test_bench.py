"""`outreach bench`: its figures add up, its database is thrown away, and it never touches the clinic's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import create_engine, text

from outreach.cli import bench, bench_place
from outreach.cli.bench_meter import Cpu, Meter, cpu_of
from outreach.cli.bench_run import Run
from outreach.errors import ConflictError, SettingError
from outreach.settings import Settings
from outreach.workspace import Workspace
from tests.cli.typed import typed
from tests.postgres import Postgres


def test_a_tiny_bench_adds_up_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    done = typed("bench", "--people", "12", "--runs", "1", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["database"], found["messages"], found["pace"]) == ("sqlite", 12, 0)
    assert all(found[name] > 0 for name in ("planned", "whole_cycle", "whole_cycle_cpu", "receipts", "texts"))
    assert list((tmp_path / "temporary").iterdir()) == []
    assert [each.name for each in tmp_path.iterdir()] == ["temporary"]  # no workspace was made in passing


def test_the_database_it_makes_on_a_server_is_thrown_away(postgres: Postgres) -> None:
    clinic = Settings(_env_file=None)
    with bench_place._database(postgres.url, Path()) as url:
        assert url != postgres.url
        bench_place.refuse_known(url, clinic)
    engine = create_engine(postgres.url)
    with engine.connect() as connection:
        left = connection.scalar(text("SELECT count(*) FROM pg_database WHERE datname LIKE 'outreach_bench_%'"))
    engine.dispose()
    assert left == 0


def test_the_clinics_own_database_and_any_with_something_in_it_are_refused(workspace: Workspace) -> None:
    with pytest.raises(ConflictError, match="the clinic's own database"):
        bench_place.refuse_known(workspace.settings.database, workspace.settings)
    with pytest.raises(ConflictError, match="not empty"):
        bench_place.refuse_known(workspace.settings.database, Settings(_env_file=None))


@pytest.mark.parametrize("url", ["sqlite:///clinic.db", "mysql://there", "there"])
def test_only_a_server_of_postgresql_is_taken(url: str) -> None:
    with pytest.raises(SettingError, match="postgresql"), bench_place._database(url, Path()):
        pass


def test_nothing_of_the_clinics_providers_or_keys_reaches_the_throw_away_clinic() -> None:
    real = {"twilio": {"account_sid": "AC1", "token": "real", "from": "+1", "connections": "7"}, "fcm": {"pace": "1"}}
    clinic = Settings(_env_file=None).model_copy(update={"providers": real, "batch": 50, "clinic": "Real"})
    with bench_place.a_ground(clinic, address="127.0.0.2") as ground:
        made = ground.workspace.settings
        assert set(made.providers) == {"twilio"}
        assert made.providers["twilio"]["connections"] == "7"  # what decides how fast it is
        assert (made.batch, ground.env["OUTREACH_BATCH"], made.clinic) == (50, "50", "Sunrise")
        assert "real" not in repr(made.providers)
        assert ground.env["OUTREACH_PROVIDERS__TWILIO__API_BASE"].startswith("https://127.0.0.2:")
        certified = x509.load_pem_x509_certificate(ground.certificate.read_bytes()).extensions
        names = certified.get_extension_for_class(x509.SubjectAlternativeName).value
        assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == [ground.address]


def test_rates_and_costs_follow_from_what_was_counted(workspace: Workspace) -> None:
    run = Run(500, planned_in=0.5, seconds=2.0, cpu=Cpu(0.4, 0.1))
    assert (run.rate, run.cpu.each(500)) == (250, 1.0)
    assert Cpu(3.0, 2.0) - Cpu(1.0, 0.5) == Cpu(2.0, 1.5)
    assert Cpu(3.0, None).each(1000) == 3.0
    assert bench._pace(Settings(_env_file=None)) == 0
    meter = Meter(workspace.database, [os.getpid()])
    before = meter.read()
    sum(place * place for place in range(400_000))
    spent = meter.read() - before
    assert 0 < spent.ours <= cpu_of(os.getpid())
    assert spent.database is not None
    assert spent.database >= 0
