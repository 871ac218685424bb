"""Why a push did not happen."""


class PushError(Exception):
    """The reason, in one line, with the way out."""
