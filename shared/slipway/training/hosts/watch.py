"""Who of the hosts is still there: those that left are lost at once, those that are silent after a while."""

from collections.abc import Callable, Mapping

from slipway.errors import PlatformError, listed

LOOK_S = 1.0
SILENT_S = 60
"""Seconds without a sign of life, by looks `LOOK_S` apart, after which a host counts as lost."""


class Watch:
    """Looks at the hosts' signs of life while somebody waits for them.

    Silence is counted in looks, not by the clock: after a computation that held Python's lock, in which no
    sign could be heard, no host counts as lost.
    """

    def __init__(self, hosts: tuple[str, ...], seen: Callable[[], Mapping[str, float]]) -> None:
        """`seen` gives the hosts that are there, and when each was last heard of."""
        self._hosts = hosts
        self._seen = seen
        self._last: dict[str, float] = {}
        self._silent = dict.fromkeys(hosts, 0)

    def missing(self) -> list[str]:
        """The hosts that have not come, or have left."""
        there = self._seen()
        return [host for host in self._hosts if host not in there]

    def look(self) -> None:
        """To be called every `LOOK_S`. Raises PlatformError that names a host that is lost."""
        if missing := self.missing():
            raise PlatformError(f"host {listed(missing)} was lost")
        for host, moment in self._seen().items():
            self._silent[host] = self._silent[host] + 1 if self._last.get(host) == moment else 0
            self._last[host] = moment
        silent = [host for host, looks in self._silent.items() if looks * LOOK_S >= SILENT_S]
        if silent:
            raise PlatformError(f"host {listed(silent)} was lost: it has not been heard of for {SILENT_S} s")
