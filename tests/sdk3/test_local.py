"""Version 3 of the SDK in local container mode: one host and two, as root and as someone else.

With one image, as what happens here is the same in all.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clients.local_mode import alone, remove_what_the_sdk_leaves
from harness.moto_aws import IMAGE
from harness.samples import Sample
from slipway.image import Image

SOMEONE = 54321
SOCKET = Path("/var/run/docker.sock")

# As a program of its own, which another user can run.
PROGRAM = """
import json, sys
from sagemaker.train import ModelTrainer
from sagemaker.core.training.configs import Compute, InputData
from sagemaker.train.model_trainer import Mode

given = json.loads(sys.argv[1])
trainer = ModelTrainer(
    training_mode=Mode.LOCAL_CONTAINER,
    training_image=given["image"],
    compute=Compute(instance_type="local_cpu", instance_count=given["hosts"]),
    hyperparameters=given["hyperparameters"],
    local_container_root=given["root"],
)
trainer.train([InputData(channel_name=name, data_source=path) for name, path in given["channels"].items()])
"""


@pytest.fixture(scope="module")
def image() -> Image:
    return IMAGE


@pytest.fixture(scope="module")
def sample(image: Image) -> Sample:
    return Sample(image.folder / "sample", image)


@dataclass
class Done:
    """A program that has ended."""

    code: int
    told: str
    """What its terminal shows."""
    root: Path

    @property
    def model(self) -> list[str]:
        with tarfile.open(self.root / "compressed_artifacts/model.tar.gz") as packed:
            return packed.getnames()


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that others may look into, as pytest's own may not be."""
    path = Path(tempfile.mkdtemp(prefix="slipway-sdk3-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def train(folder: Path, sample: Sample, hosts: int = 1, user: int = 0, **hyperparameters: Any) -> Done:
    """Trains on the sample in local mode, by a process of `user`."""
    root, data = folder / "job", folder / "data"
    root.mkdir()
    channels = {name: str(data / name) for name in sample.channels}
    for name, path in channels.items():
        shutil.copytree(sample.folder / name, path)
    for path in (root, data):
        shutil.chown(path, user)
    given = {
        "image": f"slipway/{IMAGE.name}:latest",
        "hosts": hosts,
        "hyperparameters": {**sample.hyperparameters, **hyperparameters},
        "root": str(root),
        "channels": channels,
    }
    config = Path(os.environ["SAGEMAKER_USER_CONFIG_OVERRIDE"])
    config.chmod(0o644)
    environ = {**os.environ, "HOME": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    with alone():
        try:
            done = subprocess.run(
                [*(_become(user) if user else []), sys.executable, "-c", PROGRAM, json.dumps(given)],
                cwd=root,
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
                check=False,
            )
        finally:
            remove_what_the_sdk_leaves()
    return Done(done.returncode, done.stdout, root)


def _become(user: int) -> list[str]:
    """What runs a command as another user, who may read all, as this Python may lie where only root looks."""
    read = "+dac_read_search"
    group = str(SOCKET.stat().st_gid)
    return [
        *("setpriv", "--reuid", str(user), "--regid", group, "--clear-groups"),
        *("--inh-caps", read, "--ambient-caps", read),
    ]


@pytest.mark.contract("A3.5", "A4.7", "A2.11", "A6.7", "A6.8")
@pytest.mark.parametrize("hosts", [1, 2])
def test_a_job_leaves_one_model(folder: Path, sample: Sample, hosts: int) -> None:
    """All hosts have one folder for it; the SDK stops them all when the first has ended."""
    done = train(folder, sample, hosts)
    assert done.code == 0, done.told
    assert "slipway train: done in" in done.told
    assert "SIGTERM" not in done.told, "it was not stopped"
    assert sum(name.endswith("manifest.json") for name in done.model) == 1


@pytest.mark.contract("A1.14", "A6.8")
def test_someone_who_is_not_root_trains_too(folder: Path, sample: Sample) -> None:
    """What the container leaves is root's; the SDK has the image itself run chmod, to remove it."""
    if os.getuid() != 0 or not SOCKET.is_socket() or not shutil.which("setpriv"):
        pytest.skip("to become another user takes root, setpriv, and Docker's socket on this machine")
    done = train(folder, sample, user=SOMEONE)
    assert done.code == 0, done.told
    assert "Failed to clean up" not in done.told
    assert any(name.endswith("manifest.json") for name in done.model)
    left = [path for path in done.root.glob("model/**/*") if path.is_file()]
    assert all(path.stat().st_mode & stat.S_IROTH for path in left), "anyone may read the model"
    assert sorted(path.name for path in done.root.iterdir() if path.is_dir() and path.name[0] != ".") == [
        "artifacts",
        "compressed_artifacts",
        "model",
        "output",
    ]


@pytest.mark.contract("A8.8")
def test_the_reason_of_a_failed_job_is_on_the_terminal(folder: Path, sample: Sample) -> None:
    done = train(folder, sample, k="many")
    assert done.code != 0
    assert "hyperparameter k: expected" in done.told
