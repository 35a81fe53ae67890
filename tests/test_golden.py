"""The Python made of a cfg that holds one of everything, whole, as a golden file.

`python tests/test_golden.py` writes the file anew: read the difference before keeping it.
"""

from pathlib import Path

from sipproxy.testing import load_cfg

FOLDER = Path(__file__).with_name("golden")
GOLDEN = FOLDER / "representative.py.txt"


def generated() -> str:
    """The generated Python, with the cfg's name instead of its path."""
    source = load_cfg(str(FOLDER / "representative.cfg")).proxy.compiled.source()
    return source.replace(f"{FOLDER}/", "")


def test_the_generated_python_is_the_golden_one() -> None:
    assert generated() == GOLDEN.read_text("utf-8")


def test_it_is_the_same_at_every_compilation() -> None:
    assert generated() == generated()


if __name__ == "__main__":
    GOLDEN.write_text(generated(), "utf-8")
