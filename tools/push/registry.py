"""Any registry, with the login that Docker has for it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from .engine import docker
from .failure import PushError
from .manifest import image_id


class Registry:
    """The registry `host`, which may carry a prefix: registry.example.com/team."""

    def __init__(self, host: str) -> None:
        self._host = host.strip("/")

    @contextmanager
    def opened(self) -> Iterator[tuple[str, None]]:
        """The host, and Docker's usual configuration."""
        yield self._host, None

    def prepare(self, repository: str) -> None:
        """A registry makes a repository by itself."""

    def holds(self, repository: str, tag: str, host: str, config: str | None) -> tuple[str, str] | None:
        """The image id and digest that the tag stands for; None where there is no such tag.

        Raises PushError where it stands for what SageMaker does not run.
        """
        place = f"{host}/{repository}:{tag}"
        try:
            # Plain HTTP is tried where the engine would, too: on this machine.
            found = json.loads(docker("manifest", "inspect", "--verbose", "--insecure", place, config=config))
        except PushError as error:
            if any(said in str(error) for said in ("no such manifest", "manifest unknown", "name unknown")):
                return None
            raise
        if isinstance(found, list):
            raise PushError(f"{place} is a list of manifests; SageMaker takes single ones only")
        manifest = found.get("SchemaV2Manifest") or {"mediaType": found["Descriptor"]["mediaType"]}
        return image_id(json.dumps(manifest), place), found["Descriptor"]["digest"]
