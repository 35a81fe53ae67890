"""The reply to a registration (Kamailio registrar/reply.c)."""

from typing import cast

from sipproxy.core.contact import Contact, Contacts
from sipproxy.core.context import Context
from sipproxy.core.module import function
from sipproxy.core.redirection import q_text
from sipproxy.modules.registrar import errors
from sipproxy.modules.registrar.details import Details
from sipproxy.modules.registrar.errors import FINE, REASONS, Verdict
from sipproxy.modules.registrar.params import (
    OUTBOUND_NONE,
    OUTBOUND_REQUIRED,
    PATH_LAZY,
    PATH_STRICT,
)
from sipproxy.modules.registrar.request import tags


class Answer:
    """What the reply to the request in hand says: the verdict, and its Contact header."""

    __slots__ = ("contacts", "verdict")

    def __init__(self) -> None:
        self.verdict: Verdict = FINE
        self.contacts = ""


class Answers(Details):
    """Makes replies and sends them."""

    def answer(self, ctx: Context) -> Answer:
        """What is known of the reply so far."""
        found = ctx.scratch.get("registrar")
        if found is None:
            found = ctx.scratch["registrar"] = Answer()
        return cast(Answer, found)

    @function("REQUEST", "FAILURE")
    def reg_send_reply(self, ctx: Context) -> bool:
        """Reply as save() would have."""
        self.prepare(ctx)
        verdict = self.answer(ctx).verdict
        if self.replies.send_reply(ctx, verdict.status, REASONS[verdict.status]) < 0:
            self.complain(f"failed to send {verdict.status} {REASONS[verdict.status]}")
            return False
        return True

    def prepare(self, ctx: Context) -> None:
        """Write the headers of the reply."""
        answer = self.answer(ctx)
        headers = answer.contacts
        answer.contacts = ""
        if answer.verdict is FINE:
            if ctx.path and self.use_path:
                headers += self._path(ctx, answer)
            if self.outbound_mode != OUTBOUND_NONE:
                headers += self._outbound(ctx)
        else:
            headers += self._extra(answer.verdict)
        if answer.verdict.status != 200:
            headers += f"P-Registrar-Error: {answer.verdict.text}\r\n"
            if answer.verdict.status >= 500 and self.retry_after:
                headers += f"Retry-After: {self.retry_after}\r\n"
        if headers:
            ctx.lumps.append_to_reply(headers)

    def _path(self, ctx: Context, answer: Answer) -> str:
        if self.path_mode not in (PATH_LAZY, PATH_STRICT):
            return ""
        if "path" in tags(ctx.msg, "supported"):
            return f"Path: {ctx.path}\r\n"
        if self.path_mode != PATH_STRICT:
            return ""
        answer.verdict = errors.PATH_UNSUP
        return f"Unsupported: path\r\nPath: {ctx.path}\r\n"

    def _outbound(self, ctx: Context) -> str:
        timer = f"Flow-Timer: {self.flow_timer}\r\n" if self.flow_timer > 0 else ""
        if self.outbound_mode == OUTBOUND_REQUIRED:
            return f"Require: outbound\r\nSupported: outbound\r\n{timer}"
        wanted = tags(ctx.msg, "supported") | tags(ctx.msg, "require")
        required = f"Require: outbound\r\n{timer}" if "outbound" in wanted else ""
        return f"Supported: outbound\r\n{required}"

    def _extra(self, verdict: Verdict) -> str:
        if verdict is errors.OB_UNSUP:
            return "Require: outbound\r\nSupported: outbound\r\n"
        if verdict is errors.OB_REQD:
            return "Unsupported: outbound\r\n"
        if verdict is errors.LOW_EXP:
            return f"Min-Expires: {self.min_expires}\r\n"
        return ""

    def list_contacts(self, ctx: Context, aor: str, contacts: Contacts, host: str) -> None:
        """Keep the Contact header for the reply; `host` is the domain of To."""
        now = int(ctx.now)
        entries = []
        for contact in contacts:
            if contact.is_valid(now):
                entries.append(self._entry(ctx, aor, contact, host, now))
                if self.xavp_rcd:
                    self.tell_details(ctx, contact)
        text = f"Contact: {', '.join(entries)}\r\n" if entries else ""
        self.answer(ctx).contacts = text

    def _entry(self, ctx: Context, aor: str, c: Contact, host: str, now: int) -> str:
        q = f";q={q_text(c.q)}" if c.q != -1 else ""
        entry = f"<{c.uri}>{q};expires={c.expires - now}"
        if c.received and self.received_param:
            entry += f';{self.received_param}="{c.received}"'
        if c.instance:
            if self.gruu_enabled == 1 and "gruu" in tags(ctx.msg, "supported"):
                entry += self._gruus(aor, c, host)
            entry += f';+sip.instance="{c.instance}"'
        if c.reg_id > 0:
            entry += f";reg-id={c.reg_id}"
        return entry

    def _gruus(self, aor: str, c: Contact, host: str) -> str:
        """The public and the temporary GRUU of a contact (RFC 5627)."""
        user = aor if "@" in aor else f"{aor}@{host}"
        instance = c.instance
        if instance[0] == "<" and instance[-1] == ">":
            instance = instance[1:-1]
        number = self.locations.hash_of(aor)
        digits = f"{number:x}"[::-1] if number else ""
        temporary = f"sip:{c.ruid}-{digits}@{host};gr"
        return f';pub-gruu="sip:{user};gr={instance}";temp-gruu="{temporary}"'
