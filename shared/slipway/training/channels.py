"""The channels of a job as its `fit` is given them, be the data on one host or sharded over several."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from slipway.image import Image
from slipway.log import log
from slipway.paths import Paths
from slipway.table.options import DataOptions
from slipway.training.channel import Channel
from slipway.training.config import ChannelConfig, Hosts
from slipway.training.hosts import standby
from slipway.training.inputs import Fifos, Files, Inputs, Pipe
from slipway.training.size import Needs

if TYPE_CHECKING:
    from slipway.training.hosts.cluster import Cluster
    from slipway.training.hosts.partitions import Partitions

Opened = tuple[dict[str, Channel], "Cluster | None"]


@contextmanager
def opened(
    hosts: Hosts,
    given: Mapping[str, ChannelConfig],
    paths: Paths,
    options: DataOptions,
    image: Image,
) -> Iterator[Opened]:
    """The channels, all read like the first table; the cluster, where several hosts share data or work.

    A host that does not lead gets none: it does what the leader asks, and goes on when that ends.
    """
    main = next(name for name, facts in image.channels.items() if facts.kind == "table")
    sharded = {name: one for name, one in given.items() if one.sharded and len(hosts.all) > 1}
    together = bool(sharded) or (image.distributed and len(hosts.all) > 1)
    if not together and not hosts.is_leader:
        log("train", f"{hosts.all[0]} trains; {hosts.current} has nothing to do")
        standby.wait_for_leader(hosts)
        yield {}, None
        return
    if not together:
        with standby.announce_leader(hosts) if len(hosts.all) > 1 else nullcontext():
            data = {name: _own(name, one, paths, options) for name, one in given.items()}
            yield _prepared(data, main, image), None
        return
    from slipway.training.hosts import follower  # and with it Dask
    from slipway.training.hosts.cluster import Cluster
    from slipway.training.hosts.shard import Shard

    tables = {name: one for name, one in given.items() if image.channels[name].kind == "table"}
    shard = Shard(
        {
            name: (Fifos if one.piped else Files)(paths.channel(one.name))
            for name, one in {**tables, **sharded}.items()
            if name in sharded or not one.piped
        }
    )
    if not hosts.is_leader:
        follower.serve(hosts, shard, needed=bool(sharded))
        yield {}, None
        return
    with Cluster(hosts, shard) as cluster:
        cluster.gather()
        data = {
            name: (_sharded if name in sharded else _own)(name, one, paths, options, cluster)
            for name, one in given.items()
        }
        yield _prepared(data, main, image), cluster


def _prepared(channels: dict[str, Channel], main: str, image: Image) -> dict[str, Channel]:
    """A column of any channel holds what the main one's of that name does, on which training goes by."""
    if main in channels:
        channels[main].needs = Needs.of(image.cost)
    for name, one in channels.items():
        if name != main and main in channels:
            one.read_like(channels[main])
    return channels


def _own(
    name: str,
    given: ChannelConfig,
    paths: Paths,
    options: DataOptions,
    cluster: "Cluster | None" = None,
) -> Channel:
    """A channel whose data this host has, as all others have."""
    folder = paths.channel(given.name)
    pipe = Pipe(folder, given.wrapped) if given.piped else None
    return Channel(name, folder, given.content_type, pipe, options, _sharing(cluster))


def _sharded(
    name: str, given: ChannelConfig, paths: Paths, options: DataOptions, cluster: "Cluster"
) -> Channel:
    """A channel of which each host has a part."""
    from slipway.training.hosts.shards import Pipes, Shards

    folder = paths.channel(given.name)
    inputs: Inputs = Pipes(name, folder, given.wrapped, cluster) if given.piped else Shards(name, cluster)
    channel = Channel(name, folder, given.content_type, inputs, options, _sharing(cluster))
    channel.sharded = True
    return channel


def _sharing(cluster: "Cluster | None") -> "Partitions | None":
    if cluster is None:
        return None
    from slipway.training.hosts.partitions import Partitions

    return Partitions(cluster)
