import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from deploy.native import aptroot, environment, tools
from deploy.native.paths import Cache


def executable(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "good"), [("17.0.15", True), ("25", True), ("1.8.0_412", False), ("11.0.2", False)]
)
def test_a_java_that_is_too_old_is_as_good_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, good: bool
) -> None:
    executable(tmp_path, "java", f"""echo 'openjdk version "{version}" 2025-04-15' >&2""")
    monkeypatch.setattr(environment, "CALLER", {"PATH": f"{tmp_path}:/bin:/usr/bin"})
    assert tools.host_java() == (str(tmp_path / "java") if good else None)


def test_a_java_that_does_not_run_is_as_good_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path, "java", "exit 1")
    monkeypatch.setattr(environment, "CALLER", {"PATH": str(tmp_path)})
    assert tools.host_java() is None


def test_the_machines_authorities_can_be_read_by_java(tmp_path: Path) -> None:
    tree = aptroot.present(Cache.default(), aptroot.JAVA)
    keytool = shutil.which("keytool") or (str(tree.find("usr/lib/jvm/*/bin/keytool")) if tree else None)
    if keytool is None:
        pytest.skip("neither this machine nor the cache has a keytool")
    found = tools._CERTIFICATE.findall(tools._certificates().read_bytes())[:3]
    certificates = [x509.load_pem_x509_certificate(one) for one in found]
    store = tmp_path / "cacerts"
    encoded = [one.public_bytes(Encoding.DER) for one in certificates]
    store.write_bytes(tools.java_key_store(encoded))
    words = [keytool, "-J-XX:-UsePerfData", "-list", "-keystore", str(store), "-storepass", "changeit"]
    env = {"LD_LIBRARY_PATH": tree.libraries} if tree else {}
    listed = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stdout
    assert "contains 3 entries" in listed.stdout
