"""These protocols on a multi-model endpoint: models have the names under which they were loaded."""

from collections.abc import Mapping
from dataclasses import dataclass

from slipway.serving.answer import Answer, json_answer
from slipway.serving.oip import paths
from slipway.serving.oip.errors import error


@dataclass(frozen=True, slots=True)
class Loaded(paths.Models):
    """The models that are loaded, all of which are ready."""

    versions: Mapping[str, str]
    """By name."""

    @property
    def names(self) -> list[str]:
        return list(self.versions)

    def missing(self, name: str) -> Answer | None:
        return None if name in self.versions else error(404, f"model {paths.shown(name)} is not loaded")

    def version(self, name: str) -> str:
        return self.versions[name]

    def ready(self, **about: str | bool) -> Answer:
        return json_answer(200, {**about, "ready": True})
