"""The channels of a job as its `fit` is given them, be the data on one host or sharded over several."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from slipway.log import log
from slipway.paths import Paths
from slipway.table.options import DataOptions
from slipway.training.channel import Channel
from slipway.training.config import ChannelConfig, Hosts
from slipway.training.hosts import standby
from slipway.training.inputs import Fifos, Files, Inputs, Pipe

if TYPE_CHECKING:
    from distributed import Client

    from slipway.training.hosts.cluster import Cluster

Opened = tuple[dict[str, Channel], "Client | None"]


@contextmanager
def opened(
    hosts: Hosts, given: Mapping[str, ChannelConfig], paths: Paths, options: DataOptions, main: str
) -> Iterator[Opened]:
    """The channels, all read like the one called `main`; the Dask client, where data are sharded over hosts.

    A host that does not lead gets none: it hands the leader what it holds, and goes on when that ends.
    """
    sharded = {name: one for name, one in given.items() if one.sharded and len(hosts.all) > 1}
    if not sharded and not hosts.is_leader:
        log("train", f"{hosts.all[0]} trains; {hosts.current} has nothing to do")
        standby.wait_for_leader(hosts)
        yield {}, None
        return
    if not sharded:
        with standby.announce_leader(hosts) if len(hosts.all) > 1 else nullcontext():
            yield _alike({name: _whole(name, one, paths, options) for name, one in given.items()}, main), None
        return
    from slipway.training.hosts.cluster import Cluster, serve_shard  # and with it Dask
    from slipway.training.hosts.shard import Shard

    shard = Shard(
        {name: (Fifos if one.piped else Files)(paths.channel(one.name)) for name, one in sharded.items()}
    )
    if not hosts.is_leader:
        serve_shard(hosts, shard)
        yield {}, None
        return
    whole = {name: _whole(name, one, paths, options) for name, one in given.items() if name not in sharded}
    with Cluster(hosts, shard) as cluster:
        cluster.gather()
        parts = {name: _sharded(name, one, paths, options, cluster) for name, one in sharded.items()}
        yield _alike({name: whole.get(name) or parts[name] for name in given}, main), cluster.client


def _alike(channels: dict[str, Channel], main: str) -> dict[str, Channel]:
    """A column of any channel holds what the main one's of that name does."""
    for name, one in channels.items():
        if name != main and main in channels:
            one.read_like(channels[main])
    return channels


def _whole(name: str, given: ChannelConfig, paths: Paths, options: DataOptions) -> Channel:
    folder = paths.channel(given.name)
    pipe = Pipe(folder, given.wrapped) if given.piped else None
    return Channel(name, folder, given.content_type, pipe, options)


def _sharded(
    name: str, given: ChannelConfig, paths: Paths, options: DataOptions, cluster: "Cluster"
) -> Channel:
    from slipway.training.hosts.shards import Pipes, Shards

    folder = paths.channel(given.name)
    inputs: Inputs = Pipes(name, folder, given.wrapped, cluster) if given.piped else Shards(name, cluster)
    return Channel(name, folder, given.content_type, inputs, options)
