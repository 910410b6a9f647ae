"""The samples that come with Outreach, and the answers the system gives by itself (stop, start, help, invitation, …).

A clinic may word those answers itself in `templates/outreach/`. That a STOP is confirmed must never hang on a clinic's
typo, so what is missing or faulty there is taken from the samples.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from outreach.channels.contract import Kind
from outreach.errors import DefinitionError, NotFoundError
from outreach.messages import library, templates
from outreach.messages.templates import Body, Openness, RenderError, Template

#: Seconds after which a folder that changes again shows another moment of change, on any file system.
SETTLED = 60.0

_PACKAGE = Path(__file__).resolve().parents[1]


def samples() -> Path:
    """The folder with the shipped `templates/` and `campaigns/`: inside an installed package, else the checkout."""
    shipped = _PACKAGE / "samples"
    return shipped if shipped.is_dir() else _PACKAGE.parent


def copy(name: str, folder: Path) -> bool:
    """Copy the shipped `templates` or `campaigns` into a folder: whole or not at all. False: it has its own already."""
    target = folder / name
    if target.exists():
        return False
    part = folder / f".{name}.part"
    shutil.rmtree(part, ignore_errors=True)  # of a copy that was cut off
    shutil.copytree(samples() / name, part)
    part.rename(target)
    return True


def system_text(
    name: str,
    language: str,
    values: Mapping[str, object],
    folder: Path,
    *,
    fallback: str = "en",
    openness: Openness = Openness.COVERT,
) -> str:
    """An answer of the system in a person's language, as openly as she wants it. `folder` is the workspace.

    In order: the clinic's words in the language, ours in the language, the clinic's in the fallback, ours in the
    fallback, ours in English; the first that can be written. Raises NotFoundError when there is no such answer.
    """
    for body in _candidates(name, (language, fallback, "en"), openness, folder):
        try:
            return templates.compile(body).render(values).text
        except (DefinitionError, RenderError):
            continue
    raise NotFoundError(f"No text for the answer '{name}'. Put one into templates/outreach/{name}.{language}.txt.")


def _candidates(name: str, tongues: Sequence[str], openness: Openness, folder: Path) -> Iterator[Body]:
    clinic, ours = _template(folder, name), _shipped(samples(), name)
    for tongue in tongues:
        for template in (clinic, ours):
            if template and (body := template.choose(Kind.SMS, tongue, tongue, openness)):
                yield body


def _template(folder: Path, name: str) -> Template | None:
    """The answer as a folder words it. Looked at anew whenever its files change: a correction helps at once."""
    place = folder / "templates"
    try:
        stats = [(file.name, file.stat()) for file in _files(place / "outreach").get(name, ())]
    except OSError:
        return None
    return _read(place, name, tuple([(file, stat.st_mtime_ns, stat.st_size) for file, stat in stats]))


def _files(place: Path) -> Mapping[str, Sequence[Path]]:
    """The files of each answer: from memory while the folder stays as it is, unless a change may not show yet."""
    changed = place.stat().st_mtime_ns
    settled = time.time() - changed / 1e9 > SETTLED
    return _remembered(place, changed) if settled else _listed(place)


@lru_cache(maxsize=8)
def _remembered(place: Path, _: int) -> Mapping[str, Sequence[Path]]:
    return _listed(place)


def _listed(place: Path) -> Mapping[str, Sequence[Path]]:
    found: dict[str, list[Path]] = {}
    for file in sorted(place.glob("*.*.txt")):
        found.setdefault(file.name.split(".")[0], []).append(file)
    return found


@lru_cache(maxsize=256)
def _shipped(place: Path, name: str) -> Template | None:
    """The answer as we ship it: looked for once, as nobody changes it while a process runs."""
    return _template(place, name)


@lru_cache(maxsize=256)
def _read(place: Path, name: str, stamp: tuple[tuple[str, int, int], ...]) -> Template | None:
    return library.load_one(place, f"outreach/{name}").templates.get(f"outreach/{name}")
