"""The channels of a job as its `fit` is given them, be the data on one host or sharded over several."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from slipway.log import log
from slipway.paths import Paths
from slipway.training import staying
from slipway.training.channel import Channel
from slipway.training.config import ChannelConfig, Hosts
from slipway.training.inputs import Fifos, Files, Inputs, Pipe

if TYPE_CHECKING:
    from distributed import Client

    from slipway.training.cluster import Cluster

Opened = tuple[dict[str, Channel], "Client | None"]


@contextmanager
def opened(hosts: Hosts, given: Mapping[str, ChannelConfig], paths: Paths) -> Iterator[Opened]:
    """The channels, and the Dask client of the hosts where data are sharded over several.

    A host that does not lead gets none: it hands the leader what it holds, and goes on when that ends.
    """
    sharded = {name: one for name, one in given.items() if one.sharded and len(hosts.all) > 1}
    if not sharded and not hosts.is_leader:
        log("train", f"{hosts.all[0]} trains; {hosts.current} has nothing to do")
        staying.stay(hosts)
        yield {}, None
        return
    if not sharded:
        with staying.leading(hosts) if len(hosts.all) > 1 else nullcontext():
            yield {name: _whole(name, one, paths) for name, one in given.items()}, None
        return
    from slipway.training.cluster import Cluster, follow  # and with it Dask
    from slipway.training.shards import Shard

    shard = Shard(
        {name: (Fifos if one.piped else Files)(paths.channel(one.name)) for name, one in sharded.items()}
    )
    if not hosts.is_leader:
        follow(hosts, shard)
        yield {}, None
        return
    whole = {name: _whole(name, one, paths) for name, one in given.items() if name not in sharded}
    with Cluster(hosts, shard) as cluster:
        cluster.gather()
        parts = {name: _sharded(name, one, paths, cluster) for name, one in sharded.items()}
        yield {name: whole.get(name) or parts[name] for name in given}, cluster.client


def _whole(name: str, given: ChannelConfig, paths: Paths) -> Channel:
    folder = paths.channel(given.name)
    pipe = Pipe(folder, given.wrapped) if given.piped else None
    return Channel(name, folder, given.content_type, pipe)


def _sharded(name: str, given: ChannelConfig, paths: Paths, cluster: "Cluster") -> Channel:
    from slipway.training.shards import Pipes, Shards

    folder = paths.channel(given.name)
    inputs: Inputs = Pipes(name, folder, given.wrapped, cluster) if given.piped else Shards(name, cluster)
    return Channel(name, folder, given.content_type, inputs)
