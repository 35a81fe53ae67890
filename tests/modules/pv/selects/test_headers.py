"""Selects of headers, beside what is recorded from Kamailio in golden/selects.json."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError

REQUEST = """OPTIONS sip:bob@b.example SIP/2.0
Via: SIP / 2.0 / UDP h;branch=z9hG4bK1
From: <sip:a@b>;tag=1
To: <sip:c@d>
Call-ID: 1
CSeq: 1 OPTIONS
Expires: {expires}
Event: {event}

"""


@pytest.mark.parametrize(
    ("expires", "shown"), [("60", "60"), ("  7 ", "7"), ("soon", None), ("-1", None), ("", None)]
)
def test_expires_is_a_number(bench: Any, expires: str, shown: str | None) -> None:
    bench.take(REQUEST.format(expires=expires, event="x"))
    assert bench.value("$sel(expires)") == shown


def test_event_is_the_package(bench: Any) -> None:
    bench.take(REQUEST.format(expires=1, event="dialog ;id=5"))
    assert bench.value("$sel(event)") == "dialog"


def test_a_protocol_with_blanks(bench: Any) -> None:
    bench.take(REQUEST.format(expires=1, event="x"))
    assert bench.show("$sel(via.name) $sel(via.version)") == "SIP 2.0"


@pytest.mark.parametrize(
    "text",
    [
        "via.nope",
        "via.params",
        "cseq.nope",
        "cseq.num.x",
        "event.id",
        "authorization",
        "authorization.realm.nope",
        'authorization["x"].username.nope',
        'authorization["$nope"].username',
        "call_id.x",
        "subject.x",
    ],
)
def test_what_is_not_there_is_refused(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.host.select(text)
