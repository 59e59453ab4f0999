import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auth_service import targets
from deploy.native import render
from deploy.native.dicom import Dicom, Sender
from deploy.native.environment import CALLER
from deploy.native.errors import CannotGoOn
from deploy.native.paths import REPOSITORY

GOLDEN = Path(__file__).parent / "golden"


def check_golden(name: str, text: str) -> None:
    """Compare with the golden file; ``GOLDEN=write`` writes it, for a change that is meant."""
    file = GOLDEN / name
    if CALLER.get("GOLDEN") == "write":
        file.write_text(text)
    assert text == file.read_text(), f"{name} changed; if that is meant: GOLDEN=write make test"


@dataclass
class Part:
    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    directory: str = "/data/run/part"
    priority: int = 10
    stop_seconds: int = 15


DICOM = Dicom(
    ae_title="PARADIM",
    port=20006,
    senders=(
        Sender(ae_title="CT1", address="192.0.2.1", labels=("album-head-ct", "album-rest")),
        Sender(ae_title="PACS", address="192.0.2.2", labels=()),
    ),
    script="/deploy/orthanc/received.lua",
)


def orthanc(dicom: Dicom | None = None) -> str:
    return render.orthanc(
        port=18042,
        username="gate",
        password='a "strange\\ password',
        storage="/data/orthanc/storage",
        index="/data/orthanc/index",
        dicomweb_plugin="/cache/libOrthancDicomWeb.so.1.20",
        stable_age=2,
        threads=120,
        dicom=dicom,
    )


def supervisor(*parts: Part) -> str:
    return render.supervisor(
        identifier="paradim-demo",
        run="/data/run",
        logs="/data/logs",
        socket="/memory/supervisor.sock",
        pidfile="/data/run/supervisord.pid",
        programs=parts,
    )


def test_orthancs_configuration_is_as_reviewed() -> None:
    check_golden("orthanc.json", orthanc())


def test_orthanc_demands_a_credential_and_has_no_way_round_it() -> None:
    made = json.loads(orthanc())
    assert made["AuthenticationEnabled"] is True
    assert made["RemoteAccessAllowed"] is False
    assert made["RegisteredUsers"] == {"gate": 'a "strange\\ password'}
    assert made["DicomServerEnabled"] is False
    assert made["ExecuteLuaEnabled"] is False
    assert made["RestApiWriteToFileSystemEnabled"] is False
    assert made["OverwriteInstances"] is False
    assert made["Plugins"] == ["/cache/libOrthancDicomWeb.so.1.20"]


def test_orthancs_configuration_with_dicom_is_as_reviewed() -> None:
    check_golden("orthanc-dicom.json", orthanc(DICOM))


def test_dicom_is_open_to_who_is_listed_and_for_storing_alone() -> None:
    made = json.loads(orthanc(DICOM))
    for name, value in made.items():
        if name.startswith("DicomAlwaysAllow"):
            assert value is False, name
    assert {name for name in made if name.startswith("DicomAlwaysAllow")} == {
        f"DicomAlwaysAllow{what}" for what in ("Echo", "Store", "Find", "FindWorklist", "Get", "Move")
    }
    checked = ("DicomCheckCalledAet", "DicomCheckModalityHost", "StrictAetComparison")
    assert [made[name] for name in checked] == [True] * 3
    refused = (
        "UnknownSopClassAccepted",
        "OverwriteInstances",
        "ExecuteLuaEnabled",
        "DicomModalitiesInDatabase",
    )
    assert [made[name] for name in refused] == [False] * 4
    for sender in made["DicomModalities"].values():
        assert {name for name, value in sender.items() if value is True} == {"AllowEcho", "AllowStore"}
        assert {name for name, value in sender.items() if value is False} == {
            *("AllowFind", "AllowFindWorklist", "AllowGet", "AllowMove"),
            *("AllowNAction", "AllowEventReport", "AllowStorageCommitment"),
        }
    assert made["LuaScripts"] == ["/deploy/orthanc/received.lua"]
    assert made["Paradim"]["Peers"] == {
        "CT1": {"Address": "192.0.2.1", "Labels": ["album-head-ct", "album-rest"]},
        "PACS": {"Address": "192.0.2.2", "Labels": []},
    }


def test_without_a_list_of_senders_there_is_no_dicom() -> None:
    made = json.loads(orthanc())
    assert {name: value for name, value in made.items() if name.startswith("Dicom")} == {
        "DicomServerEnabled": False,
        "DicomWeb": made["DicomWeb"],
    }
    assert (made["LuaScripts"], "Paradim" in made) == ([], False)


def test_ohifs_configuration_is_as_reviewed() -> None:
    check_golden("app-config.js", render.ohif())


def test_what_the_viewer_says_is_there_in_both_languages_and_said() -> None:
    folder = REPOSITORY / "deploy/ohif"
    texts = json.loads((folder / "saving.json").read_text(encoding="utf-8"))
    assert set(texts) == {"en", "fr"}
    places = {
        language: {key: set(re.findall(r"\{\w+\}", text)) for key, text in words.items()}
        for language, words in texts.items()
    }
    assert places["en"] == places["fr"]
    assert not [text for text in texts["fr"].values() if re.search(r"[^\u00a0][:»]|«[^\u00a0]|\s[;?!]", text)]
    said = re.findall(r'"(\w+)"', (folder / "saving.js.j2").read_text(encoding="utf-8"))
    assert set(texts["en"]) <= set(said)


def test_the_realm_is_as_reviewed() -> None:
    made = render.realm(
        public_url="http://127.0.0.1:8080",
        client_secret="client-secret",
        admin_client_secret="admin-secret",
        backchannel_url="http://127.0.0.1:20000/internal/backchannel/word",
    )
    check_golden("paradim-realm.json", made)
    assert "${" not in made


def test_the_realm_brings_no_people() -> None:
    made = json.loads(
        render.realm(public_url="u", client_secret="c", admin_client_secret="a", backchannel_url="b")
    )
    assert [user["username"] for user in made["users"]] == ["service-account-portal-admin"]


def test_the_supervisors_configuration_is_as_reviewed() -> None:
    text = supervisor(
        Part("orthanc", ("/cache/ld.so", "--library-path", "/cache/lib", "/data/run/orthanc.json")),
        Part("nginx", ("/cache/nginx", "-g", "user root;"), {"PATH": "/bin", "KEY": "a=b%c", "EMPTY": ""}),
    )
    check_golden("supervisord.conf", text)


@pytest.mark.parametrize("value", ['say "hello"', "two\nlines", "text ; comment", "text # comment"])
def test_what_the_supervisor_would_misread_is_refused(value: str) -> None:
    with pytest.raises(CannotGoOn, match="cannot be written"):
        supervisor(Part("x", ("/bin/x",), {"KEY": value}))


def gate(**changes: object) -> str:
    values: dict[str, object] = {
        "port": 8080,
        "public_url": "http://127.0.0.1:8080",
        "host": "127.0.0.1:8080",
        "listen": "127.0.0.1",
        "auth_upstream": "unix:/memory/auth.sock",
        "gate_secret": "gate-secret",
        "orthanc_upstream": "127.0.0.1:18042",
        "orthanc_authorization": "Basic Z2F0ZTp4",
        "portal_upstream": "127.0.0.1:18501",
        "keycloak_upstream": "127.0.0.1:18180",
        "ohif_root": "/cache/ohif",
        "ohif_config": "/data/run/ohif/app-config.js",
        "run": "/data/run/nginx",
        "memory": "/memory",
        "logs": "/data/logs",
        "cookie_name": "portal_sid_8080",
        "realm": "paradim",
        "mime_types": "/cache/mime.types",
        "pages": "/repository/deploy/nginx/pages",
        "upload": "/repository/upload",
        "rows": targets.TABLE,
        "longest_bearer": 8192,
        "decision_buffer": "16k",
        "retry_after": 2,
        "programs_sign_in": False,
        "origins": (),
        "at_once": 24,
        **changes,
    }
    return render.nginx(values)


def directives(text: str) -> set[str]:
    return {one.strip() for line in text.splitlines() for one in line.split(";")}


def test_the_gate_is_as_reviewed() -> None:
    check_golden("nginx.conf", gate())


def test_keycloaks_tokens_and_keys_are_published_only_where_a_site_says_so() -> None:
    usual, more = gate().splitlines(), gate(programs_sign_in=True).splitlines()
    added = [line.strip() for line in more if line not in usual]
    published = (
        r"location ~ ^/keycloak/realms/paradim/"
        r"(?:\.well-known/openid-configuration|protocol/openid-connect/(?:token|certs))$ {"
    )
    assert [line for line in added if line.startswith("location")] == [published]
    assert [line for line in usual if line not in more] == []


def test_only_answers_of_the_service_itself_may_lead_on_to_orthanc() -> None:
    """Everywhere else a part that says X-Accel-Redirect is not heard: it would read past every decision."""
    lists = re.findall(r"location (\S+)[^{]*\{|(proxy_ignore_headers [^;]+);", gate())
    within, heard = "server", set()
    for location, ignored in lists:
        within = location or within
        if ignored and "X-Accel-Redirect" not in ignored:
            heard.add(within)
    assert heard == {"@answered", "@prepared"}
    assert gate().count("proxy_ignore_headers X-Accel-Redirect X-Accel-Buffering X-Accel-Charset") == 1


def test_other_sites_are_told_nothing_unless_they_are_listed() -> None:
    assert "Access-Control" not in gate()
    listed = gate(origins=("https://viewer.example.org",))
    assert "Access-Control-Allow-Credentials" not in listed
    assert directives(gate()) - directives(listed) == set()


def test_no_place_of_a_path_is_named_like_a_variable_of_the_gate() -> None:
    """A named group would be the variable, and the decision about something else."""
    template = (REPOSITORY / "deploy/nginx/nginx.conf.j2").read_text()
    variables = set(re.findall(r"\$gate_([a-z_]+)", template))
    assert not variables & {place for row in targets.TABLE for place in row.places}
