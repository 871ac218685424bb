"""The application as its routes know it, so that they need not import it."""

from typing import Any, Protocol

from slipway.errors import ModelLoadError
from slipway.serving.answer import Answer
from slipway.serving.asgi import Headers
from slipway.serving.endpoint import Endpoint
from slipway.serving.metrics.container import Metrics
from slipway.settings import Settings


class Served(Protocol):
    """One model, loaded or not."""

    settings: Settings
    workers: int
    endpoint: Endpoint | None
    metrics: Metrics
    broken: ModelLoadError
    """Why there is no model."""
    unready: str
    """Why a model that was loaded is not ready all the same."""

    def answer_now(self, headers: Headers, body: bytes, route: Any = None) -> Answer:
        """Answers on the spot, by the protocol of `route` if there is one."""

    def ping(self) -> Answer:
        """Whether the model is ready."""
