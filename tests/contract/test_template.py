"""What `make new` left open in an image."""

import pytest

from slipway.image import Image
from tools import new


def test_nothing_of_the_template_is_left_to_replace(image: Image) -> None:
    """A new image works from the start, and each run of its tests names what is not yet its own."""
    if left := new.left_open(image.folder):
        pytest.skip(f"to be replaced: {', '.join(left)}")
