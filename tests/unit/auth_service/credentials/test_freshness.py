"""Answers that are good for a moment: kept through a silence, and forgotten where nothing is told."""

import pytest

from auth_service.credentials import freshness
from auth_service.credentials.freshness import GOOD_FOR, Answers
from auth_service.errors import Unavailable, Untold

GRACE = 300.0


class Asked:
    """Somebody who is asked, and what comes of it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.answers: Answers[str] = Answers(grace=GRACE, timer=lambda: self.now)
        self.says: str | Unavailable = "yes"
        self.about: list[str] = []

    def of(self, key: str = "somebody") -> str | None:
        def ask(_last: str | None) -> str:
            self.about.append(key)
            if isinstance(self.says, Unavailable):
                raise self.says
            return self.says

        return self.answers.of(key, ask)


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_an_answer_goes_on_through_a_silence_for_the_grace_and_no_longer(asked: Asked) -> None:
    assert asked.of() == "yes"
    asked.says = Unavailable("keycloak")
    asked.now += GRACE
    assert asked.of() == "yes"
    asked.now += 1
    with pytest.raises(Unavailable):
        asked.of()


def test_what_was_known_is_forgotten_once_nothing_is_told_and_a_silence_brings_nothing_back(
    asked: Asked,
) -> None:
    assert asked.of() == "yes"
    asked.now += GOOD_FOR
    asked.says = Untold("keycloak")
    with pytest.raises(Unavailable):
        asked.of()
    asked.says = Unavailable("keycloak")
    for _ in range(3):
        with pytest.raises(Unavailable):
            asked.of()
        asked.now += 1
    asked.says = "no"
    asked.now += 60
    assert asked.of() == "no"


def test_of_too_many_the_one_asked_about_longest_ago_is_forgotten_and_nobody_else(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "MOST", 3)
    for key in ("a", "b", "c"):
        asked.of(key)
    asked.of("a")
    asked.of("d")
    asked.about.clear()
    for key in ("a", "c", "d"):
        asked.of(key)
    assert asked.about == []
    asked.of("b")
    assert asked.about == ["b"]
