"""What of auth_service is about de-identification, in memory."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from portal.deidentifying import Deidentification, HeldPictures
from portal.errors import Forbidden, Invalid

if TYPE_CHECKING:
    from tests.pages.fakes import FakeAlbum, World

OFF = Deidentification(on=False)


class FakeDeidentifying:
    """How albums de-identify, and what they hold, in one person's name."""

    _world: "World"
    _person: str

    def deidentification(self, slug: str) -> Deidentification:
        self._of_owner(slug)
        state = self._world.deidentifying.get(slug, OFF)
        return state.model_copy(update={"held": len(self._world.held.get(slug, ()))})

    def deidentify(self, slug: str, options: Sequence[str], *, language: str) -> None:
        self._of_owner(slug)
        if "uids" in options and "device-identity" in options:
            raise Invalid("options", f"Not **both** ({language}).")
        self._world.deidentifying[slug] = Deidentification(
            on=True, options=tuple(options), since=datetime.now(UTC), by="Owner Test", has_key=True
        )

    def stop_deidentifying(self, slug: str, *, forget: bool) -> None:
        self._of_owner(slug)
        old = self._world.deidentifying[slug]
        self._world.deidentifying[slug] = (
            OFF if forget else old.model_copy(update={"on": False, "since": None})
        )

    def held(self, slug: str) -> HeldPictures:
        self._of_owner(slug)
        held = self._world.held.get(slug, [])
        return HeldPictures(items=tuple(held[:20]), total=len(held))

    def release_held(self, slug: str, picture: str, *, language: str) -> None:
        self._of_owner(slug)
        if picture.startswith("f"):
            raise Invalid("picture", f"It cannot be **shown** ({language}).")
        self._world.released.append((slug, picture))
        self.discard_held(slug, picture)

    def discard_held(self, slug: str, picture: str) -> None:
        self._of_owner(slug)
        self._world.held[slug] = [one for one in self._world.held[slug] if one.id != picture]

    def _of_owner(self, slug: str) -> "FakeAlbum":
        found = next(each for each in self._world.of(self._person) if each.slug == slug)
        if found.roles[self._person] != "owner":
            raise Forbidden
        return found
