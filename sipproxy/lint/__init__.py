"""Mistakes that Kamailio accepts: rules over the tree of a cfg, each with a stable id.

A rule is a function with its words and examples (:mod:`sipproxy.lint.rule`); `RULES` lists them
all. They read the tree and know no loaded module, so they also serve cfgs for modules that are not
here.
"""

from collections.abc import Iterator

from sipproxy.errors import Problem
from sipproxy.lint import arguments, control, counters, credentials, limits, tables, variables
from sipproxy.lint.cfg import Cfg
from sipproxy.lint.rule import Rule
from sipproxy.script.compile import deep_recursion
from sipproxy.script.tree import Config

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            *(*counters.RULES, *limits.RULES, *tables.RULES, *credentials.RULES),
            *(*control.RULES, *variables.RULES, *arguments.RULES),
        ),
        key=lambda rule: rule.id,
    )
)
"""Every rule, by id."""


def lint(config: Config, compat: str = "") -> Iterator[Problem]:
    """What the rules find in a cfg, in the order of the rules."""
    with deep_recursion():
        cfg = Cfg(config, compat or config.compat or "5.6")
        found = [problem for rule in RULES for problem in rule.problems(cfg)]
    yield from found
