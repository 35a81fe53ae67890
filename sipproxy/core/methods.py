"""SIP methods as bits, as masks in a cfg count them (Kamailio core/parser/msg_parser.h)."""

METHOD_BITS = {
    "INVITE": 1,
    "CANCEL": 2,
    "ACK": 4,
    "BYE": 8,
    "INFO": 16,
    "REGISTER": 32,
    "SUBSCRIBE": 64,
    "NOTIFY": 128,
    "MESSAGE": 256,
    "OPTIONS": 512,
    "PRACK": 1024,
    "UPDATE": 2048,
    "REFER": 4096,
    "PUBLISH": 8192,
    "KDMQ": 16384,
    "GET": 32768,
    "POST": 65536,
    "PUT": 131072,
    "DELETE": 262144,
}
"""Bit of each method that Kamailio knows by number."""

OTHER_METHOD = 524288
"""Bit of all other methods."""


def method_bit(method: str) -> int:
    """The bit of a method as it stands in a message."""
    return METHOD_BITS.get(method, OTHER_METHOD)
