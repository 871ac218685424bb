"""What a request may choose."""

import slipway


class Options(slipway.Options):
    """What a request may choose."""

    ids: bool = False
    """Return only integer cluster indices, without distances, as the older container did."""
