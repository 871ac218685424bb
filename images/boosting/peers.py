"""Hosts that train together: each runs the same code over its own rows, and these calls, in the same order.

What every host must know alike goes through them: classes, categories, scores, and whether to end. XGBoost's
collective carries it, for LightGBM's training too.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np

from slipway import Array
from slipway.kit.imports import lean

T = TypeVar("T")

_WAIT_S = 10 * 86_400  # a host that is lost is noticed by the cluster


class Peers:
    """A host that trains alone: it knows what others would have to be told."""

    size = 1
    rank = 0

    def gather(self, value: T) -> list[T]:
        """The values of all hosts, by rank."""
        return [value]

    def shared(self, value: T) -> T:
        """The value of the first host."""
        return value

    def sum(self, values: Array) -> Array:
        """Sums over the hosts; float64, of any shape."""
        return values

    def count(self, rows: int) -> int:
        """The sum of a number of rows."""
        return rows

    def any(self, *flags: bool) -> tuple[bool, ...]:
        """Of each flag, whether it is true on any host."""
        return flags

    def machines(self) -> dict[str, Any]:
        """LightGBM's parameters of the network between the hosts."""
        return {}


ALONE = Peers()


@dataclass(frozen=True)
class Link:
    """How the hosts of a training find one another."""

    tracker: Mapping[str, Any]
    """XGBoost's arguments."""
    addresses: Mapping[str, str]
    """The address of each host, the first one's first."""


class Together(Peers):
    """One of several hosts; a context, which no host leaves before all others do, unless by an error."""

    def __init__(self, link: Link, host: str) -> None:
        self._link = link
        self._host = host
        place = list(link.addresses).index(host)
        self._task = f"{place:06}"  # the tracker ranks by it

    def __enter__(self) -> Self:
        with lean():
            import xgboost
            from xgboost import collective

        xgboost.set_config(verbosity=0)  # of this thread; what matters is told by the cluster
        collective.init(**self._link.tracker, dmlc_task_id=self._task, dmlc_timeout=_WAIT_S)
        self.size, self.rank = collective.get_world_size(), collective.get_rank()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from xgboost import collective

        if error is None:  # else the others will not come to say goodbye
            collective.finalize()

    def gather(self, value: T) -> list[T]:
        from xgboost import collective

        found = [
            collective.broadcast((value,) if rank == self.rank else None, rank) for rank in range(self.size)
        ]
        return [one[0] for one in found if one is not None]

    def shared(self, value: T) -> T:
        from xgboost import collective

        found = collective.broadcast((value,) if self.rank == 0 else None, 0)
        assert found is not None
        return found[0]

    def sum(self, values: Array) -> Array:
        from xgboost import collective

        values = np.asarray(values, dtype=np.float64)
        return collective.allreduce(values, collective.Op.SUM).reshape(values.shape)

    def count(self, rows: int) -> int:
        return int(self.sum(np.array([rows]))[0])

    def any(self, *flags: bool) -> tuple[bool, ...]:
        return tuple(bool(one) for one in self.sum(np.array(flags)) > 0)

    def machines(self) -> dict[str, Any]:
        address = self._link.addresses[self._host]
        if address.startswith("127."):
            address = "127.0.0.1"  # LightGBM looks for its own address among those of the interfaces
        port = _free_port(address)
        machines = self.gather(f"{address}:{port}")
        return {
            "tree_learner": "data",
            "pre_partition": True,
            "machines": ",".join(machines),
            "num_machines": self.size,
            "local_listen_port": port,
            "time_out": _WAIT_S // 60,
        }


def _free_port(address: str) -> int:
    with socket.socket() as free:
        free.bind((address, 0))
        port: int = free.getsockname()[1]
        return port
