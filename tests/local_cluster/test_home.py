"""The cluster's folder and its records."""

from pathlib import Path

from localcluster.home import INSIDE, Home, read_json, write_json


def test_a_record_that_was_cut_short_reads_as_missing(tmp_path: Path) -> None:
    """After a crash in the middle of a write, `down` must still work."""
    record = tmp_path / "init.json"
    record.write_text('{"pid": 12')
    assert read_json(record) is None
    assert read_json(tmp_path / "nothing.json") is None


def test_a_record_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """`status` reads while the supervisor writes and must never see half a file."""
    record = tmp_path / "components.json"
    write_json(record, {"a": 1})
    before = record.stat().st_ino
    write_json(record, {"a": 2})
    assert read_json(record) == {"a": 2}
    assert record.stat().st_ino != before
    assert [path.name for path in tmp_path.iterdir()] == ["components.json"]


def test_the_folder_is_private(tmp_path: Path) -> None:
    """It holds the keys of an administrator."""
    home = Home(tmp_path / "deep" / "home")
    home.make()
    assert home.root.stat().st_mode & 0o777 == 0o700


def test_run_inside_is_run_of_the_folder(tmp_path: Path) -> None:
    """Components find by fixed paths what was written from outside."""
    home = Home(tmp_path)
    assert home.inside == home.run / INSIDE.relative_to("/run")
    assert home.pki.is_relative_to(home.run)
