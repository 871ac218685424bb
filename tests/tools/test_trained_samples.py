"""What a training on a sample gave is kept as long as nothing that decides it has changed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools import layout, trained_samples


@pytest.fixture(autouse=True)
def session() -> None:
    """AWS has no part in this."""


def trainer(root: Path, calls: list[str], text: str = "a model") -> Callable[[], str]:
    def train() -> str:
        calls.append(text)
        for left in ("model", "output"):
            (root / left).mkdir(parents=True)
            (root / left / "file").write_text(text)
        return f"log of {text}"

    return train


def test_the_second_who_asks_gets_what_the_first_one_trained(tmp_path: Path) -> None:
    calls: list[str] = []
    for name in ("first", "second"):
        root = tmp_path / name
        assert (
            trained_samples.cached("x", "key", root, trainer(root, calls), tmp_path / "kept")
            == "log of a model"
        )
        assert (root / "model/file").read_text() == (root / "output/file").read_text() == "a model"
    assert calls == ["a model"]


def test_another_key_is_trained_anew_and_only_the_latest_stay(tmp_path: Path) -> None:
    calls: list[str] = []
    for number in range(6):
        root = tmp_path / str(number)
        trained_samples.cached(
            "x", f"key{number}", root, trainer(root, calls, str(number)), tmp_path / "kept"
        )
    assert calls == ["0", "1", "2", "3", "4", "5"]
    assert len(list((tmp_path / "kept").glob("x-*"))) == 4


def test_what_failed_is_not_kept(tmp_path: Path) -> None:
    def fails() -> str:
        (tmp_path / "root/model").mkdir(parents=True, exist_ok=True)
        raise trained_samples.TrainingError("no rows")

    for _ in range(2):
        with pytest.raises(trained_samples.TrainingError, match="no rows"):
            trained_samples.cached("x", "key", tmp_path / "root", fails, tmp_path / "kept")


def test_a_key_changes_with_code_data_and_names_and_not_with_tests(tmp_path: Path) -> None:
    for name in ("sample", "tests", "__pycache__"):
        (tmp_path / "image" / name).mkdir(parents=True)
    (tmp_path / "image/train.py").write_text("1")
    (tmp_path / "image/sample/rows.csv").write_text("1")
    seen = [trained_samples.digest(tmp_path / "image")]
    for name in ("tests/test_x.py", "__pycache__/train.pyc"):
        (tmp_path / "image" / name).write_text("1")
        assert trained_samples.digest(tmp_path / "image") == seen[0], name
    for name, text in {"train.py": "2", "sample/rows.csv": "2", "sample/more.csv": "1", "new.py": ""}.items():
        (tmp_path / "image" / name).write_text(text)
        seen.append(trained_samples.digest(tmp_path / "image"))
    seen += [trained_samples.digest(tmp_path / "image", "a"), trained_samples.digest(tmp_path / "image", "b")]
    assert len(set(seen)) == len(seen)


def test_whoever_lays_a_sample_out_has_its_key(tmp_path: Path) -> None:
    """Be its hyperparameters copied as a file, as `make train` does, or written as the platform does."""
    hyperparameters = tmp_path / "hyperparameters.json"
    hyperparameters.write_text('{\n  "k": 3,\n  "names": ["a"]\n}\n')
    (tmp_path / "image").mkdir()
    keys = []
    for number, given in enumerate([hyperparameters, {"k": "3", "names": ["a"]}, {"k": 4, "names": ["a"]}]):
        root = layout.lay_out(tmp_path / str(number), {}, given)
        keys.append(trained_samples.key(tmp_path / "image", root, "python"))
    assert keys[0] == keys[1] != keys[2]
