"""The cfg in a report: hits, decisions, masked passwords, bounds."""

import pytest

from sipproxy.core.tracing import Hits
from sipproxy.program import load_text
from sipproxy.replay.gather import Gathered
from sipproxy.replay.html.listing import MOST_LINES, Listing, shown_line
from sipproxy.replay.run import Replayed


@pytest.fixture
def listing(attack: tuple[Replayed, Gathered]) -> Listing:
    replayed, gathered = attack
    return Listing(replayed.player.proxy.program.config, gathered)


def test_each_line_has_what_ran_and_what_it_decided(listing: Listing) -> None:
    (file,) = listing.files
    rows = {row.number: row for row in file.rows if row is not None}
    assert {at: row.hits for at, row in rows.items() if row.hits is not None} == {
        **{10: 64, 11: 50, 12: 50, 14: 14, 15: 0, 17: 14},
    }
    assert (rows[11].decided, rows[11].blocks) == ("429 × 50", True)
    assert (rows[17].decided, rows[17].blocks) == ("200 × 14", False)
    assert rows[10].heat > rows[17].heat > rows[15].heat == 0
    assert (file.statements, file.reached, file.left_out) == (6, 5, 0)


def test_remarks_are_told_from_directives(listing: Listing) -> None:
    rows = {row.number: row for row in listing.files[0].rows if row is not None}
    assert rows[8].is_remark and not rows[7].is_remark and not rows[10].is_remark


def test_links_lead_to_lines_that_are_shown(listing: Listing) -> None:
    assert listing.anchor("edge.cfg:11") == "L0-11"
    assert listing.anchor("edge.cfg:999") == listing.anchor("") == ""


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('modparam("auth_db", "db_url", "mysql://u:pw@h/d")', None),
        ('#!define DBURL "postgres://u:pw@h/d"', None),
        ('modparam("auth", "secret", "pw")', None),
        ('#!define DB_PASSWORD "pw"', None),
        ('modparam("app", "api_secret" , "pw")', None),
        ('sl_send_reply("200", "pwd");', 'sl_send_reply("200", "pwd");'),
        ('$var(x) = "sip:u@h";', '$var(x) = "sip:u@h";'),
    ],
)
def test_passwords_are_masked(line: str, shown: str | None) -> None:
    assert shown_line(line) == (shown or line.replace("pw", "***"))


def test_of_a_long_cfg_what_lies_far_from_what_ran_is_left_out() -> None:
    text = "# far\n" * (2 * MOST_LINES) + "request_route {\n    exit;\n}\n"
    gathered = Gathered()
    gathered.hits = hits = Hits()
    place = 2 * MOST_LINES + 2
    hits.counts[hits.number("long.cfg", place, 5)] += 1
    (file,) = Listing(load_text(text, file="long.cfg").config, gathered).files
    assert [None if row is None else row.number for row in file.rows] == [
        *range(place - 4, place + 2)
    ]
    assert file.left_out == 2 * MOST_LINES + 3 - 6


def test_lines_that_never_end_are_cut() -> None:
    assert len(shown_line("x" * 10_000)) < 500
