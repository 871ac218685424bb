"""Write what is derived from the images and the settings into the documents, or with --check compare it.

A document says where: between `<!-- generated: NAME -->` and `<!-- end -->`. Notebooks are generated whole.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import ROOT, benchmark_runs, calls, contract, notebooks, tables

MARKED = re.compile(r"(<!-- generated: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SETTINGS = (
    "import json; from slipway.settings import Settings; print(json.dumps(Settings.model_json_schema()))"
)
_KEYS = (
    "import json; from slipway.image import Image; schema = Image.model_json_schema(); "
    "del schema['properties']['folder']; print(json.dumps(schema))"  # a folder's name is not written in it
)


class GenerateError(Exception):
    """Why nothing could be generated, in one line."""


def python(image: Path, *arguments: str) -> Any:
    """What Python prints of `image`, as JSON, in the shared layer's environment: no image's own is needed."""
    program = ROOT / ".slipway/envs/shared/bin/python"
    if not program.exists():
        raise GenerateError("there is no environment of the shared layer yet; `make generate` makes it")
    environ = {"PYTHONPATH": str(ROOT / "shared"), "SLIPWAY_ALGORITHM": str(image)}
    command = [str(program), *arguments]
    done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        hint = "; import a library of its own where it is used" if "ModuleNotFoundError" in last else ""
        raise GenerateError(f"{image.relative_to(ROOT)} cannot be described: {last}{hint}")
    return json.loads(done.stdout)


def fill(path: Path, parts: Mapping[str, str]) -> str:
    """The text of `path`, each of `parts` in its place. Raises GenerateError when the places are others."""
    if not path.exists():
        raise GenerateError(
            f"there is no {path.relative_to(ROOT)}; write it, with <!-- generated: … --> in it"
        )
    text = path.read_text()
    found = [name for _, name, _ in MARKED.findall(text)]
    if sorted(found) != sorted(parts):
        expected = ", ".join(sorted(parts))
        came = ", ".join(sorted(found)) or "none"
        raise GenerateError(
            f"{path.relative_to(ROOT)}: expected the generated parts {expected}; found {came}"
        )
    return MARKED.sub(lambda match: match[1] + parts[match[2]] + match[3], text)


def files() -> dict[Path, str]:
    """Every file that is generated or has generated parts, and the text it should have."""
    images = sorted(path.parent for path in ROOT.glob("images/*/image.toml"))
    described = {image: python(image, "-m", "slipway", "describe") for image in images}
    every = list(described.values())
    found = {
        ROOT / "README.md": {"tasks": tables.tasks(every), "images": tables.images(every)},
        ROOT / "SECURITY.md": {"models": tables.models(every)},
    }
    for image, facts in described.items():
        found[image / "README.md"] = {
            "hyperparameters": tables.hyperparameters(facts),
            "options": tables.options(facts),
            "channels": tables.channels(facts),
            "metrics": tables.metrics(facts),
            "calls": calls.calls(facts, image / "sample/request.csv"),
        }
    found[ROOT / "benchmarks/README.md"] = {"runs": benchmark_runs.overview(benchmark_runs.runs())}
    found[ROOT / "docs/image-toml.md"] = {"keys": tables.keys(python(images[0], "-c", _KEYS))}
    found[ROOT / "docs/settings.md"] = {"settings": tables.settings(python(images[0], "-c", _SETTINGS))}
    sections, held = contract.rows(ROOT / "tools/contract.toml"), contract.tests(ROOT)
    contract.check(sections, held)
    found[ROOT / "docs/contract.md"] = {"contract": contract.document(sections, held)}
    done = subprocess.run(
        [sys.executable, "-m", "tools.conformance", "--list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found[ROOT / "docs/conformance.md"] = {"checks": done.stdout}
    filled = {path: fill(path, parts) for path, parts in found.items()}
    whole = {
        image / "notebook.ipynb": notebooks.notebook(facts, image / "sample")
        for image, facts in described.items()
    }
    return {**filled, **whole}


def main() -> int:
    parser = argparse.ArgumentParser(description="Write, or compare, what is derived.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file is out of date")
    check = parser.parse_args().check
    try:
        stale = {
            path: text for path, text in files().items() if not path.exists() or path.read_text() != text
        }
    except (GenerateError, contract.ContractError) as error:
        print(f"generate: {error}", file=sys.stderr)
        return 1
    for path, text in stale.items():
        if check:
            print(f"{path.relative_to(ROOT)} is out of date; run `make generate`", file=sys.stderr)
        else:
            path.write_text(text)
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
