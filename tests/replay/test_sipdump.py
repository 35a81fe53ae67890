"""Text files of Kamailio's sipdump."""

import io

from sipproxy.replay.sipdump import dumped
from sipproxy.replay.wrapped import Unwrapped

SIP = "OPTIONS sip:a SIP/2.0\r\nTo: x\r\n\r\n"


def record(data: str = SIP, time: str = "1700000000.250000") -> str:
    return (
        "====================\ntag: rcv\npid: 7\nprocess: 1\n"
        f"time: {time}\ndate: Tue Nov 14 22:13:20 2023\nproto: tcp ipv4\n"
        "srcip: 192.0.2.1\nsrcport: 5070\ndstip: 192.0.2.2\ndstport: 5060\n"
        f"~~~~~~~~~~~~~~~~~~~~\n{data}||||||||||||||||||||\n"
    )


def read(text: str) -> list[Unwrapped | str]:
    return list(dumped(io.BytesIO(text.encode())))


def whole(data: str = SIP) -> Unwrapped:
    ends = ("192.0.2.1", 5070), ("192.0.2.2", 5060)
    return Unwrapped(1_700_000_000.25, *ends, "tcp", data.encode())


def test_messages_and_bodies_without_a_line_end() -> None:
    assert read(record() + record(SIP + "body")) == [whole(), whole(SIP + "body")]


def test_what_cannot_be_read() -> None:
    assert read(record(time="now") + record()) == ["broken sipdump record", whole()]
    assert read(record()[:200]) == ["sipdump record without its end"]
    assert read("") == []


def test_a_record_without_end_takes_bounded_room() -> None:
    (found,) = read("====================\n" + "x" * (3 << 20))
    assert found == "sipdump record without its end"
