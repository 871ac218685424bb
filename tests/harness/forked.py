"""pytest in copies of one process that has everything imported: a small run costs what it tests."""

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tools import ROOT


class Pytest:
    """Runs of pytest with one Python, one after the other, none of which sees what another has done."""

    def __init__(self, python: Path, collected: Sequence[str], modules: Sequence[str] = ()) -> None:
        """What collecting with these arguments imports is imported once, and so are `modules`.

        A name that ends with `.*` stands for all modules of that package.
        """
        self._process = subprocess.Popen(
            [str(python), "-m", "harness.forked", json.dumps([list(collected), list(modules)])],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "shared", ROOT / "tests")))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """The exit code of pytest with these arguments, and its output."""
        assert self._process.stdin
        assert self._process.stdout
        with tempfile.NamedTemporaryFile() as output:
            print(json.dumps([arguments, output.name]), file=self._process.stdin, flush=True)
            code = self._process.stdout.readline()
            assert code, f"the process that runs pytest ended with {self._process.wait()}"
            return int(code), Path(output.name).read_text(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # it ends where its orders do


def _import(collected: list[str], modules: list[str]) -> None:
    with redirect_stdout(sys.stderr):
        code = pytest.main(["--collect-only", "-qq", *collected])
    if code != 0:
        raise SystemExit(f"nothing could be collected with {collected}")
    for name in modules:
        package = importlib.import_module(name.removesuffix(".*"))
        if name.endswith(".*"):
            for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
                if not module.name.endswith("__main__"):
                    importlib.import_module(module.name)


def _fork(arguments: list[str], output: str) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code: int = 3
    try:
        told = os.open(output, os.O_WRONLY)
        for number in (1, 2):
            os.dup2(told, number)
        code = pytest.main(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    _import(*json.loads(sys.argv[1]))
    for line in sys.stdin:
        print(_fork(*json.loads(line)), flush=True)
