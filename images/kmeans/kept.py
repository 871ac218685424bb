"""The checkpoint of a search."""

from slipway import Array
from slipway.kit.checkpoints import ArrayCheckpoint


class Kept(ArrayCheckpoint):
    """`slipway.kit`'s, by the names that the curve over k calls."""

    def found(self) -> dict[str, Array] | None:
        """The state that the search was in before it was interrupted."""
        return self.load()

    def keep(self, at_once: bool = False, **state: Array) -> None:
        """Saves the state now and then, when the job is to end, or `at_once`."""
        self.save(at_once, **state)
