"""What a request may choose."""

import slipway


class Options(slipway.Options):
    """What a request may choose."""

    ids: bool = False
    """Answer with plain whole cluster numbers, as the older container did, and no distance."""
