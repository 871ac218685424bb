"""What only a container can show: no network, read-only, any user, signals, and what is not inside."""

import json
import os
import shutil
import time
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness import hosts
from harness.places import Container, Training, docker
from harness.samples import Sample, retell
from slipway.image import Image
from slipway.serving.forked import NAME

_ASK = """
import sys, urllib.error, urllib.request
path, media = sys.argv[1:3]
body = sys.stdin.buffer.read() or None
headers = {"Content-Type": media, "Accept": "application/json"}
request = urllib.request.Request("http://127.0.0.1:8080" + path, body, headers)
try:
    with urllib.request.urlopen(request, timeout=60) as reply:
        print(reply.status, reply.read().decode())
except (urllib.error.URLError, OSError) as error:
    print(getattr(error, "code", 0), error)
"""


@pytest.fixture(scope="module")
def container(image: Image) -> Container:
    return Container(image)


@pytest.mark.parametrize("user", [pytest.param("0:0", marks=pytest.mark.shared), "12345:54321"])
@pytest.mark.contract("A7.4", "A9.4")
def test_it_trains_and_serves_with_no_network_on_a_read_only_root(
    container: Container, sample: Sample, tmp_path: Path, user: str
) -> None:
    """Network isolation, with no credentials either."""
    root = sample.lay_out(tmp_path / "ml")
    for name in ("model", "output"):
        (root / name).mkdir()
    for path in [tmp_path, root, *root.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    shut_off = ["--network", "none", "--user", user, "--cap-drop", "ALL"]
    with container.started(root, ["train"], {}, shut_off) as (name, log):
        assert docker("wait", name) == "0", log()
        assert "rror" not in log()
    with container.started(root, ["serve"], {}, shut_off, read_only_model=True) as (name, log):
        deadline = time.monotonic() + 60
        while not _ask(name, "/ping", "text/plain", b"").startswith("200"):
            assert time.monotonic() < deadline, log()
            time.sleep(0.2)
        status, _, answer = _ask(name, "/invocations", "text/csv", sample.csv()).partition(" ")
        assert status == "200", answer
        assert len(json.loads(answer)["predictions"]) == sample.height
        docker("stop", "--time", "30", name)
        assert docker("wait", name) == "0", "SIGTERM reaches process 1, which ends in good order"


@pytest.mark.shared
def test_what_answers_requests_is_not_root(container: Container, trained: Training) -> None:
    with container.serve(trained.root) as server:
        name = server.container
        users = docker(
            "exec",
            name,
            "sh",
            "-c",
            "for p in /proc/[0-9]*; do echo $(stat -c %u $p) $(cat $p/comm $p/cmdline | tr '\\0' ' '); done",
        )
        workers = [line for line in users.splitlines() if "nginx: worker" in line or NAME in line]
        assert server.get("/ping").status == 200
        assert sum(line.startswith("10001 ") for line in workers) >= 2, users


@pytest.mark.parametrize("verb", ["train", "serve"])
@pytest.mark.contract("A1.2", "A1.3", "A1.4", "A8.3", "B1.2", "C1.9")
def test_the_platforms_word_works_with_and_without_our_entry_point(container: Container, verb: str) -> None:
    """A command of that name, no init program, and output that nothing holds back."""
    shown = docker("run", "--rm", "--entrypoint", "sh", container.tag, "-c", f"command -v {verb}")
    assert shown.endswith(verb)
    settings = json.loads(docker("inspect", "--format", "{{json .Config}}", container.tag))
    assert settings["Entrypoint"][0].endswith("python3"), "exec form, so that process 1 gets the signals"
    assert "PYTHONUNBUFFERED=1" in settings["Env"], "a metric that is held back is late or lost"
    assert settings["Cmd"] == ["auto"], "version 3 of the SDK names no command when it trains"
    assert settings.get("User", "") in {"", "root", "0"}, "the platform expects root"


@pytest.mark.shared
@pytest.mark.contract("A1.5")
def test_an_entry_point_of_the_callers_is_run(container: Container, tmp_path: Path) -> None:
    """`--entrypoint` alone takes the arguments away, too."""
    (tmp_path / "ml").mkdir()
    with container.started(tmp_path / "ml", [], {}, ["--entrypoint", "train"]) as (name, log):
        assert docker("wait", name) == "255", log()
    assert (tmp_path / "ml/output/failure").read_text().startswith("UserError: missing channel")


@pytest.mark.shared
@pytest.mark.contract("A1.5", "A1.13")
def test_a_container_that_is_given_no_word_trains_when_it_is_a_training_job(
    container: Container, sample: Sample, tmp_path: Path
) -> None:
    """Also where the configuration may be entered by root alone, as it was seen to be."""
    root = sample.lay_out(tmp_path / "ml")
    (root / "input/config").chmod(0o644)
    with container.started(root, [], {"TRAINING_JOB_NAME": "job-1"}) as (name, log):
        assert docker("wait", name) == "0", log()
    assert (root / "model/manifest.json").exists()


@pytest.mark.contract("A4.9", "A6.1", "A6.3", "A6.5", "A6.6")
def test_two_containers_train_on_the_shards_of_both(
    container: Container, sample: Sample, tmp_path: Path
) -> None:
    """They know each other by name, and nothing outside of their network."""
    network = f"slipway-hosts-{uuid.uuid4().hex[:8]}"
    names = [f"{host}-{network}" for host in ("algo-1", "algo-2")]
    roots = [sample.lay_out(tmp_path / name) for name in names]
    (tmp_path / "whole").mkdir()
    retell(sample.main_table(), "many files, the header in the first", tmp_path / "whole")
    for name, root, file in zip(names, roots, ("part-1.csv", "part-0.csv"), strict=True):
        hosts.configure(root, name, names, [sample.main], interface="eth0")
        channel = root / "input/data" / sample.main
        shutil.rmtree(channel)
        channel.mkdir()
        (tmp_path / "whole" / file).rename(channel / file)
    docker("network", "create", "--internal", network)
    try:
        with ExitStack() as stack:
            for name, root in reversed(list(zip(names, roots, strict=True))):  # the leader's name comes late
                alone = ["--network", network, "--name", name, "--cap-drop", "ALL"]
                _, log = stack.enter_context(container.started(root, ["train"], {}, alone))
            for name in names:
                assert docker("wait", name) == "0", docker("logs", name, both=True)
            assert "leads 2 hosts" in log()
    finally:
        docker("network", "rm", network)
    assert (roots[0] / "model/manifest.json").exists()
    assert not (roots[1] / "model").exists() or not any((roots[1] / "model").iterdir())


@pytest.mark.contract("B5.1", "B6.6", "B7.3", "C4")
def test_labels_tell_what_is_true(container: Container, image: Image) -> None:
    labels = json.loads(docker("inspect", "--format", "{{json .Config.Labels}}", container.tag))
    assert labels["org.opencontainers.image.title"] == image.title
    assert labels["org.opencontainers.image.version"] == image.version
    assert labels["org.opencontainers.image.licenses"] == image.license
    assert labels["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"] == "true"
    assert labels["com.amazonaws.sagemaker.capabilities.multi-models"] == "true"
    capable = {name.rpartition(".")[2] for name in labels if ".sagemaker.capabilities." in name}
    assert capable == {"accept-bind-to-port", "multi-models"}, "none that is not there"


@pytest.mark.shared
def test_it_listens_where_a_pipeline_tells_it_to(container: Container, trained: Training) -> None:
    with container.serve(trained.root, SAGEMAKER_BIND_TO_PORT="9191") as server:
        assert server.get("/ping").status == 200


@pytest.mark.shared
@pytest.mark.contract("B2.1", "B6.2")
def test_no_other_port_is_open_whatever_range_is_safe(container: Container, trained: Training) -> None:
    """What serves talks over Unix sockets; on every address."""
    with container.serve(trained.root, SAGEMAKER_SAFE_PORT_RANGE="21000-22999") as server:
        tables = docker("exec", server.container, "sh", "-c", "cat /proc/net/tcp /proc/net/tcp6")
        rows = [line.split() for line in tables.splitlines()]
        listening = {cells[1] for cells in rows if len(cells) > 3 and cells[3] == "0A"}
        assert listening == {f"{0:08X}:{8080:04X}"}, listening


@pytest.mark.contract("C1.14")
def test_nothing_that_only_a_build_needs_is_inside(container: Container) -> None:
    """What is not needed is not carried."""
    script = "for tool in sh pip pip3 uv gcc cc make git curl; do command -v $tool; done; true"
    found = docker("run", "--rm", "--entrypoint", "sh", container.tag, "-c", script).split()
    assert [Path(tool).name for tool in found] == ["sh"]


@pytest.mark.contract("A1.10", "A1.11")
def test_no_certificate_or_other_secret_of_the_build_is_inside(container: Container) -> None:
    """Nothing lies where the platform mounts its tree; there is no driver, the host's is mounted."""
    names = " -o ".join(
        f"-name {name}" for name in ("ca-certificates.crt", "pip.conf", "uv.toml", "'libcuda.so*'")
    )
    script = f"find / -xdev -type f \\( {names} \\); ls -A /opt/ml 2>/dev/null || true"
    assert docker("run", "--rm", "--entrypoint", "sh", container.tag, "-c", script) == ""
    assert "BEGIN CERTIFICATE" not in docker("history", "--no-trunc", container.tag)


def test_nothing_inside_gives_more_rights_than_its_caller_has(container: Container) -> None:
    script = "find / -xdev -type f -perm /6000"
    assert docker("run", "--rm", "--entrypoint", "sh", container.tag, "-c", script) == ""


def test_the_image_describes_itself_from_inside(container: Container, image: Image) -> None:
    facts = json.loads(docker("run", "--rm", "--network", "none", container.tag, "describe"))
    assert (facts["name"], facts["version"]) == (image.name, image.version)


def test_all_code_inside_is_compiled(container: Container) -> None:
    script = (
        "import pathlib, importlib.util as u, sys\n"
        "roots = ['/opt/slipway', '/opt/algorithm', sys.prefix]\n"
        "files = [p for r in roots for p in pathlib.Path(r).rglob('*.py')]\n"
        "print(len(files), sum(not pathlib.Path(u.cache_from_source(p)).exists() for p in files))"
    )
    count, bare = docker("run", "--rm", "--entrypoint", "python3", container.tag, "-c", script).split()
    assert int(count) > 100
    assert int(bare) <= int(count) // 100, "start-up would take three times as long"


def _ask(name: str, path: str, media: str, body: bytes) -> str:
    import subprocess

    command = ["docker", "exec", "--interactive", name, "python3", "-c", _ASK, path, media]
    done = subprocess.run(command, input=body, capture_output=True, check=False, env={**os.environ})
    return done.stdout.decode().strip()
