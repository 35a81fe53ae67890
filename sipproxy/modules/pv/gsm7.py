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
    # A digit that is missing at the end is the NUL of a C string.
    for high, low in zip(digits[::2], digits[1::2] + b"\0", strict=False):
        byte = (hex_value(high) << 4 | hex_value(low)) & 0xFF
        out.append((byte << (left - 1) & 0x7F) | kept)
        kept = byte >> (8 - left)
        left += 1
        if left == 8:
            out.append(kept)
            left, kept = 1, 0
    return bytes(out)


def hex_value(char: int) -> int:
    """What Kamailio's hex_to_char makes of any character, one byte."""
    if 0x30 <= char <= 0x39:
        return char - 0x30
    lower = char + 32 if 0x41 <= char <= 0x5A else char
    return (lower - 0x61 + 10) & 0xFF
