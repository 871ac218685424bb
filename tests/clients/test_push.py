"""`make push` against a real registry with a password; ECR's API is moto's."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import bcrypt
import pytest
import requests

from harness.places import REPOSITORY, docker, free_port

PASSWORD = "123456789012-auth-token"  # what moto grants to everybody
NAME, VERSION = "pushed", "0.0.1"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry's address on this machine."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("no registry is installed (docker-registry): pushing was not tested")
    folder = tmp_path_factory.mktemp("registry")
    address = f"127.0.0.1:{free_port()}"
    secret = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode()
    (folder / "htpasswd").write_text(f"AWS:{secret}\n")
    (folder / "config.yml").write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
        f"auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}\nhttp: {{addr: {address}}}\n"
    )
    with _running([program, "serve", str(folder / "config.yml")], f"http://{address}/v2/"):
        yield address


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """The address of moto's server."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, f"http://127.0.0.1:{port}/moto-api/"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[None]:
    """An image of nothing, built as every image is called."""
    tag = f"slipway/{NAME}:{VERSION}"
    recipe = 'FROM scratch\nLABEL a="b"\nCMD ["/none"]\n'
    subprocess.run(["docker", "build", "--quiet", "--tag", tag, "-"], input=recipe, text=True, check=True)
    yield
    docker("image", "rm", tag)


def push(aws: str, registry: str, name: str = NAME) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(REPOSITORY / "tools/push.py"), name, "--version", VERSION],
        env={**os.environ, "AWS_ENDPOINT_URL": aws, "ECR_REGISTRY": registry},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_pushed_is_one_manifest_that_sagemaker_takes(aws: str, registry: str) -> None:
    done = push(aws, registry)
    assert done.returncode == 0, done.stderr
    place, _, digest = done.stdout.strip().partition("@")
    assert place == f"{registry}/slipway/{NAME}"
    found = requests.get(
        f"http://{registry}/v2/slipway/{NAME}/manifests/{VERSION}",
        auth=("AWS", PASSWORD),
        headers={"Accept": MANIFEST},
        timeout=10,
    )
    assert found.headers["Content-Type"] == MANIFEST
    assert digest == "sha256:" + hashlib.sha256(found.content).hexdigest()


def test_an_image_that_was_not_built_is_named_in_one_line(aws: str, registry: str) -> None:
    done = push(aws, registry, "unbuilt")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "unbuilt" in done.stderr


def test_a_registry_that_does_not_answer_is_told_in_one_line(aws: str) -> None:
    done = push(aws, f"127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


@contextmanager
def _running(command: list[str], url: str) -> Iterator[None]:
    """A process that serves `url`, until the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _answers(url):
            assert time.monotonic() < deadline, f"{command[0]} does not answer"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        requests.get(url, timeout=2)
    except requests.RequestException:
        return False
    return True
