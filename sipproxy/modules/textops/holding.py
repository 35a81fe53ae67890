"""Whether an SDP body puts the audio on hold (RFC 2543 section B.5, RFC 3264 section 8.4)."""

_ZEROS = "0.0.0.0"
BY_ADDRESS, BY_DIRECTION = 1, 2


def audio_hold(sdp: str) -> int:
    """1 for an address of zeros, 2 for a direction that sends at most, -1 for no hold."""
    session, *streams = ("\n" + sdp).replace("\r\n", "\n").split("\nm=")
    common = session.split("\n")
    for stream in streams:
        media, *lines = stream.split("\n")
        if media.split(" ")[0] != "audio":
            continue
        if held := _by_direction(lines) or _by_address(media, lines, common):
            return held
        if held := _by_direction(common):
            return held
    return -1


def _by_direction(lines: list[str]) -> int:
    held = any(line.lower().startswith(("a=inactive", "a=sendonly")) for line in lines)
    return BY_DIRECTION if held else 0


def _by_address(media: str, lines: list[str], common: list[str]) -> int:
    own = [line for line in lines if line.startswith("c=")]
    shared = [line for line in common if line.startswith("c=")]
    for line in (own or shared)[:1]:
        is_trickle = any(x.startswith("a=ice-options:") and "trickle" in x for x in lines)
        # Port 9 of a trickling ICE agent is no hold (RFC 8840).
        if line == f"c=IN IP4 {_ZEROS}" and not (is_trickle and media.split(" ")[1:2] == ["9"]):
            return BY_ADDRESS
    return 0
