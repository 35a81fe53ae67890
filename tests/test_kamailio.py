"""What is known of Kamailio's modules by name."""

from sipproxy.kamailio import (
    FUNCTION,
    PARAMETER,
    SELECT,
    TRANSFORMATION,
    VARIABLE,
    exports,
    homes,
    kamailio_modules,
)


def test_modules_have_names() -> None:
    assert {"htable", "sl", "tm", "mi_fifo"} <= kamailio_modules()


def test_what_a_module_exports() -> None:
    assert {"ds_select_dst", "ds_is_from_list"} <= exports("dispatcher", FUNCTION)
    assert "ds_ping_interval" in exports("dispatcher", PARAMETER)
    assert {"dlg", "dlg_var"} <= exports("dialog", VARIABLE)
    assert exports("sqlops", TRANSFORMATION) == {"sql"}
    assert exports("tls", SELECT) == {"tls"}


def test_what_is_only_for_other_modules_is_no_function_of_a_cfg() -> None:
    assert "bind_dispatcher" not in exports("dispatcher", FUNCTION)
    assert "load_tm" not in exports("tm", FUNCTION)


def test_a_module_of_nobody_exports_nothing() -> None:
    assert exports("none", FUNCTION) == frozenset()


def test_who_has_a_name() -> None:
    assert list(homes(FUNCTION, "exec_msg")) == ["exec"]
    assert list(homes(FUNCTION, "no_such_function")) == []
