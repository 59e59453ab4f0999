from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from deploy.native import aptroot
from deploy.native.aptroot import Packages, Tree
from deploy.native.errors import CannotGoOn
from deploy.native.paths import Cache

TARGETS = """\
https://archive.example/debian/ bookworm main
https://archive.example/debian/ bookworm contrib
https://archive.example/debian/ bookworm-updates main
https://security.example/debian-security/ bookworm-security main
https://other.example/apt some-tool-bookworm main
https://node.example/ nodistro main
"""


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Debian bookworm whose apt lists archives of others too."""
    keyring = tmp_path / "keyring.gpg"
    keyring.write_text("")
    monkeypatch.setattr(aptroot, "_KEYRING", keyring)
    monkeypatch.setattr(aptroot, "available", lambda: True)
    monkeypatch.setattr(aptroot, "_host_release", lambda: {"ID": "debian", "VERSION_CODENAME": "bookworm"})
    monkeypatch.setattr(aptroot, "run", lambda *_, **__: TARGETS)


@pytest.mark.usefixtures("debian")
def test_only_debians_own_archive_is_taken_from_the_hosts_sources() -> None:
    assert aptroot.sources() == {
        "main": "https://archive.example/debian/",
        "security": "https://security.example/debian-security/",
    }


@pytest.mark.usefixtures("debian")
def test_a_machine_without_apt_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aptroot, "available", lambda: False)
    with pytest.raises(CannotGoOn, match="no apt of a Debian system"):
        aptroot.sources()


@pytest.mark.usefixtures("debian")
def test_another_distributions_archive_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aptroot, "_host_release", lambda: {"ID": "ubuntu", "VERSION_CODENAME": "noble"})
    with pytest.raises(CannotGoOn, match="no apt of a Debian system"):
        aptroot.sources()


def test_absolute_links_stay_in_the_tree(tmp_path: Path) -> None:
    (tmp_path / "etc/java").mkdir(parents=True)
    (tmp_path / "etc/java/security").write_text("ours")
    (tmp_path / "usr/lib/jvm").mkdir(parents=True)
    (tmp_path / "usr/lib/jvm/security").symlink_to("/etc/java/security")
    (tmp_path / "usr/lib/jvm/conf").symlink_to("/etc/java")
    (tmp_path / "usr/lib/jvm/relative").symlink_to("security")
    aptroot.make_links_relative(tmp_path)
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    for name in ("security", "conf/security", "relative"):
        assert (moved / "usr/lib/jvm" / name).read_text() == "ours"


def test_another_list_of_packages_is_another_tree(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    one = Packages("x", ("a",), "usr/bin/a", 1, "trixie")
    more = Packages("x", ("a", "b"), "usr/bin/a", 1, "trixie")
    assert aptroot.place(cache, one) != aptroot.place(cache, more)
    assert aptroot.place(cache, one) == aptroot.place(cache, one)


def test_a_tree_that_lacks_what_it_is_for_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Apt:
        def __init__(self, *_: object) -> None: ...

        def download(self, _packages: tuple[str, ...]) -> list[Path]:
            return [tmp_path / "a.deb"]

        def forget(self) -> None: ...

    monkeypatch.setattr(aptroot, "_Apt", Apt)
    monkeypatch.setattr(aptroot, "run", lambda *_, **__: "")
    cache = Cache(tmp_path / "cache")
    wanted = Packages("x", ("a",), "usr/bin/a", 1, "trixie")
    with pytest.raises(CannotGoOn, match="not complete"):
        aptroot.get(cache, wanted, lambda _: None)
    assert aptroot.present(cache, wanted) is None
    assert list(cache.debian.iterdir()) == []


def test_a_complete_tree_is_used_without_asking_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_apt(*_: object, **__: object) -> None:
        pytest.fail("apt was asked")

    monkeypatch.setattr(aptroot, "_Apt", no_apt)
    monkeypatch.setattr(aptroot, "run", no_apt)
    cache = Cache(tmp_path)
    wanted = Packages("x", ("a",), "usr/bin/a", 1, "trixie")
    aptroot.place(cache, wanted).mkdir(parents=True)
    assert aptroot.get(cache, wanted, lambda _: None) == Tree(aptroot.place(cache, wanted))


@pytest.mark.usefixtures("debian")
def test_apt_reads_its_own_configuration_and_the_hosts_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    configurations: list[str] = []

    def run(words: Sequence[str | Path], *, env: Mapping[str, str], **_: object) -> str:
        commands.append([str(word) for word in words])
        if "APT_CONFIG" in env:
            configurations.append(Path(env["APT_CONFIG"]).read_text())
        if words[0] == "apt-config":
            return 'Acquire::http::Proxy "http://proxy.example:3128";\nAcquire::https::Proxy "";\n'
        return TARGETS

    monkeypatch.setattr(aptroot, "run", run)
    apt = aptroot._Apt(Cache(tmp_path), Packages("x", ("a",), "usr/bin/a", 1, "trixie"))
    assert apt.download(("a",)) == []
    assert [words[0] for words in commands[-3:]] == ["apt-get"] * 3
    assert commands[-1][-2:] == ["install", "a"]
    text = configurations[-1]
    assert 'Acquire::http::Proxy "http://proxy.example:3128";' in text
    assert "https::Proxy" not in text
    assert 'Dir::Etc::SourceParts "/dev/null";' in text
    listed = (tmp_path / "debian/apt-trixie/sources.list").read_text().splitlines()
    assert [line.split()[-2:] for line in listed] == [
        ["trixie", "main"],
        ["trixie-updates", "main"],
        ["trixie-security", "main"],
    ]
    assert all("signed-by=" in line for line in listed)
