"""Edits: order, anchors that do not collide, copies that stay apart."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.sip.build import rebuild
from sipproxy.sip.lumps import Edit, Lumps, apply
from sipproxy.sip.message import Message
from sipproxy.sip.way import Leg, Way


@pytest.fixture
def msg(parse: Callable[[bytes], Message], request_of: Callable[..., bytes]) -> Message:
    return parse(request_of(more=b"Subject:  x \r\nX: 1\r\n", body=b"body"))


def _lines(data: bytes) -> list[str]:
    return data.decode().split("\r\n")[1:-2]


def test_order_of_insertions(msg: Message) -> None:
    lumps = Lumps(msg)
    assert not lumps
    subject = msg.rows("subject")[0]
    lumps.append("A: 1\r\n")
    lumps.prepend("B: 1\r\n")
    lumps.insert_after(subject, "C: 1\r\n")
    lumps.remove(subject)
    lumps.insert_before(subject, "D: 1\r\n")
    lumps.append("A: 2\r\n")
    lumps.prepend("B: 2\r\n")
    lumps.insert_after(subject, "C: 2\r\n")
    assert lumps
    assert [line[:4] for line in _lines(rebuild(msg, lumps))] == [
        "B: 1", "B: 2", "Via:", "From", "To: ", "Call", "CSeq",
        "D: 1", "C: 1", "C: 2", "X: 1", "A: 1", "A: 2",
    ]  # fmt: skip
    assert lumps.is_removed(subject)
    assert not lumps.is_removed(msg.rows("x")[0])


def test_values_and_spans(msg: Message) -> None:
    lumps = Lumps(msg)
    lumps.replace_value(msg.rows("subject")[0], "new")
    lumps.replace(0, 7, "INFO")
    built = rebuild(msg, lumps)
    assert built.startswith(b"INFO sip:u@h")
    assert b"\r\nSubject:  new\r\nX: 1\r\n\r\nbody" in built


def test_copies_are_independent(msg: Message) -> None:
    lumps = Lumps(msg)
    lumps.append("A: 1\r\n")
    lumps.append_to_reply("R: 1\r\n")
    twin = lumps.copy()
    twin.append("A: 2\r\n")
    twin.replace_body(b"")
    twin.append_to_reply("R: 2\r\n")
    twin.reply_body = b"x"
    assert (lumps.reply_headers, twin.reply_headers) == ("R: 1\r\n", "R: 1\r\nR: 2\r\n")
    assert b"A: 2" not in rebuild(msg, lumps) and b"A: 2" in rebuild(msg, twin)
    assert (lumps.body, twin.body, lumps.reply_body) == (None, b"", b"")
    assert Lumps(msg).copy().edits == []


def test_a_body_alone_is_an_edit(msg: Message) -> None:
    lumps = Lumps(msg)
    lumps.replace_body(b"other")
    assert lumps
    assert rebuild(msg, lumps).endswith(b"\r\n\r\nother")


def test_overlapping_removals() -> None:
    assert apply("abcdef", [Edit(1, 4, "X"), Edit(2, 3, "Y"), Edit(3, 5, "")]) == "aXYf"


_edit = st.tuples(st.integers(0, 8), st.integers(0, 3), st.text("XY", max_size=2)).map(
    lambda parts: Edit(parts[0], min(8, parts[0] + parts[1]), parts[2])
)


@given(st.lists(_edit, max_size=6))
def test_texts_stay_and_only_what_was_named_goes(edits: list[Edit]) -> None:
    built = apply("abcdefgh", edits)
    removed = {at for edit in edits for at in range(edit.start, edit.end)}
    assert [letter for letter in built if letter in "abcdefgh"] == [
        letter for at, letter in enumerate("abcdefgh") if at not in removed
    ]
    assert sum(built.count(letter) for letter in "XY") == sum(len(edit.text) for edit in edits)


def test_late_texts_are_written_out_for_each_way(msg: Message) -> None:
    ways = [Way(Leg("udp", "a", 1, "a"), Leg("udp", "b", 1, name)) for name in ("one", "two")]
    lumps = Lumps(msg)
    lumps.prepend("A: 1\r\n")
    assert lumps.settled(ways[0]) is lumps
    lumps.prepend_late(lambda way: f"L: {way.sent.shown}\r\n")
    lumps.prepend("B: 1\r\n")
    twin = lumps.copy()
    twin.late.clear()
    for way in ways:
        settled = lumps.settled(way)
        assert not settled.late
        assert _lines(rebuild(msg, settled))[:3] == ["A: 1", f"L: {way.sent.shown}", "B: 1"]
    assert len(lumps.late) == 1


def test_a_late_text_before_a_row_or_behind_the_last(msg: Message) -> None:
    way = Way(Leg("udp", "a", 1, "a"), Leg("udp", "b", 1, "out"))
    lumps = Lumps(msg)
    row = msg.rows("to")[0]
    lumps.insert_late(row, lambda way: f"L: {way.sent.shown}\r\n")
    lumps.insert_late(None, lambda way: "M: 1\r\n")
    lines = _lines(rebuild(msg, lumps.settled(way)))
    assert lines[lines.index("L: out") + 1].startswith("To:")
    assert [line for line in lines if line][-1] == "M: 1"
