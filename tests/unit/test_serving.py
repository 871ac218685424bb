"""The processes around the application: nginx's configuration, the socket, how many workers."""

import json
import re
import socket

import pytest

from slipway import machine
from slipway.errors import UserError
from slipway.serving import nginx, supervisor, workers
from slipway.settings import Settings


@pytest.mark.parametrize("user", ["slipway", None])
@pytest.mark.contract("B2.1")
def test_nginx_is_told_port_limit_and_patience(tmp_path, user):
    settings = Settings.read(
        {"SAGEMAKER_BIND_TO_PORT": "8081", "MAX_CONTENT_LENGTH": "123", "MODEL_SERVER_TIMEOUT": "7"}
    )
    text = nginx.configure(settings, tmp_path, user).read_text()
    assert "listen 8081 " in text
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
    assert {int(code) for code, _ in pages} == {502, 504, 413, 405, 408}
    for _, page in pages:
        (body,) = re.findall(rf"location @{page} \{{ return \d+ '(.*)\\n'; \}}", text)
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
            supervisor._listener(port)


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
