"""Plans of a whole country, counted beside the pages that show them.

A plan of few people is counted while its page is asked for. Of a crowd (`reach.CROWD`) that takes seconds: then it is
counted on a thread of its own, one at a time, the page says so and comes again, and what was counted is shown with its
moment. Whatever is changed in the campaign or its texts has no plan yet, so a kept one never speaks of other words; it
is counted anew when it is older than a minute and not shown at all after ten. A launch asks the database itself.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from outreach.audience.tables import Person
from outreach.campaigns import content, forecast
from outreach.campaigns.content import Content
from outreach.campaigns.forecast import Forecast
from outreach.campaigns.reach import CROWD
from outreach.store import dialects
from outreach.workspace import Workspace

FRESH = timedelta(minutes=1)
OLDEST = timedelta(minutes=10)
MOST = 20  # plans kept; those that nobody looked at for longest go

Key = tuple[str, str]  # the campaign's name and the hash of all its words


@dataclass(frozen=True, slots=True)
class Planned:
    """A campaign's words as they stand, and their plan; None while it is being counted for the first time.

    `again`: it is shown as it was at `plan.at`, and is being counted anew.
    """

    content: Content
    plan: Forecast | None
    again: bool = False


class Plans:
    """The plans that one process keeps, in memory only: they hold three people's texts."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Key, Forecast] = OrderedDict()
        self._counting: dict[Key, Future[Forecast]] = {}
        self._thread = ThreadPoolExecutor(1, "plan")

    @property
    def counting(self) -> list[Future[Forecast]]:
        """What is being counted, or was counted and nobody has asked for yet."""
        with self._lock:
            return list(self._counting.values())

    def of(self, workspace: Workspace, name: str, now: datetime, *, wait: bool = False) -> Planned:
        """The plan of a campaign as its files stand. `wait`: count it now, however long that takes.

        Raises NotFoundError, DefinitionError with every fault, SettingError.
        """
        definition, templates = content.kept(workspace, name)
        said = content.made(definition, templates)
        if wait or not _is_crowd(workspace):
            return Planned(said, forecast.made(workspace, definition, templates))
        key = name, said.digest
        with self._lock:
            self._gather(key)
            known = self._known(key, now)
            if known is not None and now - known.at < FRESH:
                return Planned(said, known)
            if key not in self._counting:
                self._counting[key] = self._thread.submit(forecast.made, workspace, definition, templates)
            return Planned(said, known, again=known is not None)

    def _known(self, key: Key, now: datetime) -> Forecast | None:
        for each in [each for each, plan in self._kept.items() if now - plan.at >= OLDEST]:
            del self._kept[each]
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _gather(self, asked: Key) -> None:
        """Keep what was counted meanwhile. What counting raised is raised to whoever asks for that plan next, once."""
        for key in [key for key, future in self._counting.items() if future.done()]:
            future = self._counting.pop(key)
            if future.exception() is None:
                self._kept[key] = future.result()
            elif key == asked:
                future.result()
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)


def _is_crowd(workspace: Workspace) -> bool:
    with workspace.database.read() as session:
        return dialects.about_rows(session, Person) > CROWD
