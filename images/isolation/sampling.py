"""Rows of a channel that may be larger than memory: all of them, or a uniform sample."""

import numpy as np

from slipway import Channel, Table

SAMPLE_ROWS = 200_000


def rows(channel: Channel, seed: int, most: int = SAMPLE_ROWS) -> Table:
    """The table of a channel that fits in memory; else `most` of its rows at random, in their order."""
    if channel.fits_memory:
        return channel.table
    random = np.random.default_rng(seed)
    kept, keys = None, np.empty(0)
    for batch in channel.batches():
        keys = np.concatenate([keys, random.random(len(batch))])
        kept = batch if kept is None else Table.concatenated(batch.columns, [kept, batch])
        if len(keys) > most:
            places = np.sort(np.argpartition(keys, most)[:most])
            kept, keys = kept.take(places), keys[places]
    assert kept is not None  # a channel without rows is refused when it is read
    return kept
