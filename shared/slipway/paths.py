"""Every path that a platform fixes; no other module spells one out.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/opt/ml")
"""Where SageMaker mounts its tree."""
KSERVE_MODEL = Path("/mnt/models")
"""Where KServe's storage initializer puts a model."""


@dataclass(frozen=True)
class Paths:
    """The tree that the platform mounts, `/opt/ml` unless a test or a laptop puts it elsewhere."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "input/config"

    @property
    def hyperparameters(self) -> Path:
        return self.config / "hyperparameters.json"

    @property
    def input_data_config(self) -> Path:
        return self.config / "inputdataconfig.json"

    @property
    def resource_config(self) -> Path:
        """Lower case on disk; `resourceConfig.json`, as the Marketplace guide has it, is the second try."""
        lower = self.config / "resourceconfig.json"
        return lower if lower.exists() else self.config / "resourceConfig.json"

    @property
    def checkpoint_config(self) -> Path:
        return self.config / "checkpointconfig.json"

    def channel(self, name: str) -> Path:
        return self.root / "input/data" / name

    @property
    def channels(self) -> Path:
        return self.root / "input/data"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def output_data(self) -> Path:
        """Packed into `output.tar.gz` at the end of the job; what lies next to it is lost."""
        return self.root / "output/data"

    @property
    def failure(self) -> Path:
        return self.root / "output/failure"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"
