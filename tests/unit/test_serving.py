"""The processes around the application: nginx's configuration, the socket, how many workers."""

import json
import os
import re
import socket
import subprocess
import sys
from threading import Thread

import pytest

from harness.processes import alive
from slipway import machine
from slipway.errors import UserError
from slipway.serving import nginx, supervisor, workers
from slipway.settings import Settings
from tools import client, process


@pytest.mark.parametrize("user", ["slipway", None])
@pytest.mark.contract("B2.1")
def test_nginx_is_told_port_limit_and_patience(tmp_path, user):
    settings = Settings.read(
        {"SAGEMAKER_BIND_TO_PORT": "8081", "MAX_CONTENT_LENGTH": "123", "MODEL_SERVER_TIMEOUT": "7"}
    )
    text = nginx.configure(settings, tmp_path, user).read_text()
    assert "listen 0.0.0.0:8081 " in text
    assert "client_max_body_size 123;" in text
    assert "proxy_read_timeout 17s;" in text
    assert f"server unix:{tmp_path}/workers.sock" in text
    assert ("user slipway root;" in text) is bool(user)
    assert set(re.findall(r"\$\w+", text)) <= {"$http_host"}


def test_errors_of_nginx_are_in_the_form_of_the_route(tmp_path):
    """What the Open Inference Protocol's clients read is a member called error."""
    text = nginx.configure(Settings.read({"MAX_CONTENT_LENGTH": "123"}), tmp_path, None).read_text()
    (route,) = re.findall(r"location ~ \^/v\[12\]\(/\|\$\) \{(.*?)\}", text, re.DOTALL)
    pages = re.findall(r"error_page (\d+) .*@(v-\w+);", route)
    assert {int(code) for code, _ in pages} == {500, 502, 504, 413, 405, 408}
    for _, page in pages:
        (body,) = re.findall(rf"location @{page} \{{[^}}]*?return \d+ '(.*)\\n';", text)
        assert list(json.loads(body)) == ["error"]


@pytest.mark.contract("B1.4")
def test_nginx_writes_only_into_its_folder(tmp_path):
    """With a read-only root."""
    text = nginx.configure(Settings.read({}), tmp_path, None).read_text()
    assert len(re.findall(rf"(?:pid|_temp_path) {tmp_path}/", text)) == 6


def test_a_port_that_is_taken_is_told_in_one_line():
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"port {port} cannot be opened: .*SAGEMAKER_BIND_TO_PORT"):
            supervisor._listener(("0.0.0.0", port))


def test_the_workers_socket_is_open_from_the_first_moment(tmp_path):
    with supervisor._listener(tmp_path / "s.sock"), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "s.sock"))


@pytest.mark.parametrize(
    ("memory", "resident", "wanted", "fit"),
    [(1000, 10, 4, 4), (1000, 400, 4, 2), (1000, 900, 4, 1), (1000, 0, 4, 4)],
)
def test_there_are_no_more_workers_than_memory_holds(monkeypatch, memory, resident, wanted, fit):
    monkeypatch.setattr(machine, "memory_bytes", lambda: memory)
    monkeypatch.setattr(machine, "resident_bytes", lambda: resident)
    assert workers._workers_that_fit(wanted) == fit


def test_a_server_may_be_for_this_machine_alone(tmp_path):
    settings = Settings.read({"SLIPWAY_BIND_ADDRESS": "127.0.0.1"})
    assert "listen 127.0.0.1:8080 " in nginx.configure(settings, tmp_path, None).read_text()
    with supervisor._listener(("127.0.0.1", 0)) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
    with pytest.raises(UserError, match="SLIPWAY_BIND_ADDRESS"):
        Settings.read({"SLIPWAY_BIND_ADDRESS": "here"})


@pytest.mark.skipif(nginx.find() is None, reason="nginx is not installed (apt-get install nginx-light)")
@pytest.mark.parametrize(
    ("path", "lost", "status"),
    [
        ("/invocations", 1, 200),
        ("/invocations", 2, 503),
        ("/models/a/invoke", 1, 200),
        ("/models", 1, 503),
        ("/invocations", 9, 503),
    ],
)
def test_a_request_is_tried_once_more_where_its_worker_was_killed(tmp_path, path, lost, status):
    """What changes something is not: nobody knows how far the worker came."""
    port = process.free_port()
    user = "root" if os.geteuid() == 0 else None
    conf = nginx.configure(Settings.read({"SAGEMAKER_BIND_TO_PORT": str(port)}), tmp_path, user)
    command = [nginx.find(), "-c", conf, "-p", tmp_path, "-e", "stderr"]
    with supervisor._listener(tmp_path / nginx.SOCKET) as listener:
        asked: list[bytes] = []
        Thread(target=dies, args=(listener, lost, asked), daemon=True).start()
        with process.Process(command, os.environ) as front:
            front.until(lambda: opens(port), "a port")
            answer = client.send(port, "POST", path, b"1,2\n" * 3, {"Content-Type": "text/csv"})
    assert answer.status == status
    assert len(asked) == (2 if "invo" in path else 1)
    if status == 503:
        assert answer.json["message"] == "the worker with this request ended, or is not there yet; try again"
        assert answer.headers["Retry-After"] == "1"


def dies(listener, times, asked):
    """A worker that is killed over the first requests, after it has read them."""
    for number in range(times + 1):
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            asked.append(connection.recv(1 << 16))
            if number >= times:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@pytest.mark.skipif(nginx.find() is None, reason="nginx is not installed (apt-get install nginx-light)")
def test_every_status_that_nginx_makes_itself_is_json(tmp_path):
    text = nginx.configure(Settings.read({}), tmp_path, None).read_text()
    covered = {int(code) for line in re.findall(r"error_page ([\d ]+)", text) for code in line.split()}
    assert covered >= {400, 405, 408, 413, 414, 494, 500, 501, 502, 503, 504, 505}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
@pytest.mark.parametrize("started", ["process.Process([*sleep], {})", "subprocess.Popen([*sleep, 'heeds'])"])
def test_what_a_killed_parent_started_ends_too(started):
    """Be it told so by who starts it, or by itself as `make play` is."""
    code = (
        "import subprocess, sys, time; from tools import process\n"
        "heeds = 'import sys, time; from tools import process; sys.argv[1:] and process.end_on_signals()'\n"
        "sleep = [sys.executable, '-c', heeds + '; time.sleep(60)']\n"
        f"child = {started}; time.sleep(1)\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    told = {**os.environ, "PYTHONPATH": str(process.ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=told
    ) as parent:
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    process.wait_until(lambda: not alive(child), "the end of the child", str, 10)


def opens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
