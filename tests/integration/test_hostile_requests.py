"""Every hostile request gets the answer that its line names, cold and right after an allowed one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.people import SignedIn
from tests.integration.programs import another_client, of_another_realm, signed_in_at_keycloak
from tests.integration.raw import Answer, send
from tests.integration.truth import Truth

pytestmark = pytest.mark.stack


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """One line of the file."""

    line: int
    status: int
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]


def lines() -> Iterator[Hostile]:
    text = (Path(__file__).parent / "hostile_requests.txt").read_text()
    for number, line in enumerate(text.splitlines(), start=1):
        if line and not line.startswith("#"):
            # The target may hold a bar itself: the first two and the last one are the separators.
            status, method, rest = (part.strip() for part in line.split("|", 2))
            target, _, headers = rest.rpartition(" |")
            yield Hostile(
                line=number,
                status=int(status),
                method=method,
                target=target.strip(),
                headers=tuple(
                    (name.strip(), value.strip())
                    for name, _, value in (one.partition(":") for one in headers.split(";;") if one.strip())
                ),
            )


@pytest.fixture(scope="module")
def tokens(stack: dict[str, Any], client_secret: str) -> Iterator[dict[str, str]]:
    """Tokens of Keycloak's: a good one of member-a, and what may be taken for one."""
    password = stack["accounts"]["member-a"]["password"]
    program = signed_in_at_keycloak(stack, client_secret, "member-a", password)
    with another_client(stack, "member-a") as other:
        yield {
            "jwt": program.access,
            "jwt_id": program.id_token,
            "jwt_refresh": program.refresh,
            "jwt_unsigned": program.forged(algorithm="none"),
            "jwt_of_another_key": program.forged(),
            "jwt_expired": program.forged(exp=1),
            "jwt_of_another_client": other.access,
            "jwt_of_another_realm": of_another_realm(stack).access,
        }


@pytest.fixture
def names(truth: Truth, people: dict[str, SignedIn], bearer: str, tokens: dict[str, str]) -> dict[str, str]:
    """What the places in the file stand for."""
    member_a = people["member-a"]
    seen = truth.studies("member-a")
    special = truth.manifest["special"]
    study, other = sorted(uid for uid in seen if uid != special["partial"]["study"])[:2]
    series = next(one for one in seen[study] if one.modality == "CT")
    hidden = next(
        one for uid, one in sorted(truth.series.items()) if one.study not in seen and one.modality == "MR"
    )
    return {
        "study": study,
        "study_id": series.study_id,
        "series": series.uid,
        "series_id": series.id,
        "instance": series.instances[0].uid,
        "instance_id": series.instances[0].id,
        "other_study": other,
        "hidden_study": hidden.study,
        "hidden_study_id": hidden.study_id,
        "hidden_series_id": hidden.id,
        "hidden_series": hidden.uid,
        "hidden_instance": hidden.instances[0].uid,
        "hidden_instance_id": hidden.instances[0].id,
        "partial_study": special["partial"]["study"],
        "partial_hidden_series": special["partial"]["hidden_series"][0],
        "cookie": member_a.cookie,
        "upper_cookie": f"{member_a.cookie_name.upper()}={member_a.cookie_value}",
        "cookie_name": member_a.cookie_name,
        "cookie_value": member_a.cookie_value,
        "origin": member_a.url,
        "bearer": bearer,
        **tokens,
    }


def filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text


def ask(port: int, hostile: Hostile, names: dict[str, str]) -> Answer:
    headers = [(name, filled(value, names)) for name, value in hostile.headers]
    given = {name.lower() for name, _ in headers}
    if not given & {"cookie", "authorization"}:
        headers.append(("Cookie", names["cookie"]))
    return send(port, hostile.method, filled(hostile.target, names), headers)


def warm(port: int, names: dict[str, str]) -> None:
    """Make nginx know the decision about the permitted series, in every form that a line may be near to."""
    series = f"/dicom-web/studies/{names['study']}/series/{names['series']}"
    instance = f"{series}/instances/{names['instance']}"
    for path in (
        f"{series}/metadata",
        f"{series}/rendered",
        f"{series}/thumbnail",
        f"{instance}/metadata",
        f"{instance}/frames/1",
        f"{instance}/rendered",
        f"{instance}/thumbnail",
        f"/orthanc/instances/{names['instance_id']}/preview",
    ):
        answer = send(port, "GET", path, [("Cookie", names["cookie"])])
        assert answer.status == 200, (path, answer)


@pytest.mark.parametrize("hostile", list(lines()), ids=lambda one: f"line-{one.line}")
@pytest.mark.parametrize("state", ["cold", "warm"])
def test_a_hostile_request_gets_what_its_line_says(
    hostile: Hostile, state: str, port: int, names: dict[str, str]
) -> None:
    if state == "warm":
        warm(port, names)
    answer = ask(port, hostile, names)
    assert answer.status == hostile.status, (hostile, answer.body[:200])
    assert b"Orthanc" not in answer.body
    assert b"Traceback" not in answer.body


def test_the_file_names_every_kind_of_answer() -> None:
    assert {one.status for one in lines()} == {400, 401, 403, 404, 422}
