"""Builds the parser's tables into the package; all else is in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithTables(build_py):
    """Copies the package, then writes the tables beside their grammar."""

    def run(self) -> None:
        """Build; an editable install gets the tables in the source tree."""
        super().run()
        sys.path.insert(0, str(ROOT))
        from sipproxy.script import tables

        root = ROOT if getattr(self, "editable_mode", False) else Path(self.build_lib)
        tables.dump(root / "sipproxy" / "script" / tables.TABLES.name)


setup(cmdclass={"build_py": BuildWithTables})
