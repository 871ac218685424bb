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

from listing import making, submitting, writing
from listing.place import Place
from listing.rules import RULES, breaches
from listing.trial import TrialError

ROOT = Path(__file__).resolve().parents[2]


def parse(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="listing", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--image", required=True)
    parser.add_argument("--out", type=Path, help=".slipway/listing/<image> unless given")
    parser.add_argument("--account", default=Place.account, help="the seller's; AWS's example unless given")
    parser.add_argument("--region", default=Place.region)
    parser.add_argument("--bucket", default="", help="sagemaker-<region>-<account> unless given")
    parser.add_argument("--role", default="", help="name or ARN of the role that AWS validates as")
    parser.add_argument("--repository", default=Place.repository, help="https://github.com/owner/name")
    parser.add_argument("--digest", default="", help="sha256:… of the image, as `make push` prints it")
    parser.add_argument("--submit", choices=["algorithm", "model-package"], help="create it on AWS, too")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    options = parse(given)
    place = Place(
        account=options.account,
        region=options.region,
        bucket=options.bucket,
        role=options.role,
        repository=options.repository.removesuffix(".git").rstrip("/"),
        digest=options.digest,
    )
    folder = options.out or ROOT / ".slipway/listing" / options.image
    try:
        listing = making.make(ROOT / "images" / options.image, place)
    except (TrialError, ValueError, OSError) as error:
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


if __name__ == "__main__":
    sys.exit(main())
