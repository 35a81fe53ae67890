"""Writes docs/modules.md from what the modules declare; `make docs` runs it.

`python tools/modules_page.py` writes the page, with `--check` it only tells by its exit code and a
sentence whether the page is up to date.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.declared import FunctionDecl, Parameter, PvarDecl, TransformDecl
from sipproxy.core.functions import Core
from sipproxy.core.host import Host
from sipproxy.core.log import LogList
from sipproxy.core.module import ANY, ModParam, Module
from sipproxy.core.params import Plain
from sipproxy.loader import module_class, own_modules
from sipproxy.net.core_commands import CoreCommands
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.signature import parameters_of
from sipproxy.script.defines import COMPAT
from sipproxy.script.settings import SETTINGS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "modules.md"

INTRODUCTION = """\
# Modules

Written by `make docs` from the declarations in `sipproxy/modules/`: what stands here is what a cfg
can use, and what does not stand here is an error when the cfg is checked.

`x?` is an argument that may be left out, `x...` any number of them. "Routes" are the kinds of route
block a function may be called in: REQUEST, REPLY (the core's `reply_route`), ONREPLY, FAILURE,
BRANCH, ONSEND, EVENT, LOCAL; no entry means all. "w" marks a pseudo-variable that can be assigned,
"p" one whose parentheses are read when the cfg is loaded (whether it can be assigned may depend on
them, and is then told by the check). Parameters of the kind "each" may be set many times.

A function gives 1 or -1, in a condition true or false; where nothing stands in its row it gives 1
always. "code" are numbers of its own: 1 and more are true, -1 and less false, 0 ends the script.
"waits" says that the route may have to wait for its answer; other messages are served meanwhile.

What a module lacks of Kamailio's stands in the [README](../README.md#what-works-today), what it
does differently in [differences.md](differences.md). How modules are written:
[writing-a-module.md](writing-a-module.md).
"""

GIVES = {"bool": "1, -1", "int": "code", "none": ""}
"""What a function gives, by what its method returns."""

Row = tuple[str, ...]


def page() -> str:
    """The whole page."""
    kinds = [kind for name in own_modules() if (kind := module_class(name))]
    links = ", ".join(f"[{kind.name}](#{kind.name})" for kind in kinds)
    parts = [INTRODUCTION, f"{links}; [the core](#the-core)\n"]
    parts += [part for kind in kinds for part in module_part(kind.name, kind)]
    parts += module_part("The core", Core)
    parts += table("RPC", ("command", ""), core_commands())
    parts += core_parameters()
    return "\n".join(parts)


def module_part(title: str, kind: type[Module]) -> Iterator[str]:
    """The part about one module."""
    host = Host(VirtualClock(), Chance(0), LogList())
    host.compat = COMPAT[-1]
    module = host.load(kind)
    summary = (sys.modules[kind.__module__].__doc__ or "").strip().partition("\n\n")[0]
    yield f"## {title}\n\n{sentence(one_line(summary).removeprefix(f'{title}: '))}\n"
    declared = [decl for name in sorted(host.functions) for decl in host.functions[name]]
    yield from table("Functions", ("function", "gives", "routes", ""), map(function_row, declared))
    yield from table("Parameters", ("parameter", "kind", "default", ""), parameter_rows(kind))
    variables = sorted(host.pvars.values(), key=lambda decl: (decl.name.lower(), decl.name))
    yield from table("Pseudo-variables", ("name", "", ""), map(variable_row, variables))
    roots = sorted(host.selects.items())
    selects = ((f"`@{name}`", one_line(make.__doc__ or "")) for name, make in roots)
    yield from table("Selects", ("root", "what is there, and below it"), selects)
    changes = [host.transforms[name] for name in sorted(host.transforms)]
    yield from table("Transformations", ("name", ""), map(transformation_row, changes))
    commands = (
        rpc_row(decl.mark.name, decl.handler)
        for decl in sorted(host.rpcs.values(), key=lambda decl: decl.mark.name)
    )
    yield from table("RPC", ("command", ""), commands)
    events = ((f"`event_route[{mark.name}]`", mark.help) for mark in host.events.values())
    yield from table("Events", ("event route", ""), events)
    module.close()


def table(title: str, head: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """A heading and a table, or nothing where there are no rows."""
    lines = [f"| {' | '.join(cell(text) for text in row)} |" for row in rows]
    if lines:
        rule = "|".join(["---"] * len(head))
        yield "\n".join([f"### {title}\n", f"| {' | '.join(head)} |", f"|{rule}|", *lines, ""])


def function_row(decl: FunctionDecl) -> Row:
    """Name with arguments, what it gives, routes, help."""
    arguments = [argument(p) for p in decl.params]
    if decl.rest:
        arguments.append(f"{decl.rest.name}...")
    routes = "" if decl.routes == ANY else ", ".join(decl.routes)
    gives = ", ".join(filter(None, (GIVES[decl.returns], "waits" if decl.is_async else "")))
    return f"`{decl.name}({', '.join(arguments)})`", gives, routes, one_line(decl.help)


def parameter_rows(kind: type[Module]) -> Iterator[Row]:
    """Each modparam once, by its name."""
    found: dict[str, list[Row]] = {}
    for attribute, mark, _ in kind.declarations():
        name: str = getattr(mark, "name", "")
        if isinstance(mark, ModParam):
            row = f"`{name}`", mark.kind.__name__, default_text(mark), mark.help
        elif (given := getattr(mark, "type", None)) is not None:
            text = one_line(getattr(kind, attribute).__doc__ or "")
            row = f"`{name}`", f"{given.__name__}, each", "", text
        else:
            continue
        found.setdefault(name, []).append(row)
    for name in sorted(found):
        yield from found[name]


def default_text(param: ModParam) -> str:
    """The default as a cfg would write it; permissions in octal."""
    if param.default is None:
        return ""
    if isinstance(param.default, str):
        return f'`"{param.default}"`'
    return (
        f"`0{param.default:o}`"
        if param.default and param.name.endswith("mode")
        else f"`{param.default}`"
    )


def variable_row(decl: PvarDecl) -> Row:
    """Name with what may stand in its parentheses, marks, help."""
    inner = ""
    if decl.bind:
        inner = "(...)"
    elif decl.inner is not None:
        named = "name" if decl.inner is Plain else "text"
        inner = f"({named}{'?' if decl.inner_optional else ''})"
    index = "[index?]" if decl.takes_index and not decl.bind else ""
    marks = f"{'w' if decl.set else ''}{'p' if decl.bind else ''}"
    shown = f"$({decl.name}{inner}{index})" if index else f"${decl.name}{inner}"
    return f"`{shown}`", marks, one_line(decl.help)


def transformation_row(decl: TransformDecl) -> Row:
    """Name with parameters, help."""
    arguments = "".join(f",{argument(p)}" for p in decl.params)
    return f"`{{{decl.name}{arguments}}}`", one_line(decl.help)


def argument(parameter: Parameter) -> str:
    """The parameter's name, with a question mark when it may be left out."""
    return f"{parameter.name}{'?' if parameter.optional else ''}"


def rpc_row(name: str, handler: Any) -> Row:
    """Command with its arguments, help."""
    words = [
        f" {p.name}{'...' if p.repeated else '?' if p.optional else ''}"
        for p in parameters_of(handler)
    ]
    return f"`{name}{''.join(words)}`", one_line(handler.__doc__ or "")


def core_commands() -> Iterator[Row]:
    """What the server tells about itself."""
    host = Host(VirtualClock(), Chance(0), LogList())
    registry = Registry(lambda name, error: None, lambda work, done: None)
    CoreCommands(host, [], lambda: None, [], 0.0, lambda done: None).register(registry)
    for name in registry.names():
        command = registry.find(name)
        if command:
            yield rpc_row(name, command.handler)


def core_parameters() -> Iterator[str]:
    """The core parameters, those with an effect apart from those without."""
    shown = sorted((s for name, s in SETTINGS.items() if s.name == name), key=lambda s: s.name)
    yield from table(
        "Core parameters",
        ("parameter", "kind", "default"),
        (
            (f"`{s.name}`", s.kind, f"`{s.default}`" if s.default else "")
            for s in shown
            if s.effective
        ),
    )
    yield (
        "What they mean is told in Kamailio's "
        "[core cookbook](https://www.kamailio.org/wikidocs/cookbooks/5.6.x/core/). "
        "A `word` is a string or a bare word, `signed` a number that may be negative.\n"
    )
    words = ", ".join(f"`{s.name}`" for s in shown if not s.effective)
    yield f"### Core parameters without effect\n\nAccepted, and told in a note: {words}\n"


def one_line(text: str) -> str:
    """The first paragraph of a docstring on one line."""
    return " ".join(text.strip().partition("\n\n")[0].split())


def sentence(text: str) -> str:
    """A text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def cell(text: str) -> str:
    """A text inside a table."""
    return text.replace("|", "\\|")


def main(words: Sequence[str]) -> int:
    """Write the page, or tell whether it is up to date."""
    made = page()
    if "--check" not in words:
        PAGE.write_text(made, "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == made:
        return 0
    print("docs/modules.md is out of date: make docs")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
