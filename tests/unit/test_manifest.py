"""The manifest: what is stamped into a model, and that a damaged model is never served."""

import json
import os
import socket
from pathlib import Path

import pytest

from slipway.errors import ModelLoadError
from slipway.manifest import Manifest, as_json
from unit.tables import schema_of


@pytest.fixture
def stored(tmp_path):
    folder = tmp_path / "model"
    (folder / "deep").mkdir(parents=True)
    (folder / "weights.npy").write_bytes(b"1234")
    (folder / "deep/names.json").write_text("[]")
    Manifest.stamp(
        folder,
        image="adder",
        version="1.2.3",
        reads=schema_of("x", "y", kind="text"),
        hyperparameters={"k": 3, "name": "é"},
        metrics={"loss": 0.1},
    )
    return folder


def damaged(stored, **changes):
    path = stored / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_was_stamped_is_read(stored):
    manifest = Manifest.read(stored, "adder")
    assert (manifest.image, manifest.version) == ("adder", "1.2.3")
    assert manifest.reads == schema_of("x", "y", kind="text")
    assert manifest.hyperparameters == {"k": 3, "name": "é"}
    assert manifest.metrics == {"loss": 0.1}
    assert set(manifest.files) == {"weights.npy", "deep/names.json"}
    assert manifest.files["weights.npy"].bytes == 4
    assert manifest.libraries["numpy"]
    assert "schema" in json.loads((stored / "manifest.json").read_text())


def test_a_manifest_cannot_be_changed(stored):
    with pytest.raises(ValueError, match="frozen"):
        Manifest.read(stored, "adder").image = "other"


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    path.write_bytes(b"1235")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda stored: (stored / "weights.npy").unlink(), "file weights.npy cannot be read: No such file"),
        (lambda stored: cut(stored / "weights.npy"), "file weights.npy is damaged: 3 bytes, expected 4"),
        (lambda stored: flip(stored / "weights.npy"), "file weights.npy is damaged: its SHA-256"),
        (lambda stored: (stored / "deep/names.json").write_text("{}"), "file deep/names.json is damaged"),
        (
            lambda stored: (stored / "manifest.json").unlink(),
            r"no model: .*manifest.json does not exist \(the folder holds deep, weights.npy\)",
        ),
        (
            lambda stored: cut(stored / "manifest.json") or cut(stored / "manifest.json"),
            "manifest.json cannot be read: content: Invalid JSON",
        ),
        (
            lambda stored: (stored / "manifest.json").write_bytes(b"\xff"),
            "manifest.json cannot be read: content: Invalid JSON",
        ),
        (
            lambda stored: (stored / "manifest.json").write_text("[]"),
            "manifest.json cannot be read: content: ",
        ),
        (
            lambda stored: (stored / "manifest.json").write_text("{}"),
            "manifest.json cannot be read: image: Field required",
        ),
        (lambda stored: damaged(stored, format=3), "manifest.json cannot be read: format: Input should be 2"),
        (
            lambda stored: damaged(stored, format=1),
            "the model was trained by version 0.1 of this image; train it again",
        ),
        (
            lambda stored: damaged(stored, metrics={"loss": "low"}),
            "manifest.json cannot be read: metrics.loss: ",
        ),
        (
            lambda stored: damaged(stored, image="stray"),
            "the model was trained by the image stray; this image is adder",
        ),
    ],
)
@pytest.mark.contract("B2.5")
def test_each_damage_is_named_in_one_line(stored, damage, message):
    damage(stored)
    with pytest.raises(ModelLoadError, match=message) as caught:
        Manifest.read(stored, "adder")
    assert "\n" not in str(caught.value)


def linked(place, target):
    if place.exists():
        target.parent.mkdir(exist_ok=True)
        place.rename(target)
    place.symlink_to(target)


def listening(place):
    with socket.socket(socket.AF_UNIX) as door:
        before = Path.cwd()
        os.chdir(place.parent)  # a socket's path may not be long
        door.bind(place.name)
        os.chdir(before)


def fifo(place):
    place.unlink(missing_ok=True)
    os.mkfifo(place)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda stored: fifo(stored / "weights.npy"),
            "file weights.npy is a FIFO; only plain files are read",
        ),
        (lambda stored: fifo(stored / "options.json"), "file options.json is a FIFO"),
        (lambda stored: fifo(stored / "manifest.json"), "file manifest.json is a FIFO"),
        (lambda stored: fifo(stored / "deep/more"), "file deep/more is a FIFO"),
        (lambda stored: listening(stored / "door"), "file door is a socket"),
        (
            lambda stored: linked(stored / "weights.npy", stored.parent / "out/weights.npy"),
            "file weights.npy is a link",
        ),
        (lambda stored: linked(stored / "options.json", stored.parent), "file options.json is a link"),
        (lambda stored: linked(stored / "deep", stored.parent / "out/deep"), "file deep is a link"),
        (lambda stored: linked(stored / "other", stored / "weights.npy"), "file other is a link"),
        (lambda stored: (stored / "options.json").mkdir(), "file options.json is a folder"),
        (
            lambda stored: (stored / "deep/more.pkl").write_bytes(b"x"),
            "the model's folder holds deep/more.pkl, of which manifest.json knows nothing; remove it",
        ),
        (
            lambda stored: (stored / "options.json").write_bytes(b" " * (1 << 20) + b"{}"),
            "file options.json has 1048578 bytes; expected at most 1048576",
        ),
        (lambda stored: damaged(stored, files={}), "manifest.json lists none of the model's files"),
        (
            lambda stored: damaged(stored, files={"../x": {"sha256": "", "bytes": 0}}),
            r"file \.\./x cannot be read: No such file",
        ),
    ],
)
@pytest.mark.contract("B2.5")
def test_what_a_model_cannot_hold_is_refused_before_it_is_read(stored, damage, message):
    (stored.parent / "x").write_bytes(b"")
    damage(stored)
    with pytest.raises(ModelLoadError, match=message) as caught:
        Manifest.read(stored, "adder")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
def test_a_device_among_the_files_is_refused(stored):
    try:
        os.mknod(stored / "zero", 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("a container without the right to make a device")
    with pytest.raises(ModelLoadError, match="file zero is a device; only plain files are read"):
        Manifest.read(stored, "adder")


def test_what_packers_leave_beside_the_files_is_passed_over(stored):
    """Names that start with a dot: nothing reads them. Options, which come after training, are no such."""
    (stored / "._weights.npy").write_bytes(b"x")
    (stored / "deep/.lock").symlink_to("/nowhere")
    (stored / ".git").mkdir()
    fifo(stored / ".git/pipe")
    (stored / "options.json").write_text("{}")
    assert Manifest.read(stored, "adder").image == "adder"


@pytest.mark.parametrize("name", ["empty", "absent"])
def test_a_folder_without_a_model_is_told(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelLoadError, match=r"no model: .* \(the folder holds nothing\)"):
        Manifest.read(tmp_path / name, "adder")


def test_json_is_written_for_readers_and_holds_no_nan():
    assert as_json({"b": 1, "a": [2]}) == '{\n  "b": 1,\n  "a": [\n    2\n  ]\n}\n'
    with pytest.raises(ValueError, match="JSON compliant"):
        as_json({"a": float("nan")})


@pytest.mark.parametrize("left", ["model.tar.gz", "output.tar.gz", "code/inference.py"])
def test_what_clients_leave_beside_a_model_does_no_harm(stored, left):
    """The SDK's local mode serves from the folder that it packed; a repacked model has its code."""
    (stored / left).parent.mkdir(exist_ok=True)
    (stored / left).write_bytes(b"x")
    Manifest.read(stored, "adder")
