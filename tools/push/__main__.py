"""Push the image NAME, built and tested before, to Amazon ECR or to another registry, and print its digest.

It goes under two tags: its version, and the commit it was built from (with -arm64 behind, where it is for
that). A tag that holds the same image already is left alone, so a push that broke off is finished by the
same command. A tag of another image is an error.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)

from .. import ROOT
from . import provenance, ready, signing
from .ecr import Ecr
from .engine import upload
from .failure import PushError
from .registry import Registry

OTHERWISE = "or choose a profile by AWS_PROFILE (or push elsewhere: REGISTRY=host)"


def push(
    name: str,
    version: str,
    registry: Ecr | Registry,
    root: Path = ROOT,
    commit_only: bool = False,
    key: str | None = None,
) -> str:
    """Pushes slipway/<name>:<version>; answers registry/repository@digest, which .slipway/pushed keeps, too.

    With a `key` it is signed, and what is known of it attested. Raises PushError when the image may not be
    pushed or signed, or could not be.
    """
    image = ready.check(root, name, version)
    repository = f"slipway/{name}"
    with registry.opened() as (host, config):
        registry.prepare(repository)
        # SageMaker takes single manifests only, so each architecture has tags of its own.
        suffix = "" if image.architecture == "amd64" else f"-{image.architecture}"
        tags = [tag + suffix for tag in ([] if commit_only else [version]) + [image.revision]]
        held = {tag: registry.holds(repository, tag, host, config) for tag in tags}
        for tag, found in held.items():
            if found is not None and image.id not in found:
                raise PushError(
                    f"{host}/{repository}:{tag} is another image already ({found[1]}); "
                    "tags stay as they are: raise the version in image.toml"
                )
        digests = {
            found[1] if found else upload(image, f"{host}/{repository}:{tag}", config)
            for tag, found in held.items()
        }
        registry.holds(repository, tags[0], host, config)  # which refuses what SageMaker would not run
        if len(digests) != 1:
            raise PushError(
                f"{host}/{repository}: the tags {' and '.join(tags)} hold {' and '.join(sorted(digests))}"
            )
        place = f"{host}/{repository}@{digests.pop()}"
        if key:
            made = provenance.predicate(root, name, version, image)
            signing.sign(place, key, made, root / ".slipway/sbom", name, config)
    _record(root, name, {"image": place, "version": version, "revision": image.revision, "id": image.id})
    return place


def _record(root: Path, name: str, facts: dict[str, str]) -> None:
    path = root / ".slipway/pushed" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({**facts, "pushed": datetime.now(UTC).isoformat(timespec="seconds")}, indent=2) + "\n"
    )


def told(error: Exception) -> str:
    """One line, with the way out where there is a usual one."""
    if isinstance(error, NoRegionError):
        return f"no AWS region: set AWS_REGION, {OTHERWISE}"
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"{error}: log in as for the AWS CLI, {OTHERWISE}"
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status == 403 or code in {"AccessDenied", "AccessDeniedException"}:
            return f"{' '.join(str(error).split())} (policies/push.json holds what a push needs)"
    return " ".join(str(error).split())


def main() -> int:
    parser = argparse.ArgumentParser(description="Push an image and print its digest.")
    add = parser.add_argument
    add("name", help="the image's name, that of its folder in images/")
    add("--version", required=True, help="the tag that was built, and that will be pushed")
    add("--registry", help="another registry than Amazon ECR: a host, and a prefix if need be")
    add("--commit-only", action="store_true", help="leave the version's tag for a release")
    add("--key", help="sign with this key of cosign's, and attest SBOM, VEX and provenance")
    add("--root", type=Path, default=ROOT, help="the repository that the image was built from")
    options = parser.parse_args()
    try:
        registry = Registry(options.registry) if options.registry else Ecr()
        print(push(options.name, options.version, registry, options.root, options.commit_only, options.key))
    except (PushError, BotoCoreError, ClientError) as error:
        print(f"push: {options.name}: {told(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
