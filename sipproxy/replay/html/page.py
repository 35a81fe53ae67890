"""The page, part by part: what is shown of a replay, and how much of it.

The whole is bounded by `MOST_BYTES`: sources are shown in the order in which they matter, whole
while there is room, then as a row, then counted.
"""

import shlex
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sipproxy import __version__
from sipproxy.errors import SipproxyError
from sipproxy.replay.data import about, totals
from sipproxy.replay.gather import Gathered, Kind, Seen, Story
from sipproxy.replay.html import charts
from sipproxy.replay.html.listing import Listing
from sipproxy.replay.html.tables import shown_tables
from sipproxy.replay.html.text import count, legible, short, show_moment
from sipproxy.replay.people import Person
from sipproxy.replay.report import passwords
from sipproxy.replay.run import Replayed
from sipproxy.replay.show import show_address
from sipproxy.replay.verdicts import Decision, Source
from sipproxy.text import encode

MOST_BYTES = 5_000_000
_ROOM_FOR_SOURCES = 1_900_000
_ROOM_FOR_DETAILS = 1_500_000
_MOST_PEOPLE = 200
_MOST_NAMES = 10


class ReportError(SipproxyError):
    """The report cannot be written; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A source as the page shows it."""

    name: str
    source: Source
    story: Story
    good: int
    good_blocked: int
    strip: tuple[str, str] | None

    @property
    def rank(self) -> tuple[int, int, int, str]:
        """What comes first: good users blocked, then blocked requests, then busy ones."""
        source = self.source
        return -self.good_blocked, -source.blocked, -source.requests.total(), self.name

    @property
    def first_blocked(self) -> Decision | None:
        """The first request of it that was blocked, if it is kept."""
        first = self.source.first_blocked
        if first is None:
            return None
        place = first.packet, first.time
        return next((row for row in self.story.rows if (row.packet, row.time) == place), None)

    @property
    def names(self) -> list[tuple[str, int]]:
        """The users that it tried most."""
        return self.source.users.most_common(_MOST_NAMES)

    @property
    def agents(self) -> list[tuple[str, int]]:
        """Its most frequent user agents."""
        return self.source.agents.most_common(_MOST_NAMES)


def write(path: str, replayed: Replayed, gathered: Gathered, seconds: float) -> int:
    """Write the report, and answer its size in bytes; raises ReportError.

    `seconds` is how long the replay took.
    """
    data = encode(render(replayed, gathered, seconds))
    try:
        with open(path, "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise ReportError(f"cannot write {path}: {error.strerror}") from None
    return len(data)


def render(replayed: Replayed, gathered: Gathered, seconds: float) -> str:
    """The whole page."""
    player, people = replayed.player, replayed.player.people
    environment = _environment()
    style, _, _ = environment.loader.get_source(environment, "style.css")  # type: ignore[union-attr]
    listing = Listing(player.proxy.program.config, gathered)
    environment.globals |= {
        "anchor": listing.anchor,
        "captures": [capture.path for capture in replayed.captures],
        "cfg": player.proxy.program.file,
    }
    known = people.known_good()
    blocked = sorted(
        (person for person in known if person.blocked), key=lambda person: -person.blocked
    )
    broke_in = list(people.broke_in())
    marks = [gathered.marks.get((person.user, person.address), 0) for person in blocked]
    sources = list(_sources(replayed, gathered, known))
    sources.sort(key=lambda shown: shown.rank)
    rows, whole, named = _source_rows(environment, sources)
    return environment.get_template("report.html.j2").render(
        style=Markup(style),
        policy=_policy(style),
        version=__version__,
        report=about(replayed) | {"totals": totals(player.sources.values())},
        replayed=replayed,
        player=player,
        seconds=seconds,
        passwords=list(passwords(replayed)),
        known=len(known),
        blocked=blocked[:_MOST_PEOPLE],
        blocked_count=len(blocked),
        broke_in=broke_in[:_MOST_PEOPLE],
        broke_in_count=len(broke_in),
        first=player.survey.first,
        last=player.survey.last,
        timeline=charts.timeline(gathered, marks),
        differing=_differing(sources),
        sources=Markup(rows),
        source_count=len(sources),
        sources_whole=whole,
        sources_named=named,
        tables=shown_tables(gathered),
        step=charts.show_length(gathered.span.step),
        labels=charts.labels(gathered.span),
        listing=listing,
    )


def _environment() -> Environment:
    """Everything that a template puts out is made legible, then escaped."""
    environment = Environment(
        loader=PackageLoader("sipproxy.replay.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=legible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count,
        "short": short,
        "moment": show_moment,
        "address": show_address,
        "length_of": charts.show_length,
        "command": shlex.join,
    }
    environment.tests["answered"] = lambda kind: kind.verdict == "answered"
    return environment


def _policy(style: str) -> str:
    """Nothing may be loaded or run but this very style."""
    digest = b64encode(sha256(encode(style)).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _sources(replayed: Replayed, gathered: Gathered, known: list[Person]) -> Iterator[ShownSource]:
    good: dict[str, list[Person]] = {}
    for person in known:
        good.setdefault(person.address, []).append(person)
    for name, source in replayed.player.sources.items():
        story = gathered.stories.get(name) or Story()
        users = good.get(name, [])
        hurt = sum(1 for person in users if person.blocked)
        yield ShownSource(name, source, story, len(users), hurt, charts.strip(story.strip))


def _source_rows(environment: Environment, sources: list[ShownSource]) -> tuple[str, int, int]:
    """The rows of the sources as HTML; how many are whole, and how many are there at all."""
    template = environment.get_template("source.html.j2")
    parts: list[str] = []
    size = whole = named = 0
    for shown in sources:
        if size > _ROOM_FOR_SOURCES:
            break
        detailed = size < _ROOM_FOR_DETAILS
        text = template.render(shown=shown, detailed=detailed, kinds=_kinds(shown.story))
        parts.append(text)
        size += len(encode(text))
        named += 1
        whole += detailed
    return "".join(parts), whole, named


def _kinds(story: Story) -> list[tuple[Kind, Seen]]:
    return list(story.told())


def _differing(sources: list[ShownSource]) -> dict[str, Any] | None:
    """Where the replay becomes open-loop: the first difference, and how many sources have one."""
    found: list[Decision] = [
        shown.source.diverged for shown in sources if shown.source.diverged is not None
    ]
    if not found:
        return None
    first = min(found, key=lambda decision: (decision.time, decision.capture, decision.packet))
    return {"first": first, "count": len(found)}
