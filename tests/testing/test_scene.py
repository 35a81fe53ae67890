"""A cfg among people: the users that stand in for a table, and what is counted."""

from pathlib import Path

import pytest

from sipproxy.testing.scene import Scene

CFG = """
listen=udp:127.0.0.1:PORT
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "load_credentials", "$avp(name)=username;$avp(domain)=domain")
modparam("auth_db", "password_column", COLUMN)
modparam("auth_db", "calculate_ha1", PLAIN)
request_route {
    if (!auth_check("example.com", "subscriber", "0")) {
        auth_challenge("example.com", "1");
        exit;
    }
    sl_send_reply("200", "$avp(name)@$avp(domain)");
}
"""


@pytest.mark.parametrize(("column", "plain"), [('"ha1"', "0"), ('"password"', "1")])
def test_users_have_the_columns_of_the_table(tmp_path: Path, column: str, plain: str) -> None:
    path = tmp_path / "a.cfg"
    path.write_text(CFG)
    defines = {"PORT": "5061", "COLUMN": column, "PLAIN": plain}
    scene = Scene(str(path), {"bob": "secret"}, defines=defines)
    phone = scene.caller("10.0.0.9")
    assert phone.register("bob", "secret") == 200
    assert phone.guesses([("bob@example.com", "secret"), ("carol", "secret")]) == [200, 401]
    assert (scene.checks(), scene.checks("bob"), scene.checks("carol")) == (3, 2, 1)
    assert scene.proxy.local == ("127.0.0.1", 5061)
