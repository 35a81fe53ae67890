"""A whole replay, from files to what is known at the end."""

from functools import partial
from pathlib import Path

import pytest

from sipproxy.program import load_text
from sipproxy.replay.capture import Datagram, Packet
from sipproxy.replay.data import as_data
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.records import CaptureError
from sipproxy.replay.run import Captures, Kept, replay
from sipproxy.testing.messages import Messages

ME, PHONE = ("192.0.2.100", 5060), ("192.0.2.1", 5060)
CFG = """
loadmodule "sl.so"
request_route { sl_send_reply("403", "No"); }
"""


@pytest.fixture
def captures(tmp_path: Path) -> list[str]:
    """Two captures of three registrations each, the later one first."""
    messages = Messages()
    paths = [str(tmp_path / name) for name in ("later.pcap", "early.pcap")]
    for path, start in zip(paths, (2000.0, 1000.0), strict=True):
        with PcapWriter(path) as writer:
            for number in range(3):
                writer.add(
                    start + number, PHONE, ME, messages.register("a", source="192.0.2.1:5060")
                )
    return paths


def test_captures_in_their_order_and_our_address_guessed(captures: list[str]) -> None:
    found = replay(load_text(CFG), captures)
    assert [capture.path for capture in found.captures] == captures[::-1]
    assert found.me == [ME] and found.found.startswith("guessed")
    assert (found.frames, found.player.fed, found.player.tally.late) == (6, 6, 0)
    assert not found.unread and not found.is_open_loop
    assert found.player.sources["192.0.2.1"].rejected == 6


def test_what_does_not_fit_into_memory_is_read_twice(
    captures: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    once = as_data(replay(load_text(CFG), captures))
    monkeypatch.setattr("sipproxy.replay.run.Kept", partial(Kept, 2000))
    assert as_data(replay(load_text(CFG), captures)) == once


def test_packets_are_kept_as_long_as_there_is_room() -> None:
    kept = Kept(1200)
    packet = Packet(1, 0.0, Datagram(PHONE, ME, b"x" * 50))
    kept.begin()
    kept.take(packet)
    kept.take(packet)
    assert kept.captures == [[packet, packet]]
    kept.begin()
    kept.take(packet)
    assert kept.is_over
    assert not any(kept.captures)


def test_a_file_that_is_no_capture(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot read"):
        replay(load_text(CFG), [str(tmp_path / "none.pcap")])


def test_captures_are_looked_at_once_and_played_often(captures: list[str]) -> None:
    looked = Captures(captures)
    once, again = looked.play(load_text(CFG)), looked.play(load_text(CFG))
    other = looked.play(load_text(CFG.replace("403", "200")), me=[ME])
    assert as_data(once) == as_data(again)
    assert once.seconds > 0.0
    assert other.player.sources["192.0.2.1"].accepted == 6
    with pytest.raises(ValueError, match="before that epoch"):
        looked.play(load_text(CFG), epoch=1001.0)
