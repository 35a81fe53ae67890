"""Contacts: when one is over, and how a socket is written."""

import pytest

from sipproxy.core.contact import DELETED, PERMANENT, Contact, socket_text


def contact(expires: int) -> Contact:
    return Contact("sip:a@b", "r", expires, -1, "c", 1, "", "", "", None, 0, 0, 0, "", 0, -1, 0)


@pytest.mark.parametrize(
    ("expires", "valid"), [(101, True), (100, False), (99, False), (PERMANENT, True)]
)
def test_a_contact_is_valid_before_its_last_second(expires: int, valid: bool) -> None:
    assert contact(expires).is_valid(100) is valid


def test_a_deleted_contact_is_over() -> None:
    assert not contact(DELETED).is_valid(1_000_000_000)


@pytest.mark.parametrize(
    ("socket", "text"),
    [
        (("udp", "127.0.0.1", 5060), "udp:127.0.0.1:5060"),
        (("tls", "::1", 5061), "tls:[::1]:5061"),
        (("tcp", "[::1]", 1), "tcp:[::1]:1"),
    ],
)
def test_sockets_as_text(socket: tuple[str, str, int], text: str) -> None:
    assert socket_text(socket) == text
