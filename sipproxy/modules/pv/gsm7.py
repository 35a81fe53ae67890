"""The 7-bit packing of text messages (3GPP TS 23.038), as Kamailio writes it in hexadecimal."""


def packed(data: bytes) -> str:
    """Seven bits of each byte, packed; upper-case hexadecimal digits."""
    out = bytearray()
    shift, at = 0, 0
    while at < len(data):
        following = data[at + 1] if at + 1 < len(data) else 0
        # The byte is signed to Kamailio: only its upper bits differ, which fall out again.
        out.append((data[at] >> shift | following << (7 - shift)) & 0xFF)
        shift += 1
        if shift == 7:
            at += 1
            shift = 0
        at += 1
    return out.hex().upper()


def unpacked(digits: bytes) -> bytes:
    """Bytes of seven bits each from a packing in hexadecimal digits."""
    out = bytearray()
    left, kept = 1, 0
    for at in range(0, len(digits), 2):
        pair = digits[at : at + 2]
        byte = (_digit(pair[0]) << 4 | (_digit(pair[1]) if len(pair) > 1 else 0)) & 0xFF
        out.append((byte << (left - 1) & 0x7F) | kept)
        kept = byte >> (8 - left)
        left += 1
        if left == 8:
            out.append(kept)
            left, kept = 1, 0
    return bytes(out)


def _digit(char: int) -> int:
    if 0x41 <= char & 0xDF <= 0x5A:
        return (char | 0x20) - 0x61 + 10
    return char - 0x30 & 0xFF
