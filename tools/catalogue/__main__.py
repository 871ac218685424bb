"""Write the catalogue: a static site with a page for each image, made of what the images say and do.

Every image is trained on its sample and asked, in its own environment; the pages print what really came.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .. import ROOT
from .algorithm import Algorithm
from .site_writer import Site, documents, is_readme


class CatalogueError(Exception):
    """Why there is no catalogue, in one line."""


def captured(name: str, to: Path) -> Algorithm:
    """The image `name`, captured in its own environment, unless `to` holds a capture already."""
    if not (to / "capture.json").exists():
        python = ROOT / ".slipway/envs" / name / "bin/python"
        if not python.exists():
            raise CatalogueError(f"there is no environment of {name} yet; `make catalogue` makes it")
        print(f"capturing {name} …", file=sys.stderr, flush=True)
        command = [str(python), "-m", "tools.catalogue.capture", "--image", name, "--to", str(to)]
        environ = {**os.environ, "PYTHONPATH": str(ROOT / "shared")}
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CatalogueError((done.stderr.strip().splitlines() or [f"{name}: no message"])[-1])
    return Algorithm(json.loads((to / "capture.json").read_text()), to)


def build(out: Path, captures: Path) -> None:
    """Writes the whole site into `out`, which is replaced, from the captures in `captures`."""
    names = sorted(path.parent.name for path in ROOT.glob("images/*/image.toml"))
    with ThreadPoolExecutor(max_workers=2) as pool:
        algorithms = list(pool.map(lambda name: captured(name, captures / name), names))
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    site = Site(out)
    site.write("index.html", "index.html.j2", "Choose an algorithm", algorithms=algorithms)
    for algorithm in algorithms:
        algorithm.write(site)
    papers = [path for path in documents() if not is_readme(path)]
    for path in papers:
        site.document(path)
    listed = [(site.pages[path], str(path.relative_to(ROOT)), site.title(path)) for path in papers]
    site.write("documents/index.html", "documents.html.j2", "Documents", listed=listed)
    site.write("search.html", "search.html.j2", "Search")
    site.finish()


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the catalogue, a static site.")
    parser.add_argument("--out", type=Path, default=ROOT / ".slipway/catalogue")
    parser.add_argument("--captures", type=Path, default=ROOT / ".slipway/captures")
    parser.add_argument("--reuse", action="store_true", help="take the captures that are there already")
    options = parser.parse_args()
    if not options.reuse:
        shutil.rmtree(options.captures, ignore_errors=True)
    try:
        build(options.out.resolve(), options.captures.resolve())
    except (CatalogueError, OSError, ValueError) as error:
        print(f"catalogue: {error}", file=sys.stderr)
        return 1
    print(f"{options.out.resolve()}/index.html  (open it in a browser)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
