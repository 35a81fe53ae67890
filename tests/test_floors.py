"""Imports go downwards only: each file may import its own floor's package and the floors below."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "sipproxy"

GROUND = {"errors", "clock", "text", ""}
BELOW: dict[str, set[str]] = {
    "errors": set(),
    "clock": set(),
    "text": set(),
    "sip": GROUND,
    "core": GROUND | {"sip"},
    "db": GROUND | {"sip", "core"},
    "rpc": GROUND | {"sip", "core"},
    "script": GROUND | {"sip", "core"},
    "modules": GROUND | {"sip", "core", "db"},
    "lint": GROUND | {"core", "script", "modules"},
    "program": GROUND | {"script"},
    "kamailio": set(),
    "standins": GROUND | {"core", "kamailio"},
    "loader": GROUND | {"core", "script", "kamailio", "standins"},
    "faults": GROUND | {"core", "script"},
    "running": GROUND | {"sip", "core", "script", "program", "faults"},
    "proxy": GROUND
    | {"sip", "core", "db", "rpc", "script", "program", "loader", "running", "standins"},
    "generations": GROUND | {"sip", "core", "proxy"},
}
"""What each file or folder of the package may import besides itself; "" is the package itself."""
SHELLS = {"net", "replay", "testing", "cli", "demo", "__main__"}
OUTSIDE_OF_NET = {"asyncio", "selectors"}


def imports(path: Path) -> list[tuple[int, str]]:
    """(line, dotted name) of every import in a file, those inside functions included."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            module = node.module or ""
            if module == "sipproxy":
                found += [(node.lineno, f"sipproxy.{alias.name}") for alias in node.names]
            else:
                found.append((node.lineno, module))
    return found


def floor_of(path: Path) -> str:
    part = path.relative_to(ROOT).parts[0]
    return part.removesuffix(".py")


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(ROOT)) for p in FILES])
def test_imports_go_downwards(path: Path) -> None:
    floor = floor_of(path)
    if floor in SHELLS or floor == "__init__":
        return
    allowed = BELOW[floor]
    wrong = []
    for line, name in imports(path):
        parts = name.split(".")
        if parts[0] == "sipproxy":
            target = parts[1] if len(parts) > 1 else ""
            if target == "__version__":
                target = ""
            if target != floor and target not in allowed:
                wrong.append(f"{path}:{line} imports {name}")
            if floor == target == "modules" and parts[2] != path.relative_to(ROOT).parts[
                1
            ].removesuffix(".py"):
                wrong.append(f"{path}:{line}: a module imports another, {name}")
        elif parts[0] in OUTSIDE_OF_NET or (parts[0] == "socket" and floor != "core"):
            wrong.append(f"{path}:{line} reaches outside: {name}")
    assert not wrong, "\n".join(wrong)


def test_shells_do_not_import_each_other_but_testing_may_use_replay() -> None:
    wrong = []
    for path in FILES:
        floor = floor_of(path)
        if floor not in {"net", "replay", "testing"}:
            continue
        others = {"net", "replay", "testing", "cli"} - {floor}
        if floor == "testing":
            others -= {"replay"}
        wrong += [
            f"{path}:{line} imports {name}"
            for line, name in imports(path)
            if name.startswith("sipproxy.") and name.split(".")[1] in others
        ]
    assert not wrong, "\n".join(wrong)


def test_no_mutable_module_globals() -> None:
    """State lives in instances: two proxies in one process must not meet."""
    wrong = []
    for path in FILES:
        for node in ast.parse(path.read_text()).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            value = getattr(node, "value", None)
            for target in targets:
                name = getattr(target, "id", "")
                empty = isinstance(value, ast.Dict | ast.List | ast.Set) and not ast.unparse(
                    value
                ).strip("[]{}()")
                if name and empty:
                    wrong.append(f"{path}:{node.lineno} {name} is an empty container to be filled")
            if isinstance(node, ast.Global):
                wrong.append(f"{path}:{node.lineno} global")
    assert not wrong, "\n".join(wrong)
