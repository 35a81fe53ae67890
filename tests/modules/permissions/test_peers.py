"""Rows of the trusted table."""

import pytest

from sipproxy.modules.permissions.peers import by_source, read_peer


def test_a_row() -> None:
    peer = read_peer(("10.0.0.1", "UDP", r"^sip:a\{2\}@", None, "t", 3), print)
    assert peer is not None
    assert (peer.proto, peer.priority, peer.tag) == (1, 3, "t")
    assert peer.takes(1)
    assert peer.takes(0)
    assert not peer.takes(2)
    assert peer.trusts("sip:aa@b", "sip:x")
    assert not peer.trusts("sip:a@b", "sip:x")


def test_any_transport_and_the_request_uri() -> None:
    peer = read_peer(("10.0.0.1", "any", None, "a+", None, None), print)
    assert peer is not None
    assert peer.priority == 0
    assert peer.takes(6)
    assert peer.trusts("", "sip:a+b")
    assert not peer.trusts("", "sip:aab")


def test_none_is_no_peer() -> None:
    assert read_peer(("10.0.0.1", "None", None, None, None, 0), print) is None


@pytest.mark.parametrize("row", [(None, "udp"), ("10.0.0.1", None), ("10.0.0.1", "carrier pigeon")])
def test_refused(row: tuple[object, object]) -> None:
    with pytest.raises(ValueError, match=r"invalid record|unknown protocol"):
        read_peer((*row, None, None, None, 0), print)


@pytest.mark.parametrize("pattern", [r"\(", "[a", r"a**", r"a\)"])
def test_a_bad_pattern_is_told_and_finds_nothing(pattern: str) -> None:
    told: list[str] = []
    peer = read_peer(("10.0.0.1", "udp", pattern, None, None, 0), told.append)
    assert peer is not None
    assert not peer.trusts("sip:a@b", "sip:x")
    assert told[0].startswith(f"invalid regular expression {pattern}")


def test_order_is_priority_then_row() -> None:
    rows = [("a", 1), ("b", 1), ("c", 9), ("d", 1)]
    peers = [read_peer(("10.0.0.1", "any", None, None, tag, p), print) for tag, p in rows]
    found = by_source(peer for peer in peers if peer is not None)
    assert [peer.tag for peer in found["10.0.0.1"]] == ["c", "a", "b", "d"]
