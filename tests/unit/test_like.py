"""Labels, and channels that are read like another one."""

from pathlib import Path

import pytest

from slipway import Channel, UserError


def channel(folder: Path, name: str, text: str, second: str = "") -> Channel:
    (folder / name).mkdir()
    (folder / name / "rows.csv").write_text(text)
    if second:
        (folder / name / "second.csv").write_text(second)
    return Channel(name, folder / name)


def test_texts_of_a_channel_like_another_stay_as_they_are_written(tmp_path: Path) -> None:
    """Alone they would be numbers, and 1.50 would come back as 1.5."""
    train = channel(tmp_path, "train", "size,x\n" + "1.50,1\nXL,2\n2.50,3\nM,4\n" * 9)
    test = channel(tmp_path, "test", "size,x\n1.50,1\n2.50,2\n1e3,3\n")
    test.read_like(train)
    assert train.kinds["size"] == test.kinds["size"] == "text"
    assert test.table.column("size").tolist() == ["1.50", "2.50", "1e3"]


@pytest.mark.parametrize(
    ("cells", "kind", "labels"),
    [
        (["1.0", "0.0", ""], "integer", {1, 0}),  # what pandas writes of whole numbers beside a gap
        (["1", "1.0", "0"], "integer", {1, 0}),
        (["true", "false"], "boolean", {"true", "false"}),
        (["01", "1"], "text", {"01", "1"}),
        (["+1", "-1"], "text", {"+1", "-1"}),
        (["0.5", "1.5"], "text", {"0.5", "1.5"}),
        (["9007199254740993", "9007199254740992"], "text", {"9007199254740993", "9007199254740992"}),
    ],
)
def test_labels_are_whole_numbers_where_nothing_is_lost_by_it(
    tmp_path: Path, cells: list[str], kind: str, labels: set[int | str]
) -> None:
    lines = "".join(f"{cell},{number}.5\n" for number, cell in enumerate(cells * 20))
    train = channel(tmp_path, "train", "y,x\n" + lines)
    train.declare("label", ["y"])
    assert train.kinds["y"] == kind
    found = train.table.column("y").tolist()
    assert {cell for cell in found if cell is not None and cell == cell} == labels


def test_keys_stay_texts_in_a_further_file_without_a_header(tmp_path: Path) -> None:
    train = channel(tmp_path, "train", "id,x\n" + "07,1.5\n?,2.5\n7,3.5\n" * 5, "7,1.5\n?,2.5\n7.0,3.5\n")
    train.declare("key", ["id"])
    assert train.table.column("id").tolist() == ["07", "?", "7"] * 5 + ["7", "?", "7.0"]


def test_a_further_file_of_another_width_is_refused(tmp_path: Path) -> None:
    train = channel(tmp_path, "train", "id,x\n7,1.5\n8,2.5\n", "7,1.5,1\n8,2.5,2\n")
    train.declare("key", ["id"])
    with pytest.raises(UserError, match=r"second\.csv: 3 columns, expected 2"):
        _ = train.table
