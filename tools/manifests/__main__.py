"""Write manifests of an image for Kubernetes and KServe, and a Compose file: `make manifests IMG=name`."""

import argparse
import sys
from pathlib import Path

from slipway.image import Image
from tools.manifests import files

ROOT = Path(__file__).resolve().parents[2]


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="manifests", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--image", required=True)
    parser.add_argument("--out", type=Path, help=".slipway/manifests/<image> unless given")
    parser.add_argument("--registry", default="", help="host and path before slipway/<image>")
    parser.add_argument("--model", default="", help="where KServe finds the model: s3://…, pvc://…")
    options = parser.parse_args(given)
    try:
        image = Image.read(ROOT / "images" / options.image)
    except ValueError as error:
        print(f"manifests: {error}", file=sys.stderr)
        return 1
    folder = options.out or ROOT / ".slipway/manifests" / options.image
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.written(image, options.registry, options.model).items():
        (folder / name).write_text(text)
        print(f"wrote {folder / name}")
    if not options.model:
        print("  with an example instead of yours: storageUri in inference-service.yaml (MODEL=s3://…)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
