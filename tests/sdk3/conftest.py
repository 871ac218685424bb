"""Version 3 of the SageMaker Python SDK, in an environment of its own, as version 2 has the same name."""

import os
import tempfile
from pathlib import Path

# What the SDK tells AWS of its use would wait for a network that is not there.
_OPTED_OUT = "SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n"
_CONFIG = Path(tempfile.gettempdir(), f"slipway-sdk3-{os.getuid()}.yaml")
_CONFIG.write_text(_OPTED_OUT)

os.environ.update(
    AWS_DEFAULT_REGION="eu-west-1",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_EC2_METADATA_DISABLED="true",
    SAGEMAKER_USER_CONFIG_OVERRIDE=str(_CONFIG),
)
