import hashlib
from pathlib import Path

import pytest

from deploy.native import keycloak, tools
from deploy.native.errors import CannotGoOn
from deploy.native.paths import Cache
from deploy.native.tools import Tool


@pytest.fixture
def distribution(tmp_path: Path) -> Path:
    folder = tmp_path / "cache" / "keycloak"
    for name in ("bin/kc.sh", "lib/app.jar", "conf/keycloak.conf", "providers/README", "themes/README"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "version.txt").write_text("1")
    return folder


def test_a_stacks_home_shares_the_program_and_owns_its_data(distribution: Path, tmp_path: Path) -> None:
    home = tmp_path / "data" / "keycloak"
    keycloak.make_home(distribution, home)
    assert (home / "lib").resolve() == distribution / "lib"
    # kc.sh takes the folder above its own for its home: a link would lead it into the shared cache.
    assert not (home / "bin").is_symlink()
    assert not (home / "bin/kc.sh").is_symlink()
    assert not (home / "data").is_symlink()
    assert (home / "data").stat().st_mode & 0o777 == 0o700


def test_making_the_home_again_keeps_the_data_and_follows_a_new_distribution(
    distribution: Path, tmp_path: Path
) -> None:
    home = tmp_path / "data" / "keycloak"
    keycloak.make_home(distribution, home)
    (home / "data/h2").mkdir()
    moved = distribution.rename(distribution.with_name("newer"))
    keycloak.make_home(moved, home)
    assert (home / "data/h2").is_dir()
    assert (home / "lib/app.jar").read_text() == "lib/app.jar"


def test_a_download_with_another_digest_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)

    def bring_something_else(*_: object, **__: object) -> str:
        folder = tmp_path / "download-keycloak"
        (folder / f"keycloak-quarkus-dist-{keycloak.VERSION}.zip").write_bytes(b"something else")
        return ""

    monkeypatch.setattr(tools, "java", lambda *_: Tool(("java",)))
    monkeypatch.setattr(tools, "maven", lambda *_: Tool(("mvn",)))
    monkeypatch.setattr(keycloak, "run", bring_something_else)
    digest = hashlib.sha256(b"something else").hexdigest()
    with pytest.raises(CannotGoOn, match=f"not the one that was reviewed .*{digest}"):
        keycloak.get(cache, lambda _: None)
    assert not keycloak.place(cache).exists()


def test_keycloak_listens_on_loopback_and_forms_no_cluster(tmp_path: Path) -> None:
    words = keycloak.command(tmp_path, port=1, management_port=2, public_url="http://127.0.0.1:8080")
    assert {"--http-host=127.0.0.1", "--http-management-host=127.0.0.1", "--cache=local"} <= set(words)
    assert "--hostname=http://127.0.0.1:8080/keycloak" in words


def test_no_secret_is_in_the_command_line(tmp_path: Path) -> None:
    made = keycloak.variables(Tool(("java",)), temporary=tmp_path, admin="a", password="hidden")
    words = keycloak.command(tmp_path, port=1, management_port=2, public_url="u")
    assert made["KC_BOOTSTRAP_ADMIN_PASSWORD"] == "hidden"
    assert all("hidden" not in word for word in words)
