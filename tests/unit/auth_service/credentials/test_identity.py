"""Three outcomes of a credential: none, good, bad; and two of them are bad, however they are sent."""

import base64
from pathlib import Path

import pytest

from auth_service.credentials.api_tokens import PREFIX
from auth_service.credentials.identity import cookie_values, identify
from auth_service.errors import Unauthenticated
from auth_service.origin import NOWHERE
from auth_service.policy.model import NOBODY
from tests.fakes.signin import SigninWorld

NAME = "portal_sid_8080"
NOT_ONE_OF_OURS = "A" * 43


@pytest.mark.parametrize(
    ("cookies", "authorizations", "reason"),
    [
        ([f"{NAME}="], [], "session-over"),
        ([f"{NAME}={NOT_ONE_OF_OURS}"], [], "session-over"),
        ([f"{NAME}={NOT_ONE_OF_OURS}; {NAME}={NOT_ONE_OF_OURS}"], [], "two-credentials"),
        ([f"{NAME}={NOT_ONE_OF_OURS}", f"{NAME}={NOT_ONE_OF_OURS}"], [], "two-credentials"),
        ([f"{NAME}={NOT_ONE_OF_OURS}"], ["Bearer aaaaaaaaaaaaaaaaaaaa"], "two-credentials"),
        ([], ["Bearer aaaaaaaaaaaaaaaaaaaa", "Bearer aaaaaaaaaaaaaaaaaaaa"], "two-credentials"),
        ([], ["Bearer aaaaaaaaaaaaaaaaaaaa"], "bad-bearer"),
        ([], ["Basic Z2F0ZTpnYXRl"], "bad-bearer"),
        ([], [""], "bad-bearer"),
        ([], ["Basic"], "bad-bearer"),
        ([], ["Basic " + "=" * 40], "bad-bearer"),
        ([], ["Basic " + base64.b64encode(f"a:{PREFIX}{NOT_ONE_OF_OURS}".encode()).decode()], "bad-bearer"),
        ([], ["Basic " + base64.b64encode("é:é".encode() * 20).decode()], "bad-bearer"),
        ([], [f"Bearer {PREFIX}{NOT_ONE_OF_OURS}"], "bad-bearer"),
        ([], [f"bearer {PREFIX}{NOT_ONE_OF_OURS}"], "bad-bearer"),
        ([], [f"Token {PREFIX}{NOT_ONE_OF_OURS}"], "bad-bearer"),
        ([], [f"Bearer  {PREFIX}{NOT_ONE_OF_OURS}"], "bad-bearer"),
        ([], ["Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."], "bad-bearer"),
        ([], ["Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.AAAA"], "bad-bearer"),
        ([], ["Basic " + base64.b64encode(b"x:eyJhbGciOiJub25lIn0.e30.AAAA").decode()], "bad-bearer"),
        ([], ["Bearer " + "a" * 9000], "bad-bearer"),
        ([], [f"{PREFIX}{NOT_ONE_OF_OURS}"], "bad-bearer"),
    ],
)
def test_a_bad_credential_is_never_nobody(
    tmp_path: Path, cookies: list[str], authorizations: list[str], reason: str
) -> None:
    world = SigninWorld.make(tmp_path)
    try:
        with pytest.raises(Unauthenticated) as refused:
            identify(
                cookies=cookies,
                authorizations=authorizations,
                cookie_name=NAME,
                sessions=world.services.sessions,
                tokens=world.services.tokens,
                bearers=world.services.bearers,
                origin=NOWHERE,
            )
    finally:
        world.close()
    assert refused.value.reason == reason


def test_cookies_of_other_names_are_nobodys(tmp_path: Path) -> None:
    world = SigninWorld.make(tmp_path)
    try:
        actor = identify(
            cookies=[f"x{NAME}=1; {NAME}x=2; other=3"],
            authorizations=[],
            cookie_name=NAME,
            sessions=world.services.sessions,
            tokens=world.services.tokens,
            bearers=world.services.bearers,
            origin=NOWHERE,
        )
    finally:
        world.close()
    assert actor == NOBODY


def test_every_value_of_a_cookie_is_seen() -> None:
    assert cookie_values(f"a=1;{NAME}=x ; {NAME}=;{NAME}", NAME) == ["x", ""]
