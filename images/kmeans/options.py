"""What a request may choose."""

import slipway


class Options(slipway.Options):
    """What a request may choose."""

    ids: bool = False
    """Return only integer cluster indices, without distances, as the older container did."""
    memberships: bool = False
    """Also return the probability of each cluster, as a list. Not for models of algorithm=hdbscan."""
