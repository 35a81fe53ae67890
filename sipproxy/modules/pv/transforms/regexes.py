"""`{re.subst,/pattern/replacement/flags}`."""

from abc import abstractmethod
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from sipproxy.core.access import Argument, PvAccess, Reading
from sipproxy.core.context import Context
from sipproxy.core.module import Module
from sipproxy.core.pvspec import PvSpec, PvSyntaxError, pv_at
from sipproxy.core.regex import RegexError
from sipproxy.core.resolve import ResolveError
from sipproxy.core.substitution import EmptyMatch, Substitution
from sipproxy.core.transform_args import Resolved
from sipproxy.core.values import Value, to_str
from sipproxy.modules.pv.transforms.base import of_content


class Substituting(Resolved):
    """The argument of `{re.subst}`: a function from a text to (new text, hits)."""

    @abstractmethod
    def __call__(self, text: str) -> tuple[str, int]:
        """The text with the pattern replaced, and how often it was found."""

    @classmethod
    def read(cls, text: str, resolve: Callable[[PvSpec], PvAccess]) -> Argument:
        """Read a constant substitution, or a pseudo-variable that will hold one."""
        make: Callable[[Context], Any]
        if text.startswith("$"):
            spec, end = pv_at(text, 0)
            if text[end:].strip(" \t\r\n"):
                raise ValueError(f"unexpected text after {spec.text}")
            access = resolve(spec)
            parse = lru_cache(maxsize=64)(partial(Substitution.parse, resolve=resolve))

            def make(ctx: Context) -> Any:
                try:
                    return partial(parse(to_str(access.read(ctx))).apply, ctx)
                except (ValueError, PvSyntaxError, ResolveError):
                    return None

        else:
            substitution = Substitution.parse(text, resolve)

            def make(ctx: Context) -> Any:
                return partial(substitution.apply, ctx)

        return Reading(PvAccess(make))


class RegexTransforms(Module):
    """Texts changed by regular expressions."""

    @of_content("re.subst", raw=True)
    def re_subst(self, text: str, substitute: Substituting) -> Value:
        """What a pattern matches replaced; undefined when it matches an empty text."""
        try:
            return substitute(text)[0]
        except (EmptyMatch, RegexError):
            return None
