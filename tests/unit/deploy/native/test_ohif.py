import gzip
import io
import tarfile
from pathlib import Path

import pytest

from deploy.native import ohif
from deploy.native.errors import CannotGoOn


def build(folder: Path, bundles: int) -> Path:
    """Write what of OHIF's build is patched."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(bundles):
        (folder / f"{number}.bundle.js").write_text('a;__webpack_require__.p = "/";b')
    (folder / "plain.js").write_text("no public path")
    (folder / "index.html").write_text(
        '<script>window.PUBLIC_URL="/"</script><link href="/a.css"><script src="/app.js"></script>'
        '<meta content="/assets/x.png"><a href="https://example.org/">x</a>'
    )
    (folder / "a.css").write_text("b{background:url(/assets/x.png)}")
    (folder / "manifest.json").write_text('{"src": "/assets/x.png"}')
    return folder


def test_everything_that_names_the_root_is_moved(tmp_path: Path) -> None:
    folder = build(tmp_path, 8)
    ohif.patch(folder)
    assert (folder / "0.bundle.js").read_text() == 'a;__webpack_require__.p = "/ohif/";b'
    page = (folder / "index.html").read_text()
    assert 'window.PUBLIC_URL="/ohif/"' in page
    assert 'href="/ohif/a.css"' in page
    assert 'src="/ohif/app.js"' in page
    assert 'content="/ohif/assets/x.png"' in page
    assert 'href="https://example.org/"' in page
    assert "url(/ohif/assets/x.png)" in (folder / "a.css").read_text()
    assert '"/ohif/assets/x.png"' in (folder / "manifest.json").read_text()


def test_half_a_patch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotGoOn, match="Only 7"):
        ohif.patch(build(tmp_path, 7))


def test_what_a_browser_never_needs_is_left_out(tmp_path: Path) -> None:
    archive = tmp_path / "ohif.tgz"
    names = ("app.js", "app.js.map", "sw.js", "ort/big.wasm", "google.js", "assets/a.png", "app-config.js")
    with tarfile.open(archive, "w:gz") as made:
        for name in (*(f"package/dist/{name}" for name in names), "package/package.json"):
            member = tarfile.TarInfo(name)
            member.size = 1
            made.addfile(member, io.BytesIO(b"x"))
    ohif._unpack(archive, tmp_path / "out")
    kept = {
        str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file()
    }
    assert kept == {"app.js", "assets/a.png"}


def test_a_name_that_leads_outside_is_not_written(tmp_path: Path) -> None:
    archive = tmp_path / "ohif.tgz"
    with tarfile.open(archive, "w:gz") as made:
        member = tarfile.TarInfo("package/dist/../../outside.js")
        member.size = 1
        made.addfile(member, io.BytesIO(b"x"))
    (tmp_path / "out").mkdir()
    ohif._unpack(archive, tmp_path / "out")
    assert not list(tmp_path.rglob("outside.js"))


def test_large_text_gets_a_compressed_copy_that_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "big.js").write_text("x" * 10_000)
    (tmp_path / "small.js").write_text("x")
    (tmp_path / "big.png").write_bytes(b"x" * 10_000)
    ohif.squeeze(tmp_path)
    assert sorted(file.name for file in tmp_path.glob("*.gz")) == ["big.js.gz"]
    assert gzip.decompress((tmp_path / "big.js.gz").read_bytes()) == b"x" * 10_000


def test_the_digest_is_written_as_npm_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"")
    assert ohif.integrity(file).startswith("sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP")
