"""The stack itself: who listens, who is refused, what survives a kill, what lies open."""

import json
import os
import re
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from deploy.native import aptroot, orphans, settings
from deploy.native.stack import Stack

pytestmark = pytest.mark.stack

ID = "11111111-22222222-33333333-44444444-55555555"
UNKNOWN_UID = "1.2.3"


def processes(stack: Stack) -> list[psutil.Process]:
    return orphans.of_stack(stack.data.root, stack.cache.root)


def listeners(stack: Stack) -> set[tuple[str, int]]:
    found = set()
    for process in processes(stack):
        for one in process.net_connections("inet"):
            if one.status in {psutil.CONN_LISTEN, psutil.CONN_NONE}:
                found.add((one.laddr[0].removeprefix("::ffff:"), one.laddr[1]))
    return found


@pytest.fixture
def orthanc(stack: dict[str, Any]) -> Iterator[httpx.Client]:
    """Somebody who found Orthanc's own port, without its credential."""
    with httpx.Client(base_url=stack["internal"]["orthanc"]["url"], trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def gate(stack: dict[str, Any]) -> Iterator[httpx.Client]:
    """The gate, at Orthanc's own port."""
    internal = stack["internal"]["orthanc"]
    auth = (internal["username"], internal["password"])
    with httpx.Client(base_url=internal["url"], auth=auth, trust_env=False, timeout=30) as client:
        yield client


def test_everything_listens_on_loopback_and_on_its_own_ports_only(native_stack: Stack) -> None:
    kept = settings.read(native_stack.data.settings)
    assert kept is not None
    ports = kept.ports.named()
    # Orthanc 1.12.7 cannot bind to one address: who comes from elsewhere is refused, see below.
    everywhere = {("0.0.0.0", ports.pop(name)) for name in ("orthanc", "dicom")}
    assert listeners(native_stack) == {("127.0.0.1", port) for port in ports.values()} | everywhere


def test_sockets_in_memory_are_for_their_owner_alone(native_stack: Stack) -> None:
    folder = native_stack.data.memory
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    sockets = [path for path in folder.iterdir() if path.is_socket()]
    assert {path.name for path in sockets} == {"auth.sock", "supervisor.sock"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in sockets} == {0o600}


def test_no_file_of_the_stack_can_be_read_by_others(native_stack: Stack) -> None:
    root = native_stack.data.root
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    secret = [
        root / "secrets.json",
        root / "stack.json",
        *root.glob("run/**/*.conf"),
        *root.glob("run/*.env"),
    ]
    secret += [root / "run/orthanc/orthanc.json", root / "keycloak/data/import/paradim-realm.json"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in secret} == {0o600}


def test_no_secret_is_in_a_log_or_in_a_command_line(native_stack: Stack) -> None:
    kept = json.loads(native_stack.data.secrets.read_text())
    secrets = [value for value in kept.values() if isinstance(value, str)]
    secrets += kept["account_passwords"].values()
    texts = {str(log): log.read_text(errors="replace") for log in native_stack.data.logs.iterdir()}
    texts |= {f"pid {one.pid}": " ".join(one.cmdline()) for one in processes(native_stack)}
    assert [(name, secret) for name, text in texts.items() for secret in secrets if secret in text] == []


def every_route(stack: Stack, folder: Path) -> list[tuple[str, str]]:
    """Return every route that Orthanc itself knows of, as it documents them."""
    tree = aptroot.present(stack.cache, aptroot.ORTHANC)
    assert tree is not None
    file = folder / "openapi.json"
    words = [*tree.loader(), str(tree.find("usr/sbin/Orthanc")), f"--openapi={file}"]
    env = {"DCMDICTPATH": str(tree.find("usr/share/dcmtk/dicom.dic")), "LC_ALL": "C.UTF-8"}
    subprocess.run(words, env=env, check=True, capture_output=True, timeout=60)
    paths = json.loads(file.read_text())["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def test_orthanc_answers_nobody_without_the_gates_credential(
    native_stack: Stack, orthanc: httpx.Client, tmp_path: Path
) -> None:
    routes = every_route(native_stack, tmp_path)
    assert len(routes) > 200
    routes += [
        *(("GET", path) for path in ("/", "/app/explorer.html", "/app/images/orthanc-logo.png")),
        *(("GET", f"/dicom-web/{rest}") for rest in ("studies", "series", "instances", "servers")),
        *((method, "/dicom-web/studies") for method in ("POST", "PUT", "DELETE")),
        ("GET", f"/dicom-web/studies/{UNKNOWN_UID}/series/{UNKNOWN_UID}/metadata"),
        ("GET", "/no/such/route"),
    ]
    answers = {
        f"{method} {path}": orthanc.request(method, re.sub(r"{[^}]*}", ID, path)).status_code
        for method, path in routes
    }
    assert {route: status for route, status in answers.items() if status != 401} == {}


@pytest.mark.parametrize("credential", [("gate", "wrong"), ("orthanc", "orthanc"), ("", "")])
def test_orthanc_knows_no_other_credential(orthanc: httpx.Client, credential: tuple[str, str]) -> None:
    assert orthanc.get("/system", auth=credential).status_code == 401


def test_orthanc_refuses_strangers_even_with_the_credential(stack: dict[str, Any]) -> None:
    internal = stack["internal"]["orthanc"]
    port = internal["url"].rpartition(":")[2]
    auth = (internal["username"], internal["password"])
    # Whoever comes from any other address than 127.0.0.1, be it another of this very machine, is a stranger.
    addresses = {"127.0.0.2"} | {
        one.address
        for cards in psutil.net_if_addrs().values()
        for one in cards
        if one.family == socket.AF_INET and not one.address.startswith("127.")
    }
    for address in addresses:
        transport = httpx.HTTPTransport(local_address=address)
        with httpx.Client(transport=transport, timeout=10) as stranger:
            assert stranger.get(f"http://{address}:{port}/system", auth=auth).status_code in {401, 403}


def test_orthanc_keeps_what_cohorts_are_searched_by(gate: httpx.Client) -> None:
    kept = gate.get("/system").json()["MainDicomTags"]
    series = ["0018,0050", "0018,1210", "0008,1090", "0008,0070", "0018,0015", "0018,0010", "0008,0060"]
    assert set(series) <= set(kept["Series"].split(";"))
    assert "0010,1010" in kept["Study"]
    assert "0010,0040" in kept["Patient"]


def test_orthanc_has_the_one_plugin_that_we_need(gate: httpx.Client) -> None:
    # explorer.js is part of Orthanc itself.
    assert set(gate.get("/plugins").json()) == {"dicom-web", "explorer.js"}


def test_lua_is_off_and_nothing_is_written_on_the_server(gate: httpx.Client) -> None:
    assert gate.post("/tools/execute-script", content="print(1)").status_code == 403
    assert gate.get("/system").json()["OverwriteInstances"] is False


def test_starting_what_runs_is_quick_and_changes_nothing(native_stack: Stack) -> None:
    before = {row.name: row.pid for row in native_stack.status()}
    began = time.monotonic()
    native_stack.up()
    assert time.monotonic() - began < 20
    assert {row.name: row.pid for row in native_stack.status()} == before


def test_status_says_everything_about_every_part(native_stack: Stack) -> None:
    rows = native_stack.status()
    assert {row.name for row in rows} == {"nginx", "auth_service", "portal", "orthanc", "keycloak"}
    for row in rows:
        assert (row.running, row.health) == (True, "ok")
        assert row.pid is not None
        assert psutil.pid_exists(row.pid)
        assert row.port
        assert row.memory_mb
        assert Path(row.log).exists()


def test_the_whole_stack_fits_into_its_memory(native_stack: Stack) -> None:
    assert sum(row.memory_mb or 0 for row in native_stack.status()) < 1600


def test_scripts_find_their_way(stack: dict[str, Any], native_stack: Stack) -> None:
    assert set(stack) == {"url", "cookie", "data", "processes", "accounts", "internal"}
    assert set(stack["accounts"]) == {"admin", "pi-a", "member-a", "pi-b", "member-b", "stranger"}
    assert {name: one["role"] for name, one in stack["accounts"].items()}["pi-b"] == "pi"
    for process in stack["processes"].values():
        assert set(process) == {"pid", "url", "health", "log"}
    assert set(stack["internal"]) == {"orthanc", "dicom", "auth_service", "database", "keycloak"}
    assert stack["data"] == str(native_stack.data.root)


@pytest.mark.parametrize("part", ["auth_service", "portal", "orthanc"])
def test_a_part_that_is_killed_comes_back(native_stack: Stack, gate: httpx.Client, part: str) -> None:
    instances = gate.get("/statistics").json()["CountInstances"]
    before = native_stack.kill(part)
    comes_back(native_stack, part, before)
    assert gate.get("/statistics").json()["CountInstances"] == instances


@pytest.mark.parametrize("part", ["nginx", "keycloak"])
def test_a_part_whose_children_survive_it_comes_back_and_they_are_ended(
    native_stack: Stack, part: str
) -> None:
    orphaned = psutil.Process(native_stack.pid(part)).children(recursive=True)
    assert orphaned
    before = native_stack.kill(part, group=False)
    # Until then it is the orphans that answer.
    assert psutil.wait_procs(orphaned, timeout=30)[1] == []
    comes_back(native_stack, part, before)


def comes_back(stack: Stack, part: str, before: int) -> None:
    deadline = time.monotonic() + 30
    while stack.pid(part) in {0, before}:
        assert time.monotonic() < deadline, f"the supervisor did not start {part} again"
        time.sleep(0.1)
    stack.wait(part)


def test_a_stack_whose_supervisor_was_killed_is_found_and_started_anew(
    native_stack: Stack, gate: httpx.Client
) -> None:
    instances = gate.get("/statistics").json()["CountInstances"]
    left = processes(native_stack)
    for process in orphans.of_stack(native_stack.data.root, native_stack.cache.root, orphans.SUPERVISOR):
        os.kill(process.pid, 9)
        process.wait(10)
    native_stack.up()
    assert [process for process in left if process.is_running()] == []
    assert all(row.health == "ok" for row in native_stack.status())
    assert gate.get("/statistics").json()["CountInstances"] == instances
