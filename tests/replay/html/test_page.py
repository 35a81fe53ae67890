"""The whole page: what it says, that it is safe, and how large it becomes."""

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from sipproxy.replay.gather import Gathered
from sipproxy.replay.html import MOST_BYTES, render, write
from sipproxy.replay.html.page import ReportError
from sipproxy.replay.run import Replayed
from sipproxy.replay.verdicts import Blocking

Replaying = Callable[..., tuple[Replayed, Gathered]]
AGENT, USER = '"><img src=x onerror=alert(1)>', "<script>alert('boo')</script>"


class Elements(HTMLParser):
    """The elements of a page, and the attributes that lead somewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        if tag not in ("meta", "link"):
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                assert value not in self.ids
                self.ids.add(value or "")


def test_the_first_words_are_the_answer(page: str) -> None:
    words = re.sub(r"<[^>]*>", "", page[page.index("<h1") : page.index("</h1>")])
    assert words == "1 of 2 known good users would have been blocked"


def test_no_script_no_inline_style_nothing_from_elsewhere(page: str) -> None:
    elements = Elements(page)
    assert elements.open == []
    assert not elements.names & {"script", "img", "iframe", "object", "embed", "form", "base"}
    assert "style" not in elements.attributes
    assert not any(name.startswith("on") for name in elements.attributes)
    assert all(link.startswith("#") or link == "data:," for link in elements.links)
    assert {link[1:] for link in elements.links if link.startswith("#")} <= elements.ids


def test_the_policy_allows_this_style_and_nothing_else(page: str) -> None:
    style = page[page.index("<style>") + 7 : page.index("</style>")]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    rules = policy.replace("&#39;", "'").replace("&#43;", "+").split("; ")
    assert rules[0] == "default-src 'none'"
    assert f"style-src 'sha256-{digest}'" in rules


def test_texts_of_packets_are_escaped(page: str) -> None:
    assert "&lt;script&gt;alert(&#39;boo&#39;)&lt;/script&gt;" in page
    assert "&#34;&gt;&lt;img src=x onerror=alert(1)&gt;\N{REPLACEMENT CHARACTER}[2J" in page
    assert "<script" not in page and "<img" not in page and "\x1b" not in page


def test_passwords_of_the_cfg_are_not_there(page: str) -> None:
    assert "mysql://kam:***@db/kamailio" in page
    assert "opensesame" not in page and "not for you" not in page


def test_nobody_known_good_and_nobody_blocked(replaying: Replaying) -> None:
    def nobody(traffic: Any) -> None:
        traffic.ask(0, "192.0.2.1", "alice", method="OPTIONS")

    def somebody(traffic: Any) -> None:
        traffic.ask(0, "192.0.2.1", "alice")

    assert "<b>Nobody is known good</b>" in render(*replaying(nobody), 0.1)
    text = render(*replaying(somebody), 0.1)
    assert "<b>No good user</b> would have been blocked" in text
    assert "Every answer that the captures show is the same here." in text


def test_an_empty_capture(replaying: Replaying) -> None:
    assert "Nothing was sent to us" in render(*replaying(lambda traffic: None), 0.1)


def test_what_counts_as_blocked_is_said(replaying: Replaying, page: str) -> None:
    assert "<td>400 and above but 401 and 407, and silence</td>" in page
    found = replaying(lambda traffic: None, blocking=Blocking.parse("403,silence"))
    assert "<td>403,silence</td>" in render(*found, 0.1)


def test_stubs_are_listed_and_what_came_by_them_is_marked(replaying: Replaying) -> None:
    cfg = (
        'loadmodule "sl.so"\nloadmodule "dispatcher.so"\nrequest_route {\n'
        '    if (!ds_select_dst("1", "4")) { sl_send_reply("503", "No"); exit; }\n}\n'
    )
    found = replaying(lambda traffic: traffic.ask(0, "192.0.2.1", "alice"), cfg)
    text = render(*found, 0.1)
    assert "1 verdicts came by a" in text
    assert "<code>ds_select_dst</code>" in text
    assert "<em>stub ds_select_dst</em>" in text


def test_many_sources_stay_within_the_bound_and_what_is_left_out_is_said(
    replaying: Replaying,
) -> None:
    def flood(traffic: Any) -> None:
        for number in range(2500):
            host = f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"
            traffic.ask(number / 10, host, "<" * 200, agent="&" * 400)

    text = render(*replaying(flood), 0.1)
    assert len(text.encode()) < MOST_BYTES
    assert re.search(r"Of \d[\d\u202f]* sources only the row is shown", text)
    assert re.search(r"\d more sources are left out", text)


def test_the_worst_of_everything_stays_within_the_bound(replaying: Replaying) -> None:
    """A long cfg, tables full of long keys, many good users blocked: all of it to be escaped."""
    tables = [f"t{number}" for number in range(45)]
    declared = (f'modparam("htable", "htable", "{name}=>size=8")\n' for name in tables)
    writes = (f"$sht({name}=>$fU$ua) = $ua + $fU;\n" for name in tables)
    remarks = f"# {'<' * 390}\n" * 5900
    cfg = (
        'loadmodule "pv.so"\nloadmodule "sl.so"\nloadmodule "htable.so"\n'
        f"{''.join(declared)}{remarks}"
        f'request_route {{\n{"".join(writes)}sl_send_reply("403", "No");\n}}\n'
    )

    def fill(traffic: Any) -> None:
        for number in range(300):
            host = f"198.18.{number // 250}.{number % 250}"
            traffic.ask(number / 10, host, f"{number}{'&' * 300}", agent="&" * 300)

    text = render(*replaying(fill, cfg), 0.1)
    assert 3_000_000 < len(text.encode()) < MOST_BYTES
    assert "100 more are left out here" in text
    assert re.search(r"\d lines are left out", text)


def test_the_same_replay_gives_the_same_page(
    replaying: Replaying, attack: tuple[Replayed, Gathered], page: str
) -> None:
    assert render(*attack, 0.5) == page


def test_writing(attack: tuple[Replayed, Gathered], tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    assert write(str(path), *attack, 0.5) == path.stat().st_size
    with pytest.raises(ReportError, match=r"cannot write .*: No such file or directory"):
        write(str(tmp_path / "none" / "a.html"), *attack, 0.5)
