"""Logs are kept from growing for ever, under the feet of the programs that write them."""

from pathlib import Path

from puerta.logs import trim


def test_trim(tmp_path: Path) -> None:
    """A log over the limit is moved aside whole, over the last one; its writer goes on in an empty file."""
    log, other = tmp_path / "service-8001.log", tmp_path / "small.log"
    other.write_text("short")
    (tmp_path / "service-8001.log.1").write_text("older")
    with log.open("a") as writer:
        writer.write("x" * 100)
        writer.flush()
        trim(tmp_path, 99)
        writer.write("y")
    assert log.read_text() == "y"
    assert (tmp_path / "service-8001.log.1").read_text() == "x" * 100
    assert other.read_text() == "short"
    assert not (tmp_path / "small.log.1").exists()
