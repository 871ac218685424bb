"""The manifest: what is stamped into a model, and that a damaged model is never served."""

import json

import pytest

from slipway.errors import BrokenModel
from slipway.manifest import Manifest, as_json
from unit.tables import schema_of


@pytest.fixture
def stored(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "weights.npy").write_bytes(b"1234")
    (tmp_path / "deep/names.json").write_text("[]")
    Manifest.stamp(
        tmp_path,
        image="adder",
        version="1.2.3",
        reads=schema_of("x", "y", kind="text"),
        hyperparameters={"k": 3, "name": "é"},
        metrics={"loss": 0.1},
    )
    return tmp_path


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
    with pytest.raises(BrokenModel, match=message) as caught:
        Manifest.read(stored, "adder")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["empty", "absent"])
def test_a_folder_without_a_model_is_told(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BrokenModel, match=r"no model: .* \(the folder holds nothing\)"):
        Manifest.read(tmp_path / name, "adder")


def test_json_is_written_for_readers_and_holds_no_nan():
    assert as_json({"b": 1, "a": [2]}) == '{\n  "b": 1,\n  "a": [\n    2\n  ]\n}\n'
    with pytest.raises(ValueError, match="JSON compliant"):
        as_json({"a": float("nan")})
