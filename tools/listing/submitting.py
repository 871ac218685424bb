"""A listing's resource made on AWS: what it is validated on is uploaded, then the request is sent."""

from pathlib import Path
from typing import Any

from . import calls
from .product import Listing


def submit(listing: Listing, kind: str, folder: Path, session: Any) -> str:
    """Creates the algorithm, or the model package, of the listing written to `folder`; answers its ARN.

    AWS then validates it, which can take hours; DescribeAlgorithm or DescribeModelPackage tells how far.
    """
    product = listing.product
    s3, sagemaker = session.client("s3"), session.client("sagemaker")
    files = {path: folder / "samples" / path for path in listing.samples if path.startswith("train/")}
    files["batch/batch.csv"] = folder / "samples/batch.csv"
    files[calls.MODEL] = folder / calls.MODEL
    for path, file in files.items():
        bucket, _, key = product.place.s3(product.name, path).removeprefix("s3://").partition("/")
        s3.upload_file(str(file), bucket, key)
    if kind == "algorithm":
        return str(sagemaker.create_algorithm(**listing.requests[kind])["AlgorithmArn"])
    return str(sagemaker.create_model_package(**listing.requests[kind])["ModelPackageArn"])
