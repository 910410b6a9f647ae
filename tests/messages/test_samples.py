"""The answers the system gives by itself, whatever a clinic has done to its files."""

import os
from pathlib import Path

import pytest

from outreach.errors import NotFoundError
from outreach.messages import checks, library, samples

VALUES = {"clinic": "Sunrise"}


def put(folder: Path, **files: str) -> Path:
    place = folder / "templates" / "outreach"
    place.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (place / f"{name.replace('_', '.')}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Samples of our own making, as a wheel would hold them."""
    folder = put(
        tmp_path / "ours", stop_en="Ours: stopped. {{ clinic }}", stop_sw="Letu: sawa. {{ clinic }}", rare_en="Ours"
    )
    monkeypatch.setattr(samples, "samples", lambda: folder)
    return folder


ANSWERS = [
    ("the clinic's words in her language", {"stop_sw": "Sawa {{ clinic }}"}, "sw", "Sawa Sunrise"),
    ("the clinic's covert words", {"stop_sw": "wazi", "stop_sw_covert": "siri"}, "sw", "siri"),
    ("ours where the clinic has none", {}, "sw", "Letu: sawa. Sunrise"),
    ("ours in her language before the clinic's in another", {"stop_fr": "Bien"}, "sw", "Letu: sawa. Sunrise"),
    ("the clinic's fallback", {"stop_fr": "Bien"}, "lg", "Bien"),
    ("ours in English at last", {}, "lg", "Ours: stopped. Sunrise"),
    ("a typo in the clinic's braces", {"stop_sw": "Sawa {{ clinic"}, "sw", "Letu: sawa. Sunrise"),
    ("a loop in the clinic's file", {"stop_sw": "{% for a in b %}{% endfor %}"}, "sw", "Letu: sawa. Sunrise"),
    ("a field that the clinic made up", {"stop_sw": "{{ clinc }}"}, "sw", "Letu: sawa. Sunrise"),
    ("an empty file", {"stop_sw": "\n"}, "sw", "Letu: sawa. Sunrise"),
    ("her region", {"stop_sw": "Sawa"}, "sw-TZ", "Sawa"),
]


@pytest.mark.parametrize(("label", "files", "language", "text"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_an_answer_is_always_found(
    tmp_path: Path, ours: Path, label: str, files: dict[str, str], language: str, text: str
) -> None:
    folder = put(tmp_path / "clinic", **files)
    assert samples.system_text("stop", language, VALUES, folder, fallback="fr") == text


def test_a_file_in_the_wrong_encoding_does_not_keep_a_stop_from_being_confirmed(tmp_path: Path, ours: Path) -> None:
    folder = put(tmp_path / "clinic")
    (folder / "templates" / "outreach" / "stop.sw.txt").write_bytes(b"\xff\xfe\x00")
    assert samples.system_text("stop", "sw", VALUES, folder) == "Letu: sawa. Sunrise"


def test_no_workspace_at_all_is_no_hindrance(tmp_path: Path, ours: Path) -> None:
    assert samples.system_text("rare", "sw", {}, tmp_path / "nowhere") == "Ours"


def test_a_correction_helps_at_once(tmp_path: Path, ours: Path) -> None:
    folder = put(tmp_path / "clinic", stop_sw="Sawa {{ clinc }}")
    assert samples.system_text("stop", "sw", VALUES, folder) == "Letu: sawa. Sunrise"
    file = folder / "templates" / "outreach" / "stop.sw.txt"
    file.write_text("Sawa {{ clinic }}", encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert samples.system_text("stop", "sw", VALUES, folder) == "Sawa Sunrise"


def test_words_in_another_language_help_at_once_in_a_folder_that_stood_for_years(tmp_path: Path, ours: Path) -> None:
    folder = put(tmp_path / "clinic", stop_fr="Bien")
    place = folder / "templates" / "outreach"
    os.utime(place, ns=(1, 1))
    assert samples.system_text("stop", "lg", VALUES, folder, fallback="fr") == "Bien"
    put(folder, stop_lg="Kale")
    assert samples.system_text("stop", "lg", VALUES, folder, fallback="fr") == "Kale"
    (place / "stop.lg.txt").unlink()
    assert samples.system_text("stop", "lg", VALUES, folder, fallback="fr") == "Bien"


def test_an_answer_there_is_not_says_where_to_write_it(tmp_path: Path, ours: Path) -> None:
    with pytest.raises(NotFoundError, match=r"templates/outreach/nothing\.sw\.txt"):
        samples.system_text("nothing", "sw", {}, tmp_path)


def test_in_a_checkout_the_samples_are_its_own_folders() -> None:
    assert (samples.samples() / "pyproject.toml").is_file()


def test_in_a_wheel_the_samples_are_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "samples").mkdir()
    monkeypatch.setattr(samples, "_PACKAGE", tmp_path)
    assert samples.samples() == tmp_path / "samples"


@pytest.mark.parametrize("name", ["answer", "help", "invitation", "joined", "start", "stop"])
@pytest.mark.parametrize("language", ["en", "fr", "sw", "es", "pt"])
def test_every_shipped_answer_is_sound_and_says_something_of_its_own(tmp_path: Path, name: str, language: str) -> None:
    template = library.load(samples.samples() / "templates").get(f"outreach/{name}")
    assert (
        checks.check(
            template,
            known={"clinic", "by"},
            languages=[language],
            fallback=language,
            sensitive=False,
            part_limit=2,
            stop_words=("STOP", "CANCEL", "END", "QUIT"),
        )
        == []
    )
    values = {"clinic": "Sunrise", "by": "today by 17:00"}
    text = samples.system_text(name, language, values, tmp_path)
    assert "Sunrise" in text or "17:00" in text
    assert language == "en" or text != samples.system_text(name, "en", values, tmp_path)
