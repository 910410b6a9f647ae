"""What an operator copies: every command, setting, path and metric that it names is there, and its shape is right."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from outreach.cli import settings_table
from outreach.cli.commands import COMMANDS
from outreach.doctor import metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SCRIPTS = sorted(DEPLOY.glob("*.sh"))


def read(name: str) -> list[Any]:
    """Every document of a YAML file."""
    return list(YAML(typ="safe").load_all((DEPLOY / name).read_text(encoding="utf-8")))


def known_settings() -> set[str]:
    return set(re.findall(r"`(OUTREACH_[A-Z_]+)`", settings_table.table()))


@pytest.mark.parametrize(
    "path", [path for path in sorted(DEPLOY.rglob("*")) if path.is_file()], ids=lambda path: path.name
)
def test_every_setting_that_is_named_is_one(path: Path) -> None:
    named = set(re.findall(r"OUTREACH_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
    assert named - known_settings() == set()


# --- Kubernetes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", read("kubernetes/outreach.yaml"), ids=lambda each: each["kind"])
@pytest.mark.parametrize("version", ["1.30", "1.33"])
def test_kubernetes_knows_every_field(document: dict[str, Any], version: str) -> None:
    assert kubernetes_validate.validate(document, version, strict=True) == version


def pods() -> Iterator[dict[str, Any]]:
    for document in read("kubernetes/outreach.yaml"):
        if document["kind"] in {"Deployment", "Job"}:
            yield document["spec"]["template"]["spec"]


def test_pods_run_commands_of_ours_as_nobody_on_what_cannot_be_written() -> None:
    asked = set()
    for pod in pods():
        (container,) = pod["containers"]
        asked.add(container["args"][0])
        assert pod["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}
        for probe in ("livenessProbe", "readinessProbe"):
            if probe in container:
                assert container[probe]["httpGet"]["path"] in {"/health", "/ready"}
    assert asked == {"init", "web", "worker", "beat"}
    assert asked <= set(COMMANDS)


def test_pods_find_the_volumes_and_settings_that_the_file_makes() -> None:
    made: dict[str, set[str]] = {}
    for document in read("kubernetes/outreach.yaml"):
        made.setdefault(document["kind"], set()).add(document["metadata"]["name"])
    for pod in pods():
        claims = {
            each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"] if "persistentVolumeClaim" in each
        }
        assert claims <= made["PersistentVolumeClaim"]
        assert pod["containers"][0]["envFrom"] == [
            {"secretRef": {"name": "outreach"}},
            {"configMapRef": {"name": "outreach"}},
        ]


# --- Compose and systemd ---------------------------------------------------------------------------------------------


def test_compose_runs_commands_of_ours_and_names_what_it_mounts() -> None:
    (compose,) = read("compose.yaml")
    ours = {name: each for name, each in compose["services"].items() if each["image"].startswith("outreach")}
    assert {name: each["command"][0] for name, each in ours.items()} == {
        "init": "init",
        "upgrade": "db",
        "web": "web",
        "worker": "worker",
        "beat": "beat",
    }
    assert {each["command"][0] for each in ours.values()} <= set(COMMANDS)
    for each in ours.values():
        assert set(each["depends_on"]) <= set(compose["services"])
        assert {volume.partition(":")[0] for volume in each["volumes"]} <= set(compose["volumes"])
    assert ours["web"]["ports"] == ["127.0.0.1:8000:8000"]  # the proxy's alone


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_command_of_ours(unit: Path) -> None:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(unit, encoding="utf-8")
    program, *words = shlex.split(parsed["Service"]["ExecStart"])
    if program.endswith("/outreach"):
        assert words[0] in COMMANDS
    else:
        assert (DEPLOY / Path(program).name).exists()
    assert parsed["Service"]["NoNewPrivileges"] == "yes"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", [*UNITS, *sorted((DEPLOY / "systemd").glob("*.timer"))], ids=lambda path: path.name)
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    named = tmp_path / unit.name.replace("@.", "@1.")
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(encoding="utf-8"), flags=re.MULTILINE)
    named.write_text(text, encoding="utf-8")
    if unit.suffix == ".timer":
        shutil.copy(unit.with_suffix(".service"), tmp_path)
    done = subprocess.run(["systemd-analyze", "verify", named], capture_output=True, text=True, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if str(tmp_path) in line or unit.stem in line]
    assert [line for line in said if "is not executable" not in line] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_run_and_says_how(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run([script], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "usage" in done.stderr


def test_the_image_runs_as_somebody_without_rights_and_asks_for_a_page_that_is_there() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    words = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0].isupper()]
    final = words[max(place for place, word in enumerate(words) if word[0] == "FROM") :]
    assert ["USER", "10001"] in final
    assert "/health" in text
    assert json.loads(next(rest for name, rest in final if name == "CMD"))[0] in COMMANDS


# --- monitoring ------------------------------------------------------------------------------------------------------


def exposed() -> set[str]:
    """Names of our figures, from the code that makes them."""
    return {f"outreach_{name}" for name in re.findall(r'_gauge\(\s*"(\w+)"', Path(metrics.__file__).read_text())}


@pytest.mark.parametrize("name", ["alerts.yaml", "grafana.json"])
def test_monitoring_asks_for_figures_that_are_there(name: str) -> None:
    text = (DEPLOY / "monitoring" / name).read_text(encoding="utf-8")
    asked = set(re.findall(r"\boutreach_\w+", text))
    assert asked
    assert asked <= exposed()


def test_the_dashboard_shows_every_figure() -> None:
    board = json.loads((DEPLOY / "monitoring" / "grafana.json").read_text(encoding="utf-8"))
    text = json.dumps(board["panels"])
    assert {name for name in exposed() if name not in text} == set()
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_every_alert_says_what_is_wrong_and_how_urgent_it_is() -> None:
    (rules,) = read("monitoring/alerts.yaml")
    for rule in rules["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert len(rule["annotations"]["summary"]) > 20


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_operations_page_names_files_and_commands_that_are_there() -> None:
    text = (DEPLOY / "OPERATIONS.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:systemd|kubernetes|monitoring)/[\w./@-]*|\w+\.(?:sh|yaml|env))`", text):
        assert (DEPLOY / name).exists() or name == "clinic.env", name
    for words in re.findall(r"`outreach ([a-z-]+)", text):
        assert words in COMMANDS
    for path in re.findall(r"`(tests/[\w/]+\.py)`", text):
        assert (DEPLOY.parent / path).exists()
