"""What has been counted and measured, for those who tell it."""

from functools import cached_property

from slipway.image import Image
from slipway.serving.metrics.shared import Counts
from slipway.serving.metrics.watch import Watch
from slipway.settings import Settings

OTHER = "other"
"""The name under which the requests of those models are counted that have no block of their own."""


class State:
    """Made before the first fork, and seen by every process."""

    def __init__(self, settings: Settings, workers: int) -> None:
        self.settings = settings
        self.per_model = settings.multi_model
        self.counts = Counts(1 + settings.metrics_models if self.per_model else workers)
        self.watches: dict[str, Watch] = {}
        """What is watched of each model that is loaded, by name; that of the only one has none."""

    @property
    def watch(self) -> Watch | None:
        """What is watched of the only model."""
        return self.watches.get("")

    @cached_property
    def image(self) -> tuple[str, str]:
        """Name and version of the image that serves."""
        try:
            image = Image.read(self.settings.algorithm)
        except ValueError:
            return "", ""
        return image.name, image.version
