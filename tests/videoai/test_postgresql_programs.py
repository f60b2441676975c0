from videoai import postgresql_programs
from videoai.postgresql_programs import places


def test_the_newest_version_comes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(postgresql_programs, "ROOT", tmp_path)
    for version in ("15", "9.6", "17", "other", "9.10"):
        (tmp_path / version / "bin").mkdir(parents=True)

    assert [place.parent.name for place in places()] == ["17", "15", "9.10", "9.6", "other"]
