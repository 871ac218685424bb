"""The files under /opt/ml/input/config, as the platform and its emulators write them."""

import json
from pathlib import Path

import pytest

from slipway.errors import PlatformError, UserError
from slipway.image import Image
from slipway.paths import Paths
from slipway.training import config


@pytest.fixture
def paths(root):
    return Paths(root)


@pytest.fixture
def image(folder):
    return Image.read(folder)


def put(paths, name, content):
    (paths.config / name).write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.mark.parametrize("content", [None, "", " \n", "{}"])
@pytest.mark.contract("A3.7", "A4.7", "A6.2")
def test_a_file_may_be_absent_or_empty(paths, image, content):
    """Emulators leave out what the platform writes."""
    if content is not None:
        for name in ("hyperparameters", "resourceconfig", "inputdataconfig"):
            put(paths, name + ".json", content)
    assert config.hyperparameters(paths) == {}
    assert config.hosts(paths) == config.Hosts("algo-1", ("algo-1",))
    assert list(config.channels(paths, image)) == ["train"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "hyperparameters.json is not JSON"),
        ("[1]", "hyperparameters.json holds list; expected an object"),
    ],
)
def test_a_broken_file_is_named_in_one_line(paths, content, message):
    put(paths, "hyperparameters.json", content)
    with pytest.raises(UserError, match=message) as caught:
        config.hyperparameters(paths)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_utf8_is_named(paths):
    paths.hyperparameters.write_bytes(b'{"k": "\xff"}')
    with pytest.raises(UserError, match=r"hyperparameters.json is not JSON"):
        config.hyperparameters(paths)


@pytest.mark.contract("A3.1", "A3.6")
def test_hyperparameters_are_given_as_sent(paths):
    put(paths, "hyperparameters.json", {"k": "5", "n": 10})
    assert config.hyperparameters(paths) == {"k": "5", "n": 10}


REAL = {
    "current_group_name": "homogeneousCluster",
    "current_host": "algo-2",
    "current_instance_type": "ml.c5.xlarge",
    "hosts": ["algo-2", "algo-1"],
    "instance_groups": [
        {
            "hosts": ["algo-1", "algo-2"],
            "instance_group_name": "homogeneousCluster",
            "instance_type": "ml.c5.xlarge",
        }
    ],
    "network_interface_name": "eth0",
    "topology": None,
}


@pytest.mark.parametrize("name", ["resourceconfig.json", "resourceConfig.json"])
@pytest.mark.contract("A2.3", "A6.1", "A6.2")
def test_the_first_host_by_name_leads(paths, name):
    put(paths, name, REAL)
    assert config.hosts(paths) == config.Hosts("algo-2", ("algo-1", "algo-2"), "eth0")
    assert not config.hosts(paths).is_leader
    put(paths, name, {**REAL, "current_host": "algo-1"})
    assert config.hosts(paths).is_leader


@pytest.mark.parametrize(
    "content",
    [
        {"current_host": "box"},
        {"current_host": "box", "hosts": []},
        {"current_host": "box", "hosts": ["box"]},
    ],
)
@pytest.mark.contract("A3.6")
def test_one_host_leads_itself(paths, content):
    put(paths, "resourceconfig.json", content)
    assert config.hosts(paths).is_leader


@pytest.mark.contract("A4.1", "A4.3", "A4.5", "A4.7")
def test_channels_have_the_images_names_and_the_platforms_facts(paths, image):
    put(
        paths,
        "inputdataconfig.json",
        {
            "training": {
                "ContentType": "text/csv;label_size=0",
                "TrainingInputMode": "File",
                "S3DistributionType": "ShardedByS3Key",
                "RecordWrapperType": "None",
            },
            "test": {"TrainingInputMode": "Pipe"},
        },
    )
    assert config.channels(paths, image) == {
        "train": config.ChannelConfig("training", "text/csv;label_size=0", "File", "ShardedByS3Key"),
        "test": config.ChannelConfig("test", input_mode="Pipe"),
    }


@pytest.mark.parametrize("entry", [None, {"ContentType": None}, "File"])
@pytest.mark.contract("A4.7")
def test_a_channels_facts_may_be_missing(paths, image, entry):
    put(paths, "inputdataconfig.json", {"train": entry})
    assert config.channels(paths, image) == {"train": config.ChannelConfig("train")}


@pytest.mark.contract("A2.7")
def test_a_manifest_file_beside_a_channel_is_no_channel(paths, image):
    put(paths, "inputdataconfig.json", {"train": {}})
    (paths.channels / "train-manifest").write_text("[]")
    (paths.channels / "other").mkdir()
    assert list(config.channels(paths, image)) == ["train"]


@pytest.mark.contract("A4.13")
def test_the_channels_of_the_sdks_scripts_hold_no_data(paths, image, capsys):
    put(paths, "inputdataconfig.json", {"train": {}, "code": {}, "sm_drivers": {"TrainingInputMode": "File"}})
    assert list(config.channels(paths, image)) == ["train"]
    assert "channel code, sm_drivers: scripts of the SageMaker SDK, not read" in capsys.readouterr().err


def test_on_a_laptop_the_folders_are_the_channels(paths, image):
    (paths.channels / "train-manifest").write_text("[]")
    (paths.channels / "test").mkdir()
    assert sorted(config.channels(paths, image)) == ["test", "train"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trian": {}}, r"^unknown channel trian; expected train \(or training\), test, optional$"),
        ({"test": {}}, r"^missing channel train; expected train \(or training\), test, optional; came test$"),
        ({"train": {}, "training": {}}, "^channel train came twice, as train and training$"),
        (
            {"train": {"TrainingInputMode": "Tape"}},
            r"^channel train: expected input mode File or FastFile or Pipe, got \"Tape\"$",
        ),
    ],
    ids=str,
)
def test_channels_that_do_not_fit_are_told_in_one_line(paths, image, given, message):
    put(paths, "inputdataconfig.json", given)
    with pytest.raises(UserError, match=message):
        config.channels(paths, image)


def test_no_channel_at_all_is_told(paths, image):
    for entry in (paths.channels / "train").iterdir():
        entry.unlink()
    (paths.channels / "train").rmdir()
    with pytest.raises(UserError, match=r"missing channel train; .*; came none$"):
        config.channels(paths, image)


@pytest.mark.contract("A2.4", "A2.12")
def test_checkpoints_are_kept_where_the_platform_says(paths, tmp_path):
    assert config.checkpoints(paths) is None
    put(paths, "checkpointconfig.json", {"S3Uri": "s3://bucket/kept"})
    assert config.checkpoints(paths) == paths.checkpoints
    put(paths, "checkpointconfig.json", {"LocalPath": str(tmp_path / "moved")})
    assert config.checkpoints(paths) == tmp_path / "moved"


@pytest.mark.contract("A2.12")
def test_a_folder_for_checkpoints_is_enough(paths):
    """Checkpointconfig.json is in no document of the platform."""
    paths.checkpoints.mkdir()
    assert config.checkpoints(paths) == paths.checkpoints


@pytest.mark.contract("A6.4")
def test_groups_of_instances_are_hosts_like_all_others(paths):
    """The first host by name leads, whatever its group."""
    groups = [
        {"hosts": ["algo-2"], "instance_group_name": "a"},
        {"hosts": ["algo-1"], "instance_group_name": "b"},
    ]
    put(paths, "resourceconfig.json", {**REAL, "instance_groups": groups})
    assert config.hosts(paths).all == ("algo-1", "algo-2")


@pytest.mark.contract("A4.4")
def test_a_channel_may_have_any_name_that_the_platform_allows(paths, folder):
    """Letters, digits, dots, dashes and underscores, 64 of them."""
    name = "My.train-1_" + "x" * 53
    text = (folder / "image.toml").read_text().replace('aliases = ["training"]', f'aliases = ["{name}"]')
    (folder / "image.toml").write_text(text)
    put(paths, "inputdataconfig.json", {name: {}})
    assert config.channels(paths, Image.read(folder)) == {"train": config.ChannelConfig(name)}


@pytest.mark.contract("A2.1", "A2.2", "A2.3", "A2.4", "A2.6", "A2.7", "A2.8", "A2.9", "A2.10")
def test_paths_are_those_that_the_platform_fixes():
    paths = Paths(Path("/opt/ml"))
    assert [
        str(path)
        for path in (
            paths.hyperparameters,
            paths.input_data_config,
            paths.checkpoint_config,
            paths.channel("train"),
        )
    ] == [
        "/opt/ml/input/config/hyperparameters.json",
        "/opt/ml/input/config/inputdataconfig.json",
        "/opt/ml/input/config/checkpointconfig.json",
        "/opt/ml/input/data/train",
    ]
    assert [str(path) for path in (paths.model, paths.output_data, paths.failure, paths.checkpoints)] == [
        "/opt/ml/model",
        "/opt/ml/output/data",
        "/opt/ml/output/failure",
        "/opt/ml/checkpoints",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"hosts": 3}, "hosts: expected a list of names, got 3"),
        ({"hosts": "algo-1"}, 'hosts: expected a list of names, got "algo-1"'),
        ({"hosts": ["algo-1", 2]}, "hosts: expected a list of names, got a list of 2 cells"),
        ({"hosts": {"algo-1": 1}}, "hosts: expected a list of names, got an object of 1"),
        ({"current_host": 7}, "current_host: expected a name, got 7"),
        (
            {"current_host": "algo-3", "hosts": ["algo-2", "algo-1"]},
            'current_host "algo-3" is not among the hosts algo-1, algo-2',
        ),
        ({"network_interface_name": ["eth0"]}, "network_interface_name: expected a name"),
    ],
    ids=str,
)
@pytest.mark.contract("A1.7", "A6.2")
def test_hosts_that_cannot_be_are_told_in_one_line(paths, content, message):
    """No caller writes them."""
    put(paths, "resourceconfig.json", content)
    with pytest.raises(PlatformError, match=f"^resourceconfig.json: {message}"):
        config.hosts(paths)


@pytest.mark.parametrize(
    "name", ["ContentType", "TrainingInputMode", "S3DistributionType", "RecordWrapperType"]
)
@pytest.mark.parametrize(
    ("value", "came"), [(5, "5"), (["text/csv"], "a list of 1 cell"), (False, "False"), ("a\0b", '"a')]
)
def test_a_channels_facts_are_texts(paths, image, name, value, came):
    put(paths, "inputdataconfig.json", {"train": {name: value}})
    with pytest.raises(UserError, match=f"^channel train: {name}: expected a text, got {came}"):
        config.channels(paths, image)


@pytest.mark.parametrize("path", [5, ["/x"], {}, "/a\0b"])
def test_a_place_for_checkpoints_is_a_text(paths, path):
    put(paths, "checkpointconfig.json", {"LocalPath": path})
    with pytest.raises(UserError, match=r"^checkpointconfig.json: LocalPath: expected a text, got "):
        config.checkpoints(paths)


@pytest.mark.parametrize("opening", ['{"k":', "["])
def test_a_file_that_is_nested_without_end_is_named(paths, opening):
    put(paths, "hyperparameters.json", opening * 60_000)
    with pytest.raises(UserError, match=r"^hyperparameters.json is nested too deep to be read$"):
        config.hyperparameters(paths)


def test_a_channel_takes_the_input_modes_that_it_declares(paths, image):
    """A file, for example, is not read from a pipe."""
    facts = image.channels["test"].model_copy(update={"modes": ("File", "FastFile")})
    some = image.model_copy(update={"channels": {**image.channels, "test": facts}})
    put(paths, "inputdataconfig.json", {"train": {}, "test": {"TrainingInputMode": "Pipe"}})
    assert config.channels(paths, image)["test"].piped
    with pytest.raises(UserError, match=r'^channel test: expected input mode File or FastFile, got "Pipe"$'):
        config.channels(paths, some)
