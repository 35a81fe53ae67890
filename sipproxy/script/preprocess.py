"""The directives: defines, conditions, substitutions. Includes are the scanner's own affair."""

import re
from collections.abc import Callable, Mapping

from sipproxy.errors import Problem
from sipproxy.script import lexemes
from sipproxy.script.buffer import Buffer
from sipproxy.script.defines import COMPAT, Conditions, Defines, DirectiveError
from sipproxy.script.substitution import Substitution, evaluate
from sipproxy.script.tokens import Token

_DEFINE = re.compile(r"[^A-Za-z_]*([A-Za-z_]\w*)(-?)", re.ASCII)
_VALUE = re.compile(r"[ \t\b\r]*(?:\n|([^\n](?:\\\n|[^\n])*)(\n|\Z))")
_VARIABLE = re.compile(r"[ \t\n]*([^ \t\r\n]+)")
_COMPAT = re.compile(r"#!sipproxy[ \t]+compat[ \t]*=[ \t]*(\S*)[ \t\r]*$")
_COMMENTED = re.compile(r"#!(else|endif|ifexp|defexps?)\b")


class Preprocessor:
    """Obeys directives as the scanner meets them, and remembers what they said."""

    def __init__(
        self, defines: Defines, environ: Mapping[str, str], problems: list[Problem]
    ) -> None:
        self.defines = defines
        self.conditions = Conditions()
        self.flavour = "MAXCOMPAT"
        self.compat = ""
        self._environ = environ
        self._problems = problems
        self._substitutions: list[Substitution] = []

    # --- what later text is subject to ----------

    def substituted(self, text: str) -> str:
        """A string or pseudo-variable after all `#!subst` so far."""
        for rule in self._substitutions:
            text = rule.apply(text)
        return text

    def skip_inactive(self, buffer: Buffer) -> None:
        """Pass over text switched off; it is not scanned, only the four directives are seen."""
        while not self.conditions.active:
            found = lexemes.SKIPPED.search(buffer.text, buffer.at)
            if found is None:
                buffer.at = len(buffer.text)
                return
            buffer.at = found.end()
            self._conditional(found[1] or found[2], buffer, found.start())

    # --- directives ----------

    def directive(self, word: str, buffer: Buffer, start: int) -> None:
        """Obey the directive whose word ends at the buffer's place; `start` is its own."""
        try:
            if word in _CONDITIONAL:
                self._conditional(word, buffer, start)
                self.skip_inactive(buffer)
            elif "env" in word:
                self._define_from_environment(word, buffer, start)
            else:
                self._define(word, buffer)
        except DirectiveError as error:
            end = buffer.end_of_line(start)
            self._problems.append(buffer.problem(start, end, error.message, error.hint))

    def after_string(self, word: str) -> Callable[[Token], None] | None:
        """What the string behind a word does to later text; None for most words."""
        if word in ("subst", "substdef", "substdefs"):
            return lambda token: self._report(token, self._substitute, word, token)
        if word in ("loadmodule", "loadmodulex"):
            return lambda token: self._report(token, self._module, word, token)
        return None

    def comment(self, buffer: Buffer, start: int, end: int) -> None:
        """A comment that begins `#!`: unknown directives are nothing to Kamailio."""
        line = buffer.text[start:end]
        compat = _COMPAT.match(line)
        if compat:
            self.compat = compat[1]
            if self.compat not in COMPAT:
                wrong = f'compat is one of {", ".join(COMPAT)}, not "{compat[1]}"'
                self._problems.append(buffer.problem(start, end, wrong))
            return
        known = _COMMENTED.match(line)
        if known is None:
            return
        message = (
            f"#!{known[1]} is ignored: only blanks may follow it on its line"
            if known[1] in ("else", "endif")
            else f"#!{known[1]} came with Kamailio 5.7; here it is a comment"
        )
        self._problems.append(buffer.problem(start, end, message, severity="warning"))

    def header(self, name: str) -> None:
        """A line such as `#!KAMAILIO`."""
        self.flavour = "MAXCOMPAT" if name == "ALL" else name

    def report_conditions(self) -> None:
        """At the very end: conditions that were not closed, and closings without one."""
        unclosed = list(self.conditions.unclosed())
        extra = self.conditions.extra
        if len(unclosed) == len(extra):  # Kamailio only counts them
            return
        self._problems += [Problem(place, "this #!ifdef has no #!endif") for place in unclosed]
        self._problems += [Problem(place, "this #!endif has no #!ifdef") for place in extra]

    def _name(self, buffer: Buffer) -> str:
        found = _DEFINE.match(buffer.text, buffer.at)
        if found is None:
            buffer.at = len(buffer.text)
            raise DirectiveError("this directive lacks a name")
        buffer.at = found.end(1)
        if found[2]:
            buffer.at = buffer.end_of_line(buffer.at)
            raise DirectiveError(
                f"the name {found[1]}- is not possible", "letters, digits and _ make a name"
            )
        return found[1]

    def _define(self, word: str, buffer: Buffer) -> None:
        name = self._name(buffer)
        last = buffer.at
        first = last - len(name)
        found = _VALUE.match(buffer.text, last)
        value = ""
        if found is not None:
            buffer.at = found.end()
            if found[1] is not None and found[2]:  # a last line without its end sets no value
                value = found[1][0] + found[1][1:].replace("\\\n", "")
                last = found.end(1)
        place = buffer.span(first, last)
        if word.startswith("redef"):
            self.defines.redefine(name, value, place)
        elif word.startswith("def") or name not in self.defines.values:
            self.defines.define(name, value, place)

    def _define_from_environment(self, word: str, buffer: Buffer, start: int) -> None:
        found = _VARIABLE.match(buffer.text, buffer.at)
        if found is None:
            return
        buffer.at = found.end()
        name, equal, variable = found[1].partition("=")
        if equal and not variable:
            raise DirectiveError(f"#!{word} {name}= lacks the name of a variable")
        value = self._environ.get(variable or name)
        if value is None and word.startswith("def"):
            raise DirectiveError(
                f"the environment has no variable {variable or name}", f"#!try{word} passes over it"
            )
        if value is not None:
            value = f'"{value}"' if word.endswith("s") else value
            self.defines.define(name, value, buffer.span(start, buffer.at))

    def _conditional(self, word: str, buffer: Buffer, start: int) -> None:
        if word in ("ifdef", "ifndef"):
            name = self._name(buffer)
            place = buffer.span(start, buffer.at)
            buffer.at = min(buffer.end_of_line(buffer.at) + 1, len(buffer.text))
            self.conditions.open((name in self.defines.values) == (word == "ifdef"), place)
        elif word == "endif":
            self.conditions.close(buffer.span(start, start + len("#!endif")))
        elif not self.conditions.flip():
            self._problems.append(
                buffer.problem(
                    start, start + len("#!else"), "#!else without #!ifdef", "", "warning"
                )
            )

    # --- strings that count ----------

    def _report(self, place: Token, act: Callable[[str, Token], None], word: str, t: Token) -> None:
        try:
            act(word, t)
        except DirectiveError as error:
            self._problems.append(Problem(place.span, error.message, error.hint))

    def _evaluated(self, text: str) -> str:
        return evaluate(text, self.defines.values, self._environ)

    def _substitute(self, word: str, token: Token) -> None:
        rule = Substitution(token.text, self._evaluated)
        self._substitutions.append(rule)
        if word == "subst":
            return
        override = self.defines.overrides.get(rule.pattern)
        if override is not None:
            rule.replacement = override.replace("\\", "\\\\")
        value = self._evaluated(rule.replacement) if override is None else override
        value = f'"{value}"' if word == "substdefs" else value
        if override is None:
            self.defines.define(rule.pattern, value, token.span)
        else:
            self.defines.values[rule.pattern] = value

    def _module(self, word: str, token: Token) -> None:
        path = token.text if word == "loadmodule" else self._evaluated(token.text)
        self.defines.module_loaded(lexemes.module_name(path), token.span)


_CONDITIONAL = frozenset({"ifdef", "ifndef", "else", "endif"})
