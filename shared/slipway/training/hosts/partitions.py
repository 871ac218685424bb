"""Which rows of a channel each host reads, and the tables that so lie with the hosts.

Imported only where there are several hosts, as it takes Dask.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from slipway.table.schema import Column
from slipway.training.hosts.agreement import agreed
from slipway.training.hosts.cluster import Cluster
from slipway.training.hosts.part import Opinion
from slipway.training.hosts.placed import Placed
from slipway.training.hosts.shard import Shard
from slipway.training.hosts.shards import Shards
from slipway.training.inputs import Inputs
from slipway.training.sharing import PartRequest

_UNEVEN = 1.3  # times its share that a host may read more, before files are cut

Sizes = Sequence[tuple[Path, int]]


class Partitions:
    """The hosts of a cluster, as a channel knows them."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def heaviest_bytes(self, inputs: Inputs) -> int:
        """The most that one host would read of a channel, without gzip."""
        if isinstance(inputs, Shards):
            return inputs.heaviest_bytes
        return (inputs.unpacked_bytes or 0) // len(self._cluster.hosts)

    def partitions(
        self, inputs: Inputs, asked: PartRequest, numbered: bool
    ) -> tuple[list[Placed[Any]], tuple[Column, ...], list[str]]:
        """A table for each host that has rows, the columns of all, and what is to be said of them.

        `numbered`: a table and the places of its rows in the table that one host would have of all.
        """
        cluster = self._cluster
        parts = _sharded(inputs, asked) if isinstance(inputs, Shards) else _replicated(cluster, asked)
        opinions = cluster.results([cluster.submit(host, Shard.opinion, one) for host, one in parts.items()])
        columns, notes = agreed(list(parts), opinions, asked.names, asked.texts)
        columns = tuple(asked.known.get(column.name, column) for column in columns)
        tables: list[Placed[Any]] = []
        for host, opinion, runs in zip(parts, opinions, runs_of(opinions), strict=True):
            table = (
                cluster.submit(host, Shard.numbered, asked.channel, columns, runs)
                if numbered and runs
                else cluster.submit(host, Shard.table, asked.channel, columns)
            )
            tables += [replace(table, rows=opinion.height)] if opinion.height else []
        return tables, columns, notes


def runs_of(opinions: Sequence[Opinion]) -> list[list[tuple[int, int]]]:
    """The places of each host's rows among those of all, as (first, end): by file, then block, then host."""
    runs: list[list[tuple[int, int]]] = [[] for _ in opinions]
    spans = [(span, place) for place, opinion in enumerate(opinions) for span in opinion.spans]
    done = 0
    for span, place in sorted(spans, key=lambda one: (one[0].path, one[0].block, one[1])):
        runs[place].append((done, done + span.height))
        done += span.height
    return runs


def _sharded(inputs: Shards, asked: PartRequest) -> dict[str, PartRequest]:
    """Each host reads what it has."""
    return {host: _of_files(asked, sizes) for host, sizes in inputs.sizes.items() if sizes}


def _replicated(cluster: Cluster, asked: PartRequest) -> dict[str, PartRequest]:
    """All hosts have all files: each reads some of them, or some rows of each where that is fairer."""
    sizes = cluster.on(cluster.hosts[0], Shard.sizes, asked.channel)
    shares = dealt(sizes, cluster.hosts)
    heaviest = max(sum(size for _, size in share) for share in shares.values())
    if heaviest * len(shares) <= _UNEVEN * sum(size for _, size in sizes):
        return {host: _of_files(asked, share) for host, share in shares.items()}
    whole = replace(_of_files(asked, sizes), of=len(cluster.hosts))
    return {host: replace(whole, place=place) for place, host in enumerate(cluster.hosts)}


def _of_files(asked: PartRequest, sizes: Sizes) -> PartRequest:
    return replace(asked, files=tuple(path for path, _ in sizes))


def dealt(sizes: Sizes, hosts: Sequence[str]) -> Mapping[str, Sizes]:
    """Files to hosts, the heaviest first and each to the one that has least; in the order of their names.

    >>> shares = dealt([(Path("a"), 2), (Path("b"), 9), (Path("c"), 5)], ["first", "second"])
    >>> {host: [str(path) for path, _ in share] for host, share in shares.items()}
    {'first': ['b'], 'second': ['a', 'c']}
    """
    shares: dict[str, list[tuple[Path, int]]] = {host: [] for host in hosts}
    for path, size in sorted(sizes, key=lambda one: (-one[1], one[0])):
        least = min(hosts, key=lambda host: sum(weight for _, weight in shares[host]))
        shares[least].append((path, size))
    return {host: sorted(share) for host, share in shares.items()}
