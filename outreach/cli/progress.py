"""A progress bar for long work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

#: Told how much is done, and of about how much.
Tell = Callable[[int, int], None]


@contextmanager
def progress(title: str, *, hidden: bool) -> Iterator[Tell]:
    """A progress bar on a terminal; elsewhere nothing."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=hidden or not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, about: bar.update(task, completed=done, total=max(about, done))
