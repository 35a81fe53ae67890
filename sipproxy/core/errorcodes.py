"""What the core's error codes mean to a client (Kamailio core/error.h, core/error.c)."""

_ERRORS = {
    -477: (477, "Unfortunately error on sending to next hop occurred"),
    -478: (478, "Unresolvable destination"),
    -400: (400, "Bad Request"),
    -479: (479, "Regretfully, we were not able to process the URI"),
    -9: (400, "Transaction tuple incomplete"),
    -13: (400, "Bad To"),
    -11: (500, "Error in external logic"),
    -12: (500, "Forking capacity exceeded"),
    -15: (400, "Invalid character in q parameter"),
    -16: (400, "Empty q parameter"),
    -17: (400, "Q parameter too big"),
    -18: (400, "Decimal part missing in q"),
    -487: (487, "Transaction canceled"),
    0: (500, "No error"),
}


def status_of(error: int) -> tuple[int, str]:
    """Status and reason for an internal error, before what names the code and its module."""
    return _ERRORS.get(error, (500, "I'm terribly sorry, server error occurred"))
