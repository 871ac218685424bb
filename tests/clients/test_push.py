"""`make push` against a real registry with a password; ECR's API is moto's."""

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt
import boto3
import pytest
import requests

from harness.places import docker, free_port
from tools import lacking

PASSWORD = "123456789012-auth-token"  # what moto grants to everybody
NAME, VERSION = "pushed", "0.0.1"
TAG = f"slipway/{NAME}:{VERSION}"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
LAYER = 5_000_000  # bytes that no compression makes fewer


@contextmanager
def running_registry(folder: Path, password: str) -> Iterator[str]:
    """A registry's address on this machine."""
    program = lacking.registry()
    if program is None:
        pytest.skip("no registry is installed (docker-registry): pushing was not tested")
    address = f"127.0.0.1:{free_port()}"
    secret = bcrypt.hashpw(password.encode(), bcrypt.gensalt(5)).decode()
    (folder / "htpasswd").write_text(f"AWS:{secret}\n")
    (folder / "config.yml").write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
        f"auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}\nhttp: {{addr: {address}}}\n"
    )
    with _running([program, "serve", str(folder / "config.yml")], f"http://{address}/v2/"):
        yield address


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_registry(tmp_path_factory.mktemp("registry"), PASSWORD) as address:
        yield address


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """The address of moto's server."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, f"http://127.0.0.1:{port}/moto-api/"):
        yield f"http://127.0.0.1:{port}"


@dataclass
class Tree:
    """A repository of one image, committed, built and tested."""

    folder: Path

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.folder, check=True, text=True, capture_output=True
        )
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def build(self, revision: str, kept: str = "b") -> None:
        """An image of two layers, labelled as every image is, and noted as tested."""
        context = self.folder / "context"
        recipe = (
            f'FROM scratch\nLABEL a="{kept}" org.opencontainers.image.revision={revision}\n'
            'COPY one /one\nCOPY two /two\nCMD ["/none"]\n'
        )
        subprocess.run(
            ["docker", "build", "--quiet", "--tag", TAG, "--file", "-", str(context)],
            input=recipe, text=True, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        record = self.folder / ".slipway/tested" / NAME
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(docker("image", "inspect", "--format", "{{.Id}}", TAG).strip() + "\n")


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    tree = Tree(tmp_path / "tree")
    (tree.folder / "context").mkdir(parents=True)
    for name in ("one", "two"):
        (tree.folder / "context" / name).write_bytes(os.urandom(LAYER))
    (tree.folder / ".gitignore").write_text(".slipway/\n")
    tree.git("init", "--quiet")
    tree.build(tree.commit())
    yield tree
    subprocess.run(["docker", "image", "rm", "--force", TAG], check=False, capture_output=True)


@pytest.fixture(autouse=True)
def forgotten(aws: str) -> Iterator[None]:
    """Each test meets an empty account."""
    yield
    requests.post(f"{aws}/moto-api/reset", timeout=10)


def push(tree: Tree, *arguments: str, name: str = NAME, **env: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tools.push", name, "--version", VERSION]
    return subprocess.run(
        [*command, "--root", str(tree.folder), *arguments],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def to_ecr(tree: Tree, aws: str, registry: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return push(tree, AWS_ENDPOINT_URL=aws, ECR_REGISTRY=registry, **more)


def assert_refused(done: "subprocess.CompletedProcess[str]", *said: str) -> None:
    lines = [line for line in done.stderr.splitlines() if line.startswith("push: ")]
    assert done.returncode == 1
    assert done.stdout == ""
    assert lines[-1:] == done.stderr.splitlines()[-1:]
    assert "Traceback" not in done.stderr
    for words in said:
        assert words in lines[-1]


def manifest(registry: str, tag: str) -> requests.Response:
    return requests.get(
        f"http://{registry}/v2/slipway/{NAME}/manifests/{tag}",
        auth=("AWS", PASSWORD),
        headers={"Accept": MANIFEST},
        timeout=10,
    )


@pytest.mark.contract("C4")
def test_what_is_pushed_is_one_manifest_that_sagemaker_takes(tree: Tree, aws: str, registry: str) -> None:
    """A single manifest, under its version and its commit."""
    done = to_ecr(tree, aws, registry)
    assert done.returncode == 0, done.stderr
    place, _, digest = done.stdout.strip().partition("@")
    assert place == f"{registry}/slipway/{NAME}"
    revision = tree.git("rev-parse", "HEAD")
    for tag in (VERSION, revision):
        found = manifest(registry, tag)
        assert found.headers["Content-Type"] == MANIFEST
        assert digest == "sha256:" + hashlib.sha256(found.content).hexdigest()
    recorded = json.loads((tree.folder / f".slipway/pushed/{NAME}.json").read_text())
    assert (recorded["image"], recorded["revision"]) == (done.stdout.strip(), revision)


@pytest.mark.contract("C1.4")
def test_the_repository_is_made_with_a_scan_immutable_tags_and_a_lifecycle_rule(
    tree: Tree, aws: str, registry: str
) -> None:
    """ECR's scan decides what may be published."""
    assert to_ecr(tree, aws, registry).returncode == 0
    ecr = boto3.client("ecr", endpoint_url=aws)
    [made] = ecr.describe_repositories()["repositories"]
    assert made["repositoryName"] == f"slipway/{NAME}"
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}
    rules = json.loads(ecr.get_lifecycle_policy(repositoryName=f"slipway/{NAME}")["lifecyclePolicyText"])
    assert [rule["selection"]["tagStatus"] for rule in rules["rules"]] == ["untagged"]


def test_an_image_that_was_not_built_is_named(tree: Tree, aws: str, registry: str) -> None:
    done = push(tree, name="unbuilt", AWS_ENDPOINT_URL=aws, ECR_REGISTRY=registry)
    assert_refused(done, "unbuilt", "make test-containers IMG=unbuilt")


def test_a_tree_that_is_not_clean_is_refused(tree: Tree, aws: str, registry: str) -> None:
    (tree.folder / "context/more").write_text("new")
    assert_refused(to_ecr(tree, aws, registry), "context/more")


def test_an_image_of_another_commit_is_refused(tree: Tree, aws: str, registry: str) -> None:
    (tree.folder / "context/more").write_text("new")
    before, after = tree.git("rev-parse", "HEAD"), tree.commit()
    assert_refused(to_ecr(tree, aws, registry), before, after)


@pytest.mark.parametrize("record", ["", "sha256:" + "0" * 64])
def test_an_untested_image_is_refused(tree: Tree, aws: str, registry: str, record: str) -> None:
    (tree.folder / ".slipway/tested" / NAME).write_text(record)
    assert_refused(to_ecr(tree, aws, registry), "not tested", f"make test-containers IMG={NAME}")


def test_a_tag_that_holds_another_image_stays(tree: Tree, aws: str, registry: str) -> None:
    held = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"digest": "sha256:" + "1" * 64},
        "layers": [],
    }
    ecr = boto3.client("ecr", endpoint_url=aws)
    ecr.create_repository(repositoryName=f"slipway/{NAME}")
    ecr.put_image(repositoryName=f"slipway/{NAME}", imageManifest=json.dumps(held), imageTag=VERSION)
    assert_refused(to_ecr(tree, aws, registry), f"{NAME}:{VERSION} is another image", "raise the version")
    assert manifest(registry, tree.git("rev-parse", "HEAD")).status_code == 404


def test_a_password_that_is_refused(tree: Tree, aws: str, tmp_path: Path) -> None:
    with running_registry(tmp_path, "another") as registry:
        assert_refused(to_ecr(tree, aws, registry), "docker login failed")


def test_a_registry_that_does_not_answer(tree: Tree, aws: str) -> None:
    assert_refused(to_ecr(tree, aws, f"127.0.0.1:{free_port()}"), "docker login failed")


def test_a_missing_permission_is_named(tree: Tree, aws: str, registry: str) -> None:
    iam = boto3.client("iam", endpoint_url=aws)
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    allowed = {"Effect": "Allow", "Action": ["ecr:Describe*", "ecr:GetAuthorizationToken"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
    requests.post(f"{aws}/moto-api/reset-auth", data=b"0", timeout=10)
    try:
        keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        done = to_ecr(tree, aws, registry, **keys)
    finally:
        requests.post(f"{aws}/moto-api/reset-auth", data=b"1000000000", timeout=10)
    assert_refused(done, "ecr:CreateRepository", "policies/push.json")


@pytest.mark.parametrize(
    ("unset", "said"), [("AWS_DEFAULT_REGION", "AWS_REGION"), ("AWS_ACCESS_KEY_ID", "AWS_PROFILE")]
)
def test_what_aws_needs_and_does_not_find_is_named(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unset: str, said: str
) -> None:
    monkeypatch.delenv(unset)
    nowhere = str(tmp_path / "none")
    assert_refused(
        push(tree, AWS_CONFIG_FILE=nowhere, AWS_SHARED_CREDENTIALS_FILE=nowhere), said, "REGISTRY="
    )


def test_a_profile_is_found_as_the_aws_cli_finds_it(
    tree: Tree, aws: str, registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile other]\nregion = eu-west-1\naws_access_key_id = testing\naws_secret_access_key = testing\n"
    )
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    done = to_ecr(tree, aws, registry, AWS_PROFILE="other", AWS_CONFIG_FILE=str(config))
    monkeypatch.undo()
    assert done.returncode == 0, done.stderr
    ecr = boto3.client("ecr", endpoint_url=aws, region_name="eu-west-1")
    assert len(ecr.describe_repositories()["repositories"]) == 1


def test_a_region_of_the_environment_is_heeded(tree: Tree, aws: str, registry: str) -> None:
    assert to_ecr(tree, aws, registry, AWS_REGION="eu-west-2").returncode == 0
    for region, repositories in {"eu-west-2": 1, "us-east-1": 0}.items():
        ecr = boto3.client("ecr", endpoint_url=aws, region_name=region)
        assert len(ecr.describe_repositories()["repositories"]) == repositories


@pytest.fixture
def logged_in(tmp_path: Path, registry: str) -> str:
    """A folder of Docker's configuration, as `docker login` leaves it."""
    docker(
        "--config", str(tmp_path / "docker"), "login", "--username", "AWS", "--password", PASSWORD, registry
    )
    return str(tmp_path / "docker")


def test_any_registry_takes_it_once(tree: Tree, registry: str, logged_in: str) -> None:
    """The second push finds what the first one left, and another image is refused its place."""
    done = push(tree, "--registry", f"{registry}/team", DOCKER_CONFIG=logged_in)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{registry}/team/slipway/{NAME}@sha256:")
    again = push(tree, "--registry", f"{registry}/team", DOCKER_CONFIG=logged_in)
    assert (again.returncode, again.stdout, again.stderr) == (0, done.stdout, "")
    tree.build(tree.git("rev-parse", "HEAD"), kept="c")
    refused = push(tree, "--registry", f"{registry}/team", DOCKER_CONFIG=logged_in)
    assert_refused(refused, "is another image", "raise the version")


@dataclass
class Line:
    """The way to a registry, which breaks."""

    address: str
    breaks: Callable[["Line", bytes], bool]
    sent: int = 0
    broken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def takes(self, block: bytes) -> bool:
        with self.lock:
            self.sent += len(block)
            if self.breaks(self, block):
                self.broken += 1
                return False
            return True


@contextmanager
def line_to(registry: str, breaks: Callable[[Line, bytes], bool]) -> Iterator[Line]:
    """A port that hands on to the registry, and closes a connection whenever `breaks` says so."""
    host, _, port = registry.partition(":")
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = Line(f"127.0.0.1:{server.getsockname()[1]}", breaks)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    near, _ = server.accept()
                    far = socket.create_connection((host, int(port)))
                    for pair in ((near, far, line.takes), (far, near, lambda block: True)):
                        threading.Thread(target=_hand_on, args=pair, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield line


def _hand_on(source: socket.socket, target: socket.socket, takes: Callable[[bytes], bool]) -> None:
    with suppress(OSError):
        while (block := source.recv(65536)) and takes(block):
            target.sendall(block)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def is_manifest(block: bytes) -> bool:
    return block.startswith(b"PUT /v2/") and b"/manifests/" in block[:300]


def test_a_broken_upload_is_taken_up_again(tree: Tree, aws: str, registry: str) -> None:
    """In the middle of a layer, and once all layers have arrived."""
    with line_to(registry, lambda line, block: line.broken < 2 and (
        line.sent > LAYER / 2 if line.broken == 0 else is_manifest(block)
    )) as line:  # fmt: skip
        done = to_ecr(tree, aws, line.address)
    assert done.returncode == 0, done.stderr
    assert line.broken == 2
    assert manifest(registry, VERSION).status_code == 200


def test_the_same_command_finishes_what_was_given_up(tree: Tree, aws: str, registry: str) -> None:
    with line_to(registry, lambda line, block: is_manifest(block)) as line:
        assert_refused(to_ecr(tree, aws, line.address), "docker push failed")
        assert line.sent > 2 * LAYER
        line.breaks = lambda line, block: False
        line.sent = 0
        done = to_ecr(tree, aws, line.address)
    assert done.returncode == 0, done.stderr
    assert line.sent < LAYER, "no layer is sent a second time"


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


COSIGN = (
    "FROM debian:trixie-slim\nRUN apt-get update -qq && apt-get install -y -qq --no-install-recommends cosign"
)


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry of this test's own, where no other image has the version yet."""
    with running_registry(tmp_path_factory.mktemp("fresh"), PASSWORD) as address:
        yield address


@pytest.fixture
def entered(tmp_path: Path, fresh: str) -> str:
    """A folder of Docker's configuration, as `docker login` to that registry leaves it."""
    folder = str(tmp_path / "entered")
    docker("--config", folder, "login", "--username", "AWS", "--password", PASSWORD, fresh)
    return folder


@pytest.fixture(scope="module")
def cosign(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The command: this machine's, or Debian's in a container that sees the same network and files."""
    if found := shutil.which("cosign"):
        return found
    building = ["docker", "build", "--quiet", "--tag", "slipway/test-cosign", "-"]
    if subprocess.run(building, input=COSIGN, text=True, capture_output=True, check=False).returncode:
        pytest.skip("no cosign is installed, nor can Debian's be had: signing was not tested")
    passed = " ".join(f"--env {name}" for name in ("COSIGN_PASSWORD", "COSIGN_EXPERIMENTAL", "DOCKER_CONFIG"))
    command = tmp_path_factory.mktemp("cosign") / "cosign"
    command.write_text(
        f'#!/bin/sh\nexec docker run --rm --network host {passed} --volume /tmp:/tmp --workdir "$PWD" '
        'slipway/test-cosign cosign "$@"\n'
    )
    command.chmod(0o755)
    return str(command)


@pytest.fixture
def keys(cosign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a pair of keys of this test's own."""
    monkeypatch.setenv("COSIGN", cosign)
    monkeypatch.setenv("COSIGN_PASSWORD", "of this test")
    monkeypatch.setenv("COSIGN_EXPERIMENTAL", "1")
    folder = tmp_path / "keys"
    folder.mkdir()
    subprocess.run([cosign, "generate-key-pair"], cwd=folder, check=True, capture_output=True)
    return folder


def verified(keys: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [
        os.environ["COSIGN"],
        *arguments[:-1],
        "--key",
        str(keys / "cosign.pub"),
        "--insecure-ignore-tlog",
    ]
    return subprocess.run([*command, arguments[-1]], capture_output=True, text=True, check=False)


def document(tree: Tree, ending: str, content: dict[str, object]) -> None:
    path = tree.folder / f".slipway/sbom/{NAME}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def test_what_is_signed_is_verified_by_the_key_and_no_other(
    tree: Tree, fresh: str, entered: str, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signature, SBOM, VEX and provenance are referrers; the image's manifest is as it was without."""
    monkeypatch.setenv("DOCKER_CONFIG", entered)
    document(tree, "cdx.json", {"bomFormat": "CycloneDX", "specVersion": "1.6"})
    document(tree, "openvex.json", {"@context": "https://openvex.dev/ns/v0.2.0", "statements": []})
    done = push(tree, "--registry", fresh, "--key", str(keys / "cosign.key"))
    assert done.returncode == 0, done.stderr
    place = done.stdout.strip()
    digest = place.partition("@")[2]
    assert digest == "sha256:" + hashlib.sha256(manifest(fresh, VERSION).content).hexdigest()

    signed = verified(keys, "verify", "--experimental-oci11", place)
    assert signed.returncode == 0, signed.stderr
    assert json.loads(signed.stdout)[0]["critical"]["image"]["docker-manifest-digest"] == digest
    # Of its own; else the public one is asked for over the network, though a key vouches.
    root = keys / "root.json"
    root.write_text('{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
    for kind, told in {
        "cyclonedx": "CycloneDX",
        "openvex": "openvex.dev",
        "slsaprovenance1": tree.git("rev-parse", "HEAD"),
    }.items():
        attested = verified(
            keys, "verify-attestation", "--new-bundle-format", f"--trusted-root={root}", "--type", kind, place
        )
        assert attested.returncode == 0, attested.stderr
        payloads = [json.loads(line)["payload"] for line in attested.stdout.splitlines()]
        statements = [json.loads(base64.b64decode(payload)) for payload in payloads]
        assert any(told in json.dumps(statement["predicate"]) for statement in statements)
        assert {one["digest"]["sha256"] for statement in statements for one in statement["subject"]} == {
            digest[7:]
        }

    (keys / "other").mkdir()
    subprocess.run(
        [os.environ["COSIGN"], "generate-key-pair"], cwd=keys / "other", check=True, capture_output=True
    )
    assert verified(keys / "other", "verify", "--experimental-oci11", place).returncode != 0


def test_an_image_without_sbom_is_not_signed(tree: Tree, fresh: str, entered: str) -> None:
    done = push(tree, "--registry", fresh, "--key", "no.key", DOCKER_CONFIG=entered)
    assert_refused(done, "no SBOM", f"make sbom IMG={NAME}")


@pytest.mark.parametrize(
    ("command", "said"), [("no-such-cosign", "apt-get install cosign"), ("false", "cosign sign")]
)
def test_a_signature_that_fails_is_told(
    tree: Tree, fresh: str, entered: str, command: str, said: str
) -> None:
    document(tree, "cdx.json", {})
    done = push(tree, "--registry", fresh, "--key", "no.key", DOCKER_CONFIG=entered, COSIGN=command)
    assert_refused(done, said)
