"""Write what a listing on AWS Marketplace needs, and check it: `make listing IMG=name`.

Requests, texts, samples and notebooks of the algorithm and of a model package, derived from the image and
from its sample, which is trained, served and asked on the way. Where a rule is broken nothing is written.
"""

import argparse
import sys
from pathlib import Path

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from slipway.image import Image

from .. import ROOT
from . import making, submitting, writing
from .outcome import OutcomeError
from .place import Place
from .rules import RULES, breaches


def parse(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="listing", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--image", required=True)
    parser.add_argument("--out", type=Path, help=".slipway/listing/<image> unless given")
    parser.add_argument("--account", help="the seller's; where `make push` put the image, else AWS's example")
    parser.add_argument("--region", help="where `make push` put the image, else us-east-1")
    parser.add_argument("--bucket", help="sagemaker-<region>-<account> unless given")
    parser.add_argument("--role", help="name or ARN of the role that AWS validates as")
    parser.add_argument("--repository", help="https://github.com/owner/name, with the samples and notebooks")
    parser.add_argument("--digest", help="sha256:… of the image; what `make push` recorded unless given")
    parser.add_argument("--submit", choices=["algorithm", "model-package"], help="create it on AWS, too")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    options = parse(given)
    folder = options.out or ROOT / ".slipway/listing" / options.image
    try:
        place = _place(options)
        listing = making.make(ROOT / "images" / options.image, place)
    except (OutcomeError, ValueError, OSError) as error:
        print(f"listing: {options.image}: {error}", file=sys.stderr)
        return 1
    found = breaches(listing)
    for breach in found:
        print(f"listing: {options.image}: {breach}", file=sys.stderr)
    if found:
        return 1
    writing.write(listing, folder)
    print(f"{folder}: {len(RULES)} rules hold")
    if options.submit:
        try:
            session = boto3.Session(region_name=place.region)
            print(submitting.submit(listing, options.submit, folder, session))
        except (Boto3Error, BotoCoreError, ClientError) as error:
            print(f"listing: {options.image}: {error}", file=sys.stderr)
            return 1
    for missing in place.missing():
        print(f"  with an example instead of yours: {missing}")
    return 0


def _place(options: argparse.Namespace) -> Place:
    given = {one: getattr(options, one) for one in ("account", "region", "bucket", "role", "digest")}
    given["repository"] = (options.repository or "").removesuffix(".git").rstrip("/")
    image = ROOT / "images" / options.image
    record = ROOT / ".slipway/pushed" / f"{options.image}.json"
    return Place.of(given, record, Image.read(image).version)


if __name__ == "__main__":
    sys.exit(main())
