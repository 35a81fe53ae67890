"""The requests and replies our side sends, built from what a step says."""

from .case import CaseError, Step
from .siptext import (
    digest_header,
    header_name,
    header_values,
    host_port,
    split_message,
    wire_length,
)
from .wire import Peer


def request(text: str, step: Step, peer: Peer, name: str, call_prefix: str) -> str:
    """A request with the headers the case left out, credentials and a Content-Length.

    `METHOD URI` is enough of a start line. `fill = false` and `length = false` add nothing.
    """
    start, headers, body = split_message(text)
    fill = step.get("fill", True)
    if fill and start.count(" ") == 1:
        start += " SIP/2.0"
    have = {header_name(line) for line in headers}
    method, uri = [*start.split(" "), "", ""][:2]
    peer.sent += 1
    if fill and not start.startswith("SIP/2.0"):
        sent_by = f"{peer.proto} {host_port(peer.address)}"
        via = f"Via: SIP/2.0/{sent_by};branch=z9hG4bK-{name}-{peer.sent}"
        defaults = [
            "Max-Forwards: 70",
            f"From: <sip:alice@example.com>;tag=from-{name}",
            f"To: <{uri}>",
            f"Call-ID: {call_prefix}-{name}-{peer.sent}",
            f"CSeq: {peer.sent} {method}",
        ]
        headers = [
            *([] if "via" in have else [via]),
            *headers,
            *(line for line in defaults if header_name(line) not in have),
        ]
    if "auth" in step:
        headers.append(_credentials(step["auth"], peer, method, uri))
    if "content-length" not in have and step.get("length", True):
        headers.append(f"Content-Length: {wire_length(body)}")
    return "\n".join([start, *headers, "", body]).replace("\n", "\r\n")


def _credentials(auth: Step, peer: Peer, method: str, uri: str) -> str:
    if peer.challenge is None:
        raise CaseError(f"no challenge was received on port {peer.address[1]}")
    count = peer.nonce_counts[peer.challenge] = peer.nonce_counts.get(peer.challenge, 0) + 1
    return digest_header(peer.challenge, method, uri, auth, count)


def hop_by_hop(method: str, peer: Peer) -> str:
    """The ACK of a final reply, or the CANCEL, of the last INVITE sent by this peer."""
    start, headers, _ = split_message(peer.last_invite)
    names = ("from", "call-id", "max-forwards", "route", "to")
    keep = [line for line in headers if header_name(line) in names]
    if method == "ACK" and peer.last is not None:
        keep = [line for line in keep if header_name(line) != "to"]
        keep.append("To: " + peer.last_header("To"))
    via = next(line for line in headers if header_name(line) == "via")
    number = header_values(peer.last_invite, "cseq")[0].split()[0]
    lines = [start.replace("INVITE", method, 1), via, *keep, f"CSeq: {number} {method}"]
    return "\r\n".join([*lines, "Content-Length: 0", "", ""])


def reply(status: str, peer: Peer, method: str, to_tag: str, extra: str) -> str:
    """A UAS's answer to the last request this peer received, of `method` if that is not empty.

    `extra` holds further header lines and, after an empty line, a body.
    """
    found = [message for message in peer.requests if message.startswith(method)]
    if not found:
        raise CaseError(f"no {method or 'request'} was received on port {peer.address[1]}")
    headers, _, body = extra.partition("\n\n")
    lines = [f"SIP/2.0 {status}"]
    for line in split_message(found[-1])[1]:
        if header_name(line) in ("via", "from", "call-id", "cseq", "record-route"):
            lines.append(line)
        elif header_name(line) == "to":
            tagged = "tag=" in line or status.startswith("100")
            lines.append(line if tagged else f"{line};tag={to_tag}")
    lines += [line for line in headers.split("\n") if line]
    lines += [f"Content-Length: {wire_length(body)}", "", body]
    return "\n".join(lines).replace("\n", "\r\n")
