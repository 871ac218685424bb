"""What images weigh, unpacked and as a host pulls them; together, layers that they share count once.

Usage: python -m benchmarks.sizes IMAGE:TAG …
"""

import argparse
import json
import subprocess
import sys
import tarfile
import zlib
from typing import IO, Any


def compressed(layer: IO[bytes]) -> tuple[int, int]:
    """Bytes of a layer as it is, and as `docker push` sends it: gzip, at its usual level."""
    squeeze = zlib.compressobj(6, wbits=31)
    raw = sent = 0
    while block := layer.read(1 << 20):
        raw += len(block)
        sent += len(squeeze.compress(block))
    return raw, sent + len(squeeze.flush())


def layers(images: list[str]) -> tuple[dict[str, list[str]], dict[str, tuple[int, int]]]:
    """The layers of each image, and the bytes of each layer, from `docker save`."""
    sizes: dict[str, tuple[int, int]] = {}
    same: dict[str, str] = {}
    saved = ["docker", "save", *images]
    with (
        subprocess.Popen(saved, stdout=subprocess.PIPE) as saving,
        tarfile.open(fileobj=saving.stdout, mode="r|") as archive,
    ):
        found: Any = []
        for member in archive:
            if member.issym():  # a layer that another image has, too
                same[member.name] = member.linkname.removeprefix("../")
            content: Any = archive.extractfile(member) if member.isfile() else None
            if member.name == "manifest.json":
                found = json.load(content)
            elif content and (member.name.endswith("layer.tar") or member.name.startswith("blobs/")):
                sizes[member.name] = compressed(content)
    if saving.returncode:
        raise SystemExit(f"sizes: {' '.join(saved)} failed")
    of = {image["RepoTags"][0]: [same.get(name, name) for name in image["Layers"]] for image in found}
    return of, sizes


def main() -> int:
    parser = argparse.ArgumentParser(description="What images weigh, unpacked and pushed.")
    parser.add_argument("images", nargs="+", metavar="IMAGE:TAG")
    of, sizes = layers(parser.parse_args().images)
    print("| image | unpacked, MB | pushed, MB |\n| --- | --- | --- |")
    for image, names in [*of.items(), ("all together", {name for found in of.values() for name in found})]:
        raw, sent = (sum(sizes[name][place] for name in names) / 1e6 for place in (0, 1))
        print(f"| {image} | {raw:.0f} | {sent:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
