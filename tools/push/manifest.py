"""What a registry's manifest says of the image it is of."""

import json

from .failure import PushError

ACCEPTED = "application/vnd.docker.distribution.manifest.v2+json"


def image_id(text: str, place: str) -> str:
    """The id of the image, as Docker prints it for the same image on this machine.

    SageMaker runs single Docker manifests only, and refuses the OCI lists that newer engines may push:
    https://github.com/aws/amazon-sagemaker-feedback/issues/180. Raises PushError for any other.
    """
    manifest = json.loads(text)
    kind = manifest.get("mediaType", "an unknown kind of manifest")
    if kind != ACCEPTED:
        raise PushError(f"{place} is {kind}; SageMaker takes only {ACCEPTED}")
    return str(manifest["config"]["digest"])
