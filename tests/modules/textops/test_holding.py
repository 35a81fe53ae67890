"""Audio on hold; the values are those of Kamailio, recorded in ../recorded/textops.json."""

import pytest

from sipproxy.modules.textops.holding import BY_ADDRESS, BY_DIRECTION, audio_hold

SESSION = "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\n"
AUDIO = "m=audio 4000 RTP/AVP 0\r\n"


@pytest.mark.parametrize(
    ("rest", "held"),
    [
        (f"c=IN IP4 1.2.3.4\r\n{AUDIO}", -1),
        (f"c=IN IP4 0.0.0.0\r\n{AUDIO}", BY_ADDRESS),
        (f"c=IN IP4 0.0.0.0\r\n{AUDIO}c=IN IP4 1.2.3.4\r\n", -1),
        (f"{AUDIO}a=sendonly\r\n", BY_DIRECTION),
        (f"{AUDIO}a=INACTIVE\r\n", BY_DIRECTION),
        (f"{AUDIO}a=recvonly\r\n", -1),
        (f"a=sendonly\r\n{AUDIO}a=sendrecv\r\n", BY_DIRECTION),
        ("m=video 4000 RTP/AVP 0\r\na=inactive\r\n", -1),
        (f"m=video 4000 RTP/AVP 0\r\n{AUDIO}a=inactive\r\n", BY_DIRECTION),
        ("c=IN IP4 0.0.0.0\r\nm=audio 9 RTP/AVP 0\r\na=ice-options:trickle\r\n", -1),
        (f"c=IN IP4 0.0.0.0\r\n{AUDIO}a=ice-options:trickle\r\n", BY_ADDRESS),
    ],
)
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_hold(rest: str, held: int, line_end: str) -> None:
    assert audio_hold((SESSION + rest).replace("\r\n", line_end)) == held


def test_no_sdp_at_all() -> None:
    assert audio_hold("") == -1
