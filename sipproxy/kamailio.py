"""What Kamailio's modules are called, and what those of 5.6.3 export, by name.

The names of modules go back to versions long gone; `tools/kamailio_names.py` writes the exports.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

FUNCTION, PARAMETER, VARIABLE = "function", "parameter", "variable"
TRANSFORMATION, SELECT = "transformation", "select"


@lru_cache(maxsize=1)
def kamailio_modules() -> frozenset[str]:
    """Names of the modules that Kamailio has or had."""
    text = files("sipproxy").joinpath("kamailio_modules.txt").read_text("ascii")
    return frozenset(text.split())


@lru_cache(maxsize=1)
def _exports() -> Mapping[tuple[str, str], frozenset[str]]:
    text = files("sipproxy").joinpath("kamailio_names.txt").read_text("ascii")
    rows = (line.split() for line in text.splitlines())
    return MappingProxyType({(row[0], row[1]): frozenset(row[2:]) for row in rows})


def exports(module: str, kind: str) -> frozenset[str]:
    """Names of one kind that a module of Kamailio 5.6.3 has; of a transformation its class."""
    return _exports().get((module, kind), frozenset())


def homes(kind: str, name: str) -> Iterator[str]:
    """The modules of Kamailio 5.6.3 that have this function, variable, transformation or select."""
    for (module, what), names in _exports().items():
        if what == kind and name in names:
            yield module
