import pytest

from deploy.native import environment


def test_parts_do_not_inherit_the_callers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = {
        "PATH": "/bin",
        "HOME": "/home/x",
        "PYTHONSTARTUP": "/x",
        "AUTH_GATE_SECRET": "y",
        "LC_ALL": "fr",
    }
    monkeypatch.setattr(environment, "CALLER", caller)
    assert environment.base() == {"PATH": "/bin", "HOME": "/home/x", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def test_clients_that_download_keep_the_way_to_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = {"PATH": "/bin", "https_proxy": "p", "PIP_CERT": "c", "npm_config_cafile": "f", "OTHER": "o"}
    monkeypatch.setattr(environment, "CALLER", caller)
    kept = environment.fetching()
    assert {"https_proxy", "PIP_CERT", "npm_config_cafile"} <= set(kept)
    assert "OTHER" not in kept
