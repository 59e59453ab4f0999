"""Every route that Orthanc says it has, by its own account, has a row in the table of targets.

Orthanc writes its OpenAPI description without being served (``--openapi``). Routes that it cannot document
without a demonstration server on the Internet are named in its log; those of plugins when they are loaded.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_service.targets import TABLE, Way
from deploy.native import aptroot
from deploy.native.stack import Stack
from tests.waiting import eventually

pytestmark = pytest.mark.stack

Route = tuple[str, str]
"""Method, and path with nameless places."""

Description = tuple[dict[str, dict[str, set[str]]], str]

ROWS = {(row.method, re.sub(r"\{[a-z]+\}", "{}", row.path)): row for row in TABLE}


@pytest.fixture(scope="module")
def tree(native_stack: Stack) -> aptroot.Tree:
    """Where Orthanc is."""
    return aptroot.get(native_stack.cache, aptroot.ORTHANC, print)


@pytest.fixture(scope="module")
def command(tree: aptroot.Tree) -> list[str]:
    """Orthanc as the stack runs it."""
    return [*tree.loader(), str(tree.find("usr/sbin/Orthanc"))]


@pytest.fixture(scope="module")
def environment(tree: aptroot.Tree) -> dict[str, str]:
    """No name is looked up: a silent name server would hold each of seventy questions up."""
    return {"DCMDICTPATH": str(tree.find("usr/share/dcmtk/dicom.dic")), "RES_OPTIONS": "attempts:0"}


@pytest.fixture(scope="module")
def configuration(native_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack's own configuration, with nothing served and another storage."""
    folder = tmp_path_factory.mktemp("orthanc")
    settings = json.loads((native_stack.data.run / "orthanc/orthanc.json").read_text())
    settings |= {"HttpServerEnabled": False, "DicomServerEnabled": False}
    settings |= {"StorageDirectory": str(folder), "IndexDirectory": str(folder)}
    (folder / "orthanc.json").write_text(json.dumps(settings))
    return folder / "orthanc.json"


@pytest.fixture(scope="module")
def described(command: list[str], environment: dict[str, str], configuration: Path) -> Description:
    """What Orthanc describes: path, method and query parameters; and what it logged meanwhile."""
    file = configuration.parent / "openapi.json"
    done = subprocess.run(
        [*command, f"--openapi={file}", str(configuration)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env=environment,
    )
    paths = json.loads(file.read_text())["paths"]
    parameters = {
        f"/orthanc{path}": {
            method.upper(): {one["name"] for one in about.get("parameters", ()) if one["in"] == "query"}
            for method, about in methods.items()
        }
        for path, methods in paths.items()
    }
    return parameters, done.stderr


def nameless(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def routes_of_the_core(parameters: dict[str, dict[str, set[str]]], log: str) -> Iterator[Route]:
    for path, methods in parameters.items():
        yield from ((method, nameless(path)) for method in methods)
    for method, path in re.findall(r"Ignoring URI without API documentation: (\S+) (\S+)", log):
        yield method, nameless(f"/orthanc{path}")


def test_every_route_of_the_core_has_a_row(described: Description) -> None:
    parameters, log = described
    routes = set(routes_of_the_core(parameters, log))
    total = re.search(r"(\d+) paths over a total of (\d+) paths", log)
    assert total is not None
    assert len(routes) == int(total[2]), "not every route is in the description or in the log"
    assert sorted(routes - set(ROWS)) == []


def test_every_query_parameter_of_a_route_that_is_streamed_is_allowed(
    described: Description,
) -> None:
    for path, methods in described[0].items():
        for method, known in methods.items():
            row = ROWS[method, nameless(path)]
            if row.way is Way.STREAMED:
                assert known <= set(row.parameters), (method, path)


def test_every_route_of_a_plugin_has_a_row(
    command: list[str], environment: dict[str, str], configuration: Path
) -> None:
    log = configuration.parent / "log"
    with (
        log.open("w") as written,
        subprocess.Popen(
            [*command, "--verbose", str(configuration)], stderr=written, stdout=written, env=environment
        ) as orthanc,
    ):
        try:
            eventually(lambda: "Orthanc has started" in log.read_text())
        finally:
            orthanc.terminate()
            orthanc.wait(60)
    expressions = re.findall(r"registered a REST callback .* on: (\S+)", log.read_text())
    assert len(expressions) > 30
    paths = {re.sub(r"\(\[\^/\]\*\)|\(\.\*\)", "{}", one) for one in expressions}
    prefixed = {path if path.startswith("/dicom-web") else f"/orthanc{path}" for path in paths}
    assert sorted(prefixed - {path for _, path in ROWS}) == []
