"""Reason phrases of replies of our own (Kamailio core/error.c)."""

from sipproxy.sip.names import REASONS

_OF_CLASS = {
    1: "Provisional",
    2: "Successful",
    3: "Redirection",
    4: "Request Failure",
    5: "Server Failure",
    6: "Global Failure",
}


def reason_of(status: int) -> str:
    """The usual reason phrase of a status (Kamailio core/error.c)."""
    return REASONS.get(status) or _OF_CLASS.get(status // 100, "Unspecified")
