"""Commands with the signatures and answers of the Kamailio the golden files were recorded from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.errors import RpcError
from sipproxy.rpc.arguments import Arguments, LooseInt, LooseStr
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.values import NamedArray, Struct, Value

Golden = Callable[[str], list[dict[str, Any]]]

_SLOTS = {"d": 0, "e": 1, "ключ": 3, "i": 4, "num": 4, "a": 5, "z": 5, "neg": 5, "y": 6, "x": 7}
_PARAMETERS = "(Parameters: varname type value)"


class Tables:
    """The htables T and E as plain dicts, answering as htable.* do."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, int | str]] = {
            "E": {},
            "T": {"a": "str", "num": -7, "z": 42},
        }

    def table(self, name: str) -> dict[str, int | str]:
        if name not in self.tables:
            raise RpcError(500, "No such htable")
        return self.tables[name]

    def dump(self, table: str) -> Value:
        """Dump the contents of hash table."""
        slots: dict[int, list[Value]] = {}
        for key in sorted(self.table(table), key=list(_SLOTS).index):
            value = self.table(table)[key]
            kind = "str" if isinstance(value, str) else "int"
            entry: Value = {"name": key, "value": value, "type": kind}
            slots.setdefault(_SLOTS[key], []).append(entry)
        return [{"entry": n, "size": len(slot), "slot": slot} for n, slot in slots.items()]

    def get(self, table: str, key: str) -> Value:
        cells = self.table(table)
        if key not in cells:
            raise RpcError(500, "Key name doesn't exist in htable.")
        value = cells[key]
        flags = 2 if isinstance(value, str) else 0
        return {"item": {"name": key, "value": value, "flags": flags, "expire": "NEVER"}}

    def sets(self, table: str, key: str, value: LooseStr) -> Value:
        self.table(table)[key] = value
        return "Ok. Key set to new value."

    def seti(self, table: str, key: str, value: LooseInt) -> Value:
        self.table(table)[key] = value
        return "Ok. Key set to new value."

    def setxs(self, table: str, key: str, value: LooseStr, seconds: int) -> Value:
        self.table(table)[key] = value
        return "Ok. Key set to new value."

    def delete(self, table: str, key: str) -> Value:
        if self.table(table).pop(key, None) is None:
            raise RpcError(404, "Key not found in htable.")
        return "Ok. Key deleted."

    def flush(self, table: str) -> Value:
        self.table(table).clear()
        return "Ok. Htable flushed."

    def reload(self) -> Value:
        raise RpcError(500, "No htable db_url")

    def list(self) -> Value:
        numbers = {"updateexpire": 1, "size": 8, "dmqreplicate": 0}
        return [
            {"name": name, "dbtable": "", "dbmode": 0, "expire": 0, **numbers}
            for name in self.tables
        ]

    def stats(self) -> Value:
        rows: list[Value] = []
        for name, cells in self.tables.items():
            slots = [_SLOTS.get(key, 0) for key in cells]
            most = max((slots.count(slot) for slot in slots), default=0)
            rows.append({"name": name, "slots": 8, "all": len(cells), "min": 0, "max": most})
        return rows

    def add_to(self, registry: Registry) -> None:
        pair = "Not enough parameters (htable name and key name)"
        three = "Not enough parameters (htable name, key name and value)"
        four = "Not enough parameters (htable name, key name, value and expire)"
        no_name = "No htable name given"
        registry.add("htable.dump", self.dump, array=True, missing=no_name)
        registry.add("htable.get", self.get, missing=pair)
        registry.add("htable.sets", self.sets, missing=three)
        registry.add("htable.seti", self.seti, missing=three)
        registry.add("htable.setxs", self.setxs, missing=four)
        registry.add("htable.delete", self.delete, missing=pair)
        registry.add("htable.flush", self.flush, missing=no_name)
        registry.add("htable.reload", self.reload)
        registry.add("htable.listTables", self.list, array=True)
        registry.add("htable.stats", self.stats, array=True)


class SharedVariables:
    """The $shv of the recorded run, answering as pv.shv* do."""

    def __init__(self) -> None:
        self.values: dict[str, int | str] = {"s": "text", "n": 5}

    def get(self, name: str | None = None) -> Value:
        if name is None:
            return {"items": Struct(tuple(("shv", self.one(key)) for key in self.values))}
        return self.one(name)

    def one(self, name: str) -> Value:
        if name not in self.values:
            raise RpcError(404, "Variable not found")
        value = self.values[name]
        return {
            "name": name,
            "type": "int" if isinstance(value, int) else "string",
            "value": value,
        }

    def set(self, name: str, kind: str, rest: Arguments) -> Value:
        if kind == "int":
            self.values[name] = rest.integer(f"Missing integer parameter value {_PARAMETERS}")
        elif kind == "str":
            self.values[name] = rest.string(f"Missing parameter value {_PARAMETERS}")
        else:
            raise RpcError(500, "Unknown parameter type (Types: int or str)")
        return "Ok. Variable set to new value."

    def add_to(self, registry: Registry) -> None:
        missing = [f"Missing parameter {what} {_PARAMETERS}" for what in ("varname", "type")]
        registry.add("pv.shvGet", self.get)
        registry.add("pv.shvSet", self.set, missing=missing)


def prints(*words: str) -> Value:
    return words


def printi(*numbers: int) -> Value:
    return numbers


def echo(*words: LooseStr) -> Value:
    return words


def json_echo(word: LooseStr | None = None, number: LooseInt | None = None) -> Value:
    return [value for value in (word, number) if value is not None]


def cfg_get(arguments: Arguments) -> Value:
    if arguments.string("Failed to get the parameters"):
        return 1
    return None


def cfg_seti(group: str, name: str, value: int) -> Value:
    return None


def targets(*destinations: Value) -> Value:
    return NamedArray(tuple(("DEST", destination) for destination in destinations))


def dispatcher_list() -> Value:
    def target(port: str, **more: Value) -> Value:
        return {"URI": f"sip:127.0.0.{port}:9999", "FLAGS": "AX", "PRIORITY": 0, **more}

    attributes: Value = {
        "BODY": "attr=x",
        "DUID": None,
        **dict.fromkeys(("MAXLOAD", "WEIGHT", "RWEIGHT"), 0),
        **dict.fromkeys(("SOCKET", "SOCKNAME", "OBPROXY")),
    }
    sets = (
        ("SET", {"ID": 2, "TARGETS": targets(target("3"))}),
        ("SET", {"ID": 1, "TARGETS": targets(target("2"), target("1", ATTRS=attributes))}),
    )
    return {"NRSETS": 2, "RECORDS": NamedArray(sets)}


def sockets_list() -> Value:
    socket = {"proto": "udp", "address": "127.0.0.1", "port": "15990"}
    return NamedArray((("socket", socket | dict.fromkeys(("mcast", "mhomed", "virtual"), "no")),))


def sl_stats() -> Value:
    names = "200 202 2xx 300 301 302 3xx 400 401 403 404 407 408 483 4xx 500 5xx 6xx xxx"
    return dict.fromkeys(names.split(), 0)


@pytest.fixture
def registry() -> Registry:
    """A registry that answers as the recorded Kamailio did; a broken handler fails the test."""

    def report(name: str, error: Exception) -> None:
        raise AssertionError(name) from error

    registry = Registry(report)
    Tables().add_to(registry)
    SharedVariables().add_to(registry)
    registry.add("core.version", lambda: "kamailio 5.6.3 (x86_64/linux) ")
    registry.add("core.prints", prints, array=True)
    registry.add("core.printi", printi, array=True)
    registry.add("core.echo", echo, array=True)
    registry.add("core.sockets_list", sockets_list)
    registry.add("jsonrpc.echo", json_echo, array=True)
    registry.add("cfg.get", cfg_get)
    registry.add("cfg.seti", cfg_seti)
    registry.add("cfg.help", lambda: ["debug level", "(parameter type is integer)"])
    registry.add("cnt.list_groups", lambda: ["core", "dns", "shmem", "sl", "tcp"], array=True)
    registry.add("sl.stats", sl_stats)
    registry.add("dispatcher.list", dispatcher_list)
    return registry


@pytest.fixture(scope="session")
def golden() -> Golden:
    """Reads a recorded golden file by name."""

    def read(name: str) -> list[dict[str, Any]]:
        path = Path(__file__).parent / "golden" / f"{name}.json"
        rows = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(rows, list) and rows
        return rows

    return read
