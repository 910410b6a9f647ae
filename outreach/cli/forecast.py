"""A campaign's forecast on a terminal of 80 columns: the summary first, then who, when, how much, and three texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from outreach.campaigns.drains import Drain
from outreach.campaigns.examples import Example
from outreach.campaigns.forecast import Forecast, Local, Refused
from outreach.campaigns.reckon import Amount, Gap
from outreach.channels.contract import Kind
from outreach.cli.terminal import many, moment
from outreach.messages.status import Refusal

MOST_ROWS = 10  # of days and of zones; --json has all of them

WHY: dict[Refusal | Gap, str] = {
    Refusal.NO_CONSENT: "did not agree to the topic, or paused it",
    Refusal.STOPPED: "said STOP",
    Refusal.NO_ENDPOINT: "cannot be reached by any channel",
    Refusal.QUARANTINED: "the number may have changed hands",
    Refusal.OUTSIDE_HOURS: "no lawful hour before it expires",
    Gap.MISSING_FIELD: "lack a field that the text needs",
    Gap.MISSING_DATE: "lack the date that steps hang on",
}


def show(console: Console, found: Forecast, zone: str) -> None:
    """Print the whole forecast. `zone`: the clinic's."""
    summary(console, found, zone)
    _block(console, "Not sent", _refused(found.refused))
    _block(console, "When, on the clocks of the people", _zones(found.zones))
    _block(console, "Steps", _amounts("step", found.steps.items(), found))
    days = [(f"{day.day:%a %d %b %Y}", day.total) for day in found.days]
    _block(console, "Days", _amounts("day", days[:MOST_ROWS], found), _more(len(days), "day"))
    _block(console, "Time to send the busiest day", *map(_drain, found.drains))
    _block(console, "Cannot be written", *_unwritten(found))
    _block(console, "Examples", *map(_example, found.examples))


def summary(console: Console, found: Forecast, zone: str) -> None:
    """Print what a launcher must know before the launch."""
    about = "" if found.exact else "about "
    far = "" if found.ends else ", and it goes on after that"
    table = _grid()
    table.add_row("People", f"{found.people:,}", _languages(found))
    table.add_row("Messages", f"{found.total.messages:,}", f"until {moment(found.until, zone)}{far}")
    table.add_row("Parts", f"{found.total.parts:,}", _measured(found))
    table.add_row("Cost", f"{found.total.cost:,.2f}", f"{about}{found.currency}{_fallbacks(found)}")
    console.print(Text.assemble((found.title, "bold"), f" ({found.campaign}), topic {found.topic}"))
    console.print(f"If it were launched now, {moment(found.at, zone)}; nothing is sent by looking.\n")
    console.print(table)


def _languages(found: Forecast) -> str:
    return ", ".join(f"{language} {n:,}" for language, n in found.languages.items())


def _measured(found: Forecast) -> str:
    if found.exact:
        return "exact: every text was written"
    return f"an estimate: texts of {many(found.sampled, 'person', 'people')} were written"


def _fallbacks(found: Forecast) -> str:
    more = found.fallbacks
    if not more.messages:
        return ""
    return f"; at most {more.cost:,.2f} more, if {many(more.messages, 'push', 'pushes')} stay unread"


def _block(console: Console, title: str, *parts: RenderableType | None) -> None:
    shown = [part for part in parts if part is not None]
    if shown:
        console.print()
        console.print(Text(title, style="bold"))
        console.print(Padding(Group(*shown), (0, 0, 0, 2)))


def _grid() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    return table


def _table(*titles: str, right: Iterable[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in titles:
        table.add_column(title, justify="right" if title in right else "left", no_wrap=title in right)
    return table


def _refused(refused: Iterable[Refused]) -> Table | None:
    table = _table("people", "messages", "why", right={"people", "messages"})
    for each in refused:
        named = f" ({each.name})" if each.name else ""
        people = "" if each.people is None else f"{each.people:,}"
        table.add_row(people, f"{each.messages:,}" if each.messages else "", f"{WHY[each.reason]}{named}")
    return table if table.row_count else None


def _zones(zones: tuple[Local, ...]) -> Group | None:
    table = _table("people", "first", "last", "zone", right={"people", "first", "last"})
    for each in zones[:MOST_ROWS]:
        first, last = (f"{at:%d %b %Y %H:%M}" if at else "nothing" for at in (each.first, each.last))
        table.add_row(f"{each.people:,}", first, last, Text(each.zone.replace("|", " or ")))
    more = _more(len(zones), "zone")
    return Group(table, *([more] if more else [])) if zones else None


def _more(rows: int, noun: str) -> Text | None:
    if rows <= MOST_ROWS:
        return None
    return Text(f"… and {many(rows - MOST_ROWS, 'more ' + noun)}: --json", style="dim")


def _amounts(title: str, rows: Iterable[tuple[str, Amount]], found: Forecast) -> Table | None:
    table = _table(title, "messages", "parts", found.currency, right={"messages", "parts", found.currency})
    for name, each in rows:
        table.add_row(name, f"{each.messages:,}", f"{each.parts:,}", f"{each.cost:,.2f}")
    return table if table.row_count else None


def _drain(drain: Drain) -> Text:
    load = many(drain.messages, "message")
    if drain.kind is Kind.SMS:
        load += f" in {many(drain.parts, 'part')}"
    line = Text(f"{drain.kind}: {drain.day:%a %d %b}, {load}, ")
    if drain.hours is None:
        return line.append(f"but no provider for {drain.kind} is set up", style="bold red")
    line.append(f"{_length(drain.hours)} by {', '.join(drain.senders)}")
    if drain.hours > drain.expires:
        line.append(f"; what waits longer than {_length(drain.expires)} expires unsent", style="bold red")
    return line


def _length(hours: float) -> str:
    if hours < 1 / 60:
        return "under a minute"
    return f"{hours:,.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"


def _unwritten(found: Forecast) -> Iterator[Text]:
    for each in found.unwritten:
        looked_at = f"{each.people:,} of {many(found.sampled, 'person', 'people')} looked at"
        yield Text(f"{each.step}, for {looked_at}: {each.problem}", style="red")


def _example(example: Example) -> Group:
    parts = f", {many(example.parts, 'part')}" if example.kind is Kind.SMS else ""
    head = f"{example.pseudonym}: {example.language}, {example.openness}, {example.zone}"
    when = f"{example.step} by {example.kind}{parts}, {example.at:%a %d %b %H:%M} on her clock"
    text = f"{example.title}\n{example.text}" if example.title else example.text
    return Group(Text(head, style="cyan"), Text(when, style="dim"), Text(text), Text())
