"""SP5xx: arguments that Kamailio takes and that do not do what they say."""

from collections.abc import Mapping
from types import MappingProxyType

from sipproxy.core.pvspec import PvSpec, PvSyntaxError, split_text
from sipproxy.core.suggest import suggestion
from sipproxy.lint.cfg import Cfg
from sipproxy.lint.rule import Found, Rule, rule
from sipproxy.script import tree

_HEAD = """
#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "htable.so"
"""

_METHODS = frozenset(
    (
        *("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY"),
        *("PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE", "KDMQ", "GET", "POST", "PUT", "DELETE"),
    )
)


@rule(
    "SP501",
    "a method that is nearly one",
    wrong=_HEAD
    + """
    request_route {
        if (is_method("SUBCRIBE")) {
            exit;
        }
    }
    """,
    right=_HEAD
    + """
    request_route {
        if (is_method("SUBSCRIBE")) {
            exit;
        }
    }
    """,
)
def misspelt_method(cfg: Cfg) -> Found:
    """A method that SIP does not know is allowed, so a misspelt one is no error: it is compared
    with what comes, and nothing ever matches. (In a list such as `INVITE|SUBCRIBE` Kamailio refuses
    it.) Capitals do not matter to `is_method`.

    Reported are names that differ a little from one of the methods in use.
    """
    for site in cfg.calls:
        text = site.text(0) if site.call.name == "is_method" else None
        method = (text or "").upper()
        if (
            method
            and "|" not in method
            and method not in _METHODS
            and (hint := suggestion(method, _METHODS))
        ):
            yield site.call.args[0].span, f"no request has the method {method}", hint


_HEADER_FUNCTIONS = frozenset(("append_hf", "insert_hf", "append_to_reply"))


@rule(
    "SP502",
    "a header without its line end",
    wrong=_HEAD
    + """
    request_route {
        append_to_reply("Retry-After: 30");
        sl_send_reply("503", "Service Unavailable");
    }
    """,
    right=_HEAD
    + """
    request_route {
        append_to_reply("Retry-After: 30\\r\\n");
        sl_send_reply("503", "Service Unavailable");
    }
    """,
)
def header_without_end(cfg: Cfg) -> Found:
    """The text is put into the message as it is. Without `\\r\\n` at its end the next header
    follows on the same line and becomes part of this one's value: on Kamailio 5.6.3 two of them and
    the Server header gave `X-A: 1X-B: 2Server: kamailio`. If that header is Content-Length or Via,
    the message is broken.

    A text that ends in a pseudo-variable is not reported: the line end may come with its value.
    """
    for site in cfg.calls:
        arg = site.call.args[0] if site.call.args else None
        if site.call.name not in _HEADER_FUNCTIONS or not isinstance(arg, tree.Str):
            continue
        text = arg.text
        if ":" in text and not text.endswith("\n") and not _ends_in_variable(text):
            yield arg.span, "this header does not end its line", 'end the text with "\\r\\n"'


def _ends_in_variable(text: str) -> bool:
    try:
        pieces = split_text(text)
    except PvSyntaxError:
        return True
    return bool(pieces) and isinstance(pieces[-1], PvSpec)


_OPERATORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sht_rm_name": ("re", "sw"),
        "sht_rm_value": ("re", "sw"),
        "sht_match_name": ("eq", "ne", "re", "sw"),
        "sht_has_name": ("eq", "ne", "re", "sw"),
        "sht_match_str_value": ("eq", "ne", "re", "sw"),
        "sht_has_str_value": ("eq", "ne", "re", "sw"),
    }
)
_SINCE_6: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"sht_rm_name": ("ew", "in"), "sht_rm_value": ("ew", "in")}
)


@rule(
    "SP503",
    "an operator that the function does not have",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "ipban=>size=8;autoexpire=300")

    request_route {
        sht_rm_name("ipban", "rx", "^192[.]0[.]2[.]");
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "ipban=>size=8;autoexpire=300")

    request_route {
        sht_rm_name("ipban", "re", "^192[.]0[.]2[.]");
    }
    """,
)
def unknown_operator(cfg: Cfg) -> Found:
    """The operator is a text that Kamailio looks at when the function runs. One it does not know
    makes each call fail with -1 and a line in the log; `kamailio -c` and the start are silent.

    `sht_rm_name` and `sht_rm_value` take `re` and `sw` (from 6.0 on also `ew` and `in`), the
    matching functions `eq`, `ne`, `re` and `sw`.
    """
    for site in cfg.calls:
        known = _OPERATORS.get(site.call.name)
        text = site.text(1)
        if known is None or text is None or "$" in text:
            continue
        if cfg.compat == "6.1":
            known = (*known, *_SINCE_6.get(site.call.name, ()))
        if text not in known:
            message = f'{site.call.name}() knows no operator "{text}"'
            yield site.call.args[1].span, message, f"one of {', '.join(known)}"


RULES: tuple[Rule, ...] = (misspelt_method, header_without_end, unknown_operator)
