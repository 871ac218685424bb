"""Training that something comes in the way of: it always ends with a model, or a failure that says why."""

import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from slipway.manifest import Manifest
from tools import layout, process

_ENDS_S = 45  # the platform kills a job 120 s after SIGTERM; ours are to be quicker


def _job(image: Path, root: Path, python: Path, **environ: str) -> process.Process:
    return process.Process(*process.command("train", image, root, python, **environ))


def laid_out(image: Path, root: Path) -> Path:
    """The tree of a job over the sample of an image."""
    sample = image / "sample"
    return layout.lay_out(root, layout.channels_of(sample), sample / "hyperparameters.json")


def outcome(image: Path, root: Path, code: int) -> str:
    """How a job ended. Raises AssertionError where code, failure file and model do not agree."""
    path = root / "output/failure"
    failure = path.read_text() if path.exists() else ""
    if code == 0:
        assert not failure, f"exit code 0, and a failure: {failure[:200]}"
        Manifest.read(root / "model", image.name)
        return "a model"
    kind = failure.partition(":")[0]
    assert kind in {"PlatformError", "UserError"}, f"exit code {code}, failure: {failure[:200] or 'none'}"
    return f"a failure: {failure.splitlines()[0][:100]}"


def stopped(image: Path, python: Path, times: int) -> Counter[str]:
    """SIGTERM at random moments of a job, as long as one takes that is left alone; how the jobs ended."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        root = laid_out(image, Path(folder))
        begun = time.monotonic()
        with _job(image, root, python) as job:
            assert job.popen.wait(900) == 0, process.tail(job.log)
        longest_s = time.monotonic() - begun
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            root = laid_out(image, Path(folder))
            with _job(image, root, python) as job:
                time.sleep(random.uniform(0, longest_s))
                sent = time.monotonic()
                job.popen.send_signal(signal.SIGTERM)
                code = job.popen.wait(_ENDS_S)
                assert time.monotonic() - sent < _ENDS_S
            if code == -signal.SIGTERM:  # before Python had begun: nothing of ours has run
                found["nothing: it had not begun"] += 1
            else:
                found[outcome(image, root, code)] += 1
    return found


def two_in_one_folder(image: Path, python: Path) -> Counter[str]:
    """Two jobs over one tree, as where a volume is mounted twice: whatever is left of it is whole."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        root = laid_out(image, Path(folder))
        with _job(image, root, python) as one:
            time.sleep(random.uniform(0, 1))
            with _job(image, root, python) as other:
                codes = [job.popen.wait(600) for job in (one, other)]
        if 0 in codes and (root / "model/manifest.json").exists():
            Manifest.read(root / "model", image.name)
            found["a whole model"] += 1
        else:
            found[outcome(image, root, max(codes))] += 1
    return found


def full_disk(image: Path, python: Path, kb: int = 4) -> Counter[str]:
    """The model's folder is a disk of a few kilobytes. Needs root, who may mount one."""
    with tempfile.TemporaryDirectory() as folder:
        root = laid_out(image, Path(folder))
        disk = root / "model"
        disk.mkdir(exist_ok=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kb}k", "slipway", str(disk)],
            check=False,
            capture_output=True,
        )
        if mounted.returncode:
            return Counter({"not tried: only root can mount a small disk": 1})
        try:
            with _job(image, root, python) as job:
                code = job.popen.wait(600)
            found = outcome(image, root, code)
            assert found.startswith("a failure: PlatformError"), found
        finally:
            subprocess.run(["umount", str(disk)], check=True)
            shutil.rmtree(root / "output", ignore_errors=True)
        return Counter({found: 1})
