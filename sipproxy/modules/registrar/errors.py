"""Why a registration is refused, and what the reply says of it (Kamailio registrar/rerrno.h)."""

from dataclasses import dataclass

from sipproxy.errors import SipproxyError

REASONS = {
    200: "OK",
    400: "Bad Request",
    420: "Bad Extension",
    421: "Extension Required",
    423: "Interval Too Brief",
    439: "First Hop Lacks Outbound Support",
    500: "Server Internal Error",
    503: "Service Unavailable",
}
"""Reason of each status that a registration may be answered with."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a registration: status of its reply and value of P-Registrar-Error."""

    status: int
    text: str


FINE = Verdict(200, "No problem")
INV_CSEQ = Verdict(400, "Invalid CSeq number")
AOR_LEN = Verdict(500, "Address Of Record too long")
AOR_PARSE = Verdict(400, "Error while parsing AOR")
INV_Q = Verdict(400, "Invalid q param in contact")
PARSE = Verdict(400, "Message parse error")
PARSE_EXP = Verdict(400, "Expires parse error")
PARSE_CONT = Verdict(400, "Contact parse error")
STAR_EXP = Verdict(400, "* used in contact and expires is not zero")
STAR_CONT = Verdict(400, "* used in contact and more than 1 contact")
UNESCAPE = Verdict(400, "Error while unescaping username")
TOO_MANY = Verdict(503, "Too many registered contacts")
CONTACT_LEN = Verdict(400, "Contact/received too long")
CALLID_LEN = Verdict(400, "Callid too long")
PARSE_PATH = Verdict(400, "Path parse error")
PATH_UNSUP = Verdict(420, "No support for found Path indicated")
OB_UNSUP = Verdict(421, "No support for Outbound indicated")
OB_REQD = Verdict(420, "No support for Outbound on server")
OB_UNSUP_EDGE = Verdict(439, "No support for Outbound on edge proxy")
INV_REGID = Verdict(400, "Invalid Reg-Id number")
UL_DEL_R = Verdict(500, "usrloc_record_delete failed")
UL_INS_C = Verdict(500, "usrloc_contact_insert failed")
UL_UPD_C = Verdict(500, "usrloc_contact_update failed")
UL_DEL_C = Verdict(500, "usrloc_contact_delete failed")
NOT_STORED = {"insert": UL_INS_C, "update": UL_UPD_C, "delete": UL_DEL_C}
"""By what a database did not do for a contact."""
LOW_EXP = Verdict(423, "Interval too brief")


class Refused(SipproxyError):
    """A registration cannot be done; `text` is for the log, empty where Kamailio is silent."""

    def __init__(self, verdict: Verdict, text: str = "", level: int = -1) -> None:
        self.verdict = verdict
        self.text = text
        self.level = level
        super().__init__(text or verdict.text)
