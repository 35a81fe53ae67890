"""Which transaction a message belongs to (RFC 3261 sections 17.1.3, 17.2.3 and 9.2)."""

from sipproxy.errors import MessageError
from sipproxy.modules.tm.transaction import Branch, Transaction
from sipproxy.sip.message import Message

COOKIE = "z9hG4bK"
"""The start of branches by which they are unique (RFC 3261 section 8.1.1.7)."""

Key = tuple[str, ...]


def via_key(msg: Message, method: str) -> Key | None:
    """Key of a request with RFC 3261's branch: method, branch, sent-by, transport; else None."""
    branch = msg.branch
    if not branch.startswith(COOKIE) or len(branch) <= len(COOKIE):
        return None
    return (method, branch, msg.hop)


def old_key(msg: Message, method: str) -> Key:
    """Key of a request without RFC 3261's branch: its R-URI, Call-ID, CSeq, From, To and Via.

    A To tag may be new in an ACK, so that of an INVITE counts by its URI only.
    """
    to = msg.to.uri if method == "INVITE" else msg.header("to")
    number = msg.cseq.number
    via = msg.via_row.value
    return (method, msg.ruri, msg.call_id, number, msg.header("from") or "", to or "", via)


def dialog_key(msg: Message, to_tag: str) -> Key:
    """Key of the ACK to a 2xx of our own: the dialog's identity and the INVITE's CSeq."""
    return (msg.call_id, msg.cseq.number, msg.from_tag or "", to_tag)


def call_key(msg: Message) -> Key:
    """Call-ID and CSeq number of a request. Raises MessageError."""
    return (msg.call_id, msg.cseq.number)


class Known:
    """The transactions there are, by every key under which a message may ask for one."""

    def __init__(self) -> None:
        self._by_request: dict[Key, Transaction] = {}
        self._by_token: dict[str, Transaction] = {}
        self._by_dialog: dict[Key, Transaction] = {}
        self._by_answer: dict[Key, Transaction] = {}
        self._by_call: dict[Key, Transaction] | None = None
        """By Call-ID and CSeq number; kept from the first time that somebody asks."""

    def __len__(self) -> int:
        return len(self._by_token)

    def all(self) -> list[Transaction]:
        """Every transaction, oldest first."""
        return list(self._by_token.values())

    def add(self, transaction: Transaction, key: Key | None) -> None:
        """Take a transaction in by the key of its request (None: a local one) and its token."""
        if key is not None:
            self._by_request[key] = transaction
            transaction.key = key
        self._by_token[transaction.token] = transaction
        if self._by_call is not None:
            self._note_call(self._by_call, transaction)

    def add_dialog(self, transaction: Transaction, to_tag: str) -> None:
        """Let the ACK to our own 2xx find its transaction."""
        self._by_dialog[dialog_key(transaction.request, to_tag)] = transaction
        transaction.to_tag = to_tag

    def add_answer(self, transaction: Transaction, to_tag: str) -> None:
        """Let the ACK to a relayed 2xx find its transaction, once."""
        self._by_answer[dialog_key(transaction.request, to_tag)] = transaction
        transaction.answers = (*transaction.answers, to_tag)

    def answered(self, msg: Message) -> Transaction | None:
        """The transaction whose 2xx an ACK is the first for; raises MessageError."""
        if not self._by_answer:
            return None
        return self._by_answer.pop(dialog_key(msg, msg.to_tag or ""), None)

    def forget(self, transaction: Transaction) -> None:
        """Take a transaction out."""
        key = transaction.key
        if key is not None and self._by_request.get(key) is transaction:
            del self._by_request[key]
        self._by_token.pop(transaction.token, None)
        if transaction.to_tag is not None:
            self._by_dialog.pop(dialog_key(transaction.request, transaction.to_tag), None)
        for tag in transaction.answers:
            self._by_answer.pop(dialog_key(transaction.request, tag), None)
        call = transaction.call
        if self._by_call and call is not None and self._by_call.get(call) is transaction:
            del self._by_call[call]

    def of_call(self, call_id: str, number: str) -> Transaction | None:
        """The transaction of this Call-ID and CSeq number."""
        if self._by_call is None:
            self._by_call = {}
            for transaction in self.all():
                self._note_call(self._by_call, transaction)
        return self._by_call.get((call_id, number))

    def _note_call(self, calls: dict[Key, Transaction], transaction: Transaction) -> None:
        if transaction.method not in ("ACK", "CANCEL"):
            transaction.call = call_key(transaction.glance())
            calls[transaction.call] = transaction

    def of_request(self, msg: Message, key: Key | None = None) -> Transaction | None:
        """The transaction that a request repeats, or that an ACK ends. Raises MessageError.

        `key` is the request's, if the caller has it.
        """
        if msg.method != "ACK":
            return self._by_request.get(key or request_key(msg, msg.method))
        found = self._by_request.get(request_key(msg, "INVITE"))
        if found is not None and found.status >= 300:
            return found
        tag = msg.to_tag
        return self._by_dialog.get(dialog_key(msg, tag)) if tag else None

    def canceled_by(self, msg: Message) -> Transaction | None:
        """The INVITE's transaction that a CANCEL is about. Raises MessageError."""
        return self._by_request.get(request_key(msg, "INVITE"))

    def has_cancel(self, msg: Message) -> bool:
        """Whether the CANCEL of this INVITE was here before it. Raises MessageError."""
        return request_key(msg, "CANCEL") in self._by_request

    def of_reply(self, msg: Message) -> tuple[Transaction, Branch] | None:
        """The transaction and branch that a reply answers; None for none of ours."""
        parts = _branch_of(msg).split(".")
        if len(parts) != 3 or not parts[0].startswith(COOKIE):
            return None
        transaction = self._by_token.get(parts[1])
        if transaction is None:
            return None
        try:
            branch = transaction.branches[int(parts[2], 16)]
        except (ValueError, IndexError):
            return None
        method = msg.method
        if method == transaction.method:
            return transaction, branch
        if method == "CANCEL" and transaction.invite and branch.cancel:
            return transaction, branch
        return None


def _branch_of(msg: Message) -> str:
    """The branch of the topmost Via, empty for none."""
    try:
        return msg.branch
    except MessageError:
        return ""


def request_key(msg: Message, method: str) -> Key:
    """The key of a request as if it had this method. Raises MessageError."""
    return via_key(msg, method) or old_key(msg, method)
