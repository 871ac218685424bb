"""Imported for what it imports: all that a model of a multi-model endpoint needs, before any is forked."""
# ruff: noqa: E402  # the first line has to be

import contextlib

from slipway import docstrings

docstrings.leave_out()

import slipway.serving.endpoint  # noqa: F401
from slipway.image import Image
from slipway.settings import Settings

with contextlib.suppress(Exception):  # what is wrong with an image is told when a model is loaded
    Image.read(Settings.read().algorithm).predictor()
