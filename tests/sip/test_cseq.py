"""CSeq values."""

import pytest

from sipproxy.errors import MessageError
from sipproxy.sip.cseq import CSeq


@pytest.mark.parametrize("text", ["7 INVITE", " 7  INVITE ", "\r\n 7\tINVITE\r\n ", "7\r\n INVITE"])
def test_parts(text: str) -> None:
    assert CSeq.parse(text) == CSeq("7", "INVITE")
    assert str(CSeq.parse(text)) == "7 INVITE"


@pytest.mark.parametrize("text", ["", "7", "7 ", "7 INVITE x"])
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        CSeq.parse(text)
