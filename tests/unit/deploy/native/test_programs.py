import json
import os
from dataclasses import fields
from pathlib import Path

import pytest

from auth_service.policy import rules
from auth_service.settings import Settings as AuthSettings
from deploy.native import configuration, manifest
from deploy.native.aptroot import Tree
from deploy.native.credentials import load_or_make
from deploy.native.paths import REPOSITORY, Cache, DataFolder
from deploy.native.ports import Ports
from deploy.native.processes import ProcessInfo
from deploy.native.programs import Context, Program, Software, auth_environment, launched, programs
from deploy.native.settings import Settings
from deploy.native.tools import Tool

ACCOUNTS = ("admin", "pi-a", "member-a", "pi-b", "member-b", "stranger")


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """Everything in place, nothing running."""
    tree = tmp_path / "cache/tree"
    for name in (
        "lib64/ld-linux-x86-64.so.2",
        "lib64/ld-linux-aarch64.so.1",
        "usr/sbin/Orthanc",
        "usr/sbin/nginx",
        "usr/share/dcmtk/dicom.dic",
        "usr/share/orthanc/plugins/libOrthancDicomWeb.so",
        "etc/nginx/mime.types",
    ):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    distribution = tmp_path / "cache/keycloak"
    for name in ("bin", "conf", "lib", "providers", "themes"):
        (distribution / name).mkdir(parents=True)
    data = DataFolder.of("x", tmp_path / "data")
    data.make()
    return Context(
        cache=Cache(tmp_path / "cache"),
        data=data,
        settings=Settings(Ports(8080, 20001, 20002, 20003, 20004, 20005), "default"),
        secrets=load_or_make(data.secrets, ACCOUNTS),
        software=Software(
            orthanc=Tree(tree),
            nginx=Tree(tree),
            keycloak=distribution,
            java=Tool(("/usr/bin/java",), {"JAVA": "/usr/bin/java"}),
            ohif=tmp_path / "cache/ohif",
        ),
    )


@pytest.fixture
def parts(context: Context) -> dict[str, Program]:
    return {program.name: program for program in programs(context)}


def every_secret(context: Context) -> list[str]:
    single = [getattr(context.secrets, one.name) for one in fields(context.secrets)]
    return [one for one in single if isinstance(one, str)] + list(context.secrets.account_passwords.values())


def test_every_process_carries_the_marks_by_which_it_is_found_again(
    context: Context, parts: dict[str, Program]
) -> None:
    for name, program in parts.items():
        assert program.environment["PARADIM_STACK"] == str(context.data.root)
        assert program.environment["PARADIM_PART"] == name
        assert program.directory == context.data.root / "run" / name


def test_no_process_gets_a_secret_in_its_command_line(context: Context, parts: dict[str, Program]) -> None:
    for program in parts.values():
        words = " ".join(launched(program, context).command)
        assert [secret for secret in every_secret(context) if secret in words] == []


def test_only_those_who_need_a_secret_get_it(context: Context, parts: dict[str, Program]) -> None:
    def knows(part: str) -> set[str]:
        given = " ".join(parts[part].environment.values())
        return {
            one.name for one in fields(context.secrets) if str(getattr(context.secrets, one.name)) in given
        }

    assert knows("portal") == {"portal"}
    assert knows("keycloak") == {"keycloak_admin_password"}
    assert knows("orthanc") == set()
    assert knows("nginx") == set()
    assert "keycloak_admin_password" not in knows("auth_service")


def test_temporary_files_stay_in_the_stack(context: Context, parts: dict[str, Program]) -> None:
    for program in parts.values():
        assert program.environment["TMPDIR"] == str(context.data.temporary)
    assert f"-Djava.io.tmpdir={context.data.temporary}" in parts["keycloak"].environment["JAVA_OPTS_APPEND"]


def test_orthanc_asks_no_name_server(parts: dict[str, Program]) -> None:
    assert parts["orthanc"].environment["RES_OPTIONS"] == "attempts:0"


def test_nginx_keeps_its_workers_under_the_same_user(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert "user root;" in programs(context)[-1].command
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert "-g" not in programs(context)[-1].command


def test_auth_service_understands_everything_it_is_told(context: Context) -> None:
    told = {name.removeprefix("AUTH_").lower(): value for name, value in auth_environment(context).items()}
    assert set(told) <= set(AuthSettings.model_fields)
    made = AuthSettings(**told)  # type: ignore[arg-type]
    assert made.realm_issuer == "http://127.0.0.1:8080/keycloak/realms/paradim"
    assert made.session_cookie == "portal_sid_8080"


def test_configuration_is_written_for_its_owner_alone_and_only_what_changed_is_named(
    context: Context,
) -> None:
    made = programs(context)
    assert configuration.write(context, made) == {"orthanc", "nginx"}
    assert configuration.write(context, made) == set()
    (context.folder("orthanc") / "orthanc.json").write_text("{}")
    assert configuration.write(context, made) == {"orthanc"}
    for file in context.data.run.rglob("*"):
        assert file.stat().st_mode & 0o077 == 0, file


def test_the_rendered_gate_has_no_place_left_empty(context: Context) -> None:
    configuration.write(context, programs(context))
    text = (context.folder("nginx") / "nginx.conf").read_text()
    assert "{{" not in text
    assert f"listen 127.0.0.1:{context.settings.ports.public}" in text


def test_stack_json_has_the_shape_of_the_contract(context: Context) -> None:
    made = programs(context)
    infos = {one.name: ProcessInfo(one.name, "RUNNING", 7, 1, "") for one in made}
    content = manifest.build(context, made, infos)
    manifest.write(context, content)
    assert context.data.manifest.stat().st_mode & 0o777 == 0o600
    read = json.loads(context.data.manifest.read_text())
    assert read["url"] == "http://127.0.0.1:8080"
    assert read["cookie"] == "portal_sid_8080"
    assert set(read["processes"]) == {"nginx", "auth_service", "portal", "orthanc", "keycloak"}
    assert {tuple(one) for one in read["processes"].values()} == {("pid", "url", "health", "log")}
    assert set(read["accounts"]) == set(ACCOUNTS)
    assert set(read["accounts"]["pi-a"]) == {"username", "password", "role"}
    internal = read["internal"]
    assert set(internal["orthanc"]) == {"url", "username", "password"}
    assert {"socket", "secret", "rules_file"} <= set(internal["auth_service"])
    assert set(internal["keycloak"]) == {"url", "realm", "issuer", "admin", "portal_admin"}
    assert internal["database"].startswith("sqlite:////")


def test_a_stack_begins_with_rules_that_give_nobody_anything_and_keeps_what_becomes_of_them(
    context: Context,
) -> None:
    configuration.write(context, programs(context))
    found = rules.read(context.data.rules.read_text())
    assert (found.rules, found.problems, found.warnings) == ((), (), ())
    context.data.rules.write_text('{"roles": {"admin": ["view"]}}')
    configuration.write(context, programs(context))
    assert context.data.rules.read_text() == '{"roles": {"admin": ["view"]}}'


def test_the_examples_that_stand_in_the_rules_as_comments_are_good() -> None:
    text = (REPOSITORY / "deploy/native/permissions.jsonc").read_text()
    examples = tuple(f"// {begin}" for begin in ('"', "{", "  ", "}"))
    told = "".join(
        line.replace("// ", "", 1) if line.startswith("    ") and line.lstrip().startswith(examples) else line
        for line in text.splitlines(keepends=True)
    )
    found = rules.read(told)
    assert (found.problems, found.warnings) == ((), ())
    assert [rule.name for rule in found.rules] == ["admin", "researcher", "/radiology/chest"]
