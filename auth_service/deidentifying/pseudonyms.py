"""Stand-ins for identifiers, made with an album's key: the same ones each time, and nobody's without the key.

A stand-in is a keyed hash (HMAC-SHA256) of what it stands for, so no table of who is who is kept anywhere. It
ends in a second keyed hash of its own first part: so an album knows its own stand-ins again, and a
segmentation that somebody made of de-identified images can come back without losing what it refers to.
"""

import hashlib
import hmac
import re
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter is taken for another, or for a digit."""

_MARK = 12
_CHECK = 4
_PSEUDONYM = re.compile(rf"(?:[{ALPHABET}]{{4}}-){{3}}[{ALPHABET}]{{4}}")
_UID = re.compile(r"2\.25\.[1-9]\d{0,38}")
_UID_ROOT = "2.25."
_UUID_BYTES = 16
_CHECK_BYTES = 3
_MARK_BYTES = _UUID_BYTES - _CHECK_BYTES

_SHORTEST_SHIFT = 365
_LONGEST_SHIFT = 3650


def patient_of(key: bytes, *, patient_id: str, study: str) -> str:
    """Return the pseudonym of a patient in an album, ``XXXX-XXXX-XXXX-XXXX``.

    60 bits tell patients apart: of a million patients in one album two share one with a chance of 1 in two
    million. Who has no PatientID is known by his study alone.
    """
    named = _plain(patient_id)
    if is_pseudonym(key, named):
        return named
    mark = _letters(_hash(key, "patient" if named else "nameless", named or _plain(study)), _MARK)
    return _grouped(mark + _letters(_hash(key, "patient's check", mark), _CHECK))


def is_pseudonym(key: bytes, text: str) -> bool:
    """Tell whether a PatientID is a pseudonym that this album made (another is taken for one in 2**20)."""
    text = _plain(text)
    if not _PSEUDONYM.fullmatch(text):
        return False
    letters = text.replace("-", "")
    check = _letters(_hash(key, "patient's check", letters[:_MARK]), _CHECK)
    return hmac.compare_digest(check, letters[_MARK:])


def uid_of(key: bytes, uid: str) -> str:
    """Return the stand-in of a UID: UUID-derived, ``2.25.`` and a number (PS3.5, section B.2)."""
    if is_uid(key, uid):
        return uid
    mark = _as_uuid(_hash(key, "uid", uid)[:_MARK_BYTES])
    return _UID_ROOT + str(int.from_bytes(mark + _hash(key, "uid's check", mark)[:_CHECK_BYTES]))


def is_uid(key: bytes, uid: str) -> bool:
    """Tell whether a UID is a stand-in that this album made (another is taken for one in 2**24)."""
    if not _UID.fullmatch(uid):
        return False
    number = int(uid.removeprefix(_UID_ROOT))
    if number >= 1 << (8 * _UUID_BYTES):
        return False
    mark, check = (whole := number.to_bytes(_UUID_BYTES))[:_MARK_BYTES], whole[_MARK_BYTES:]
    return hmac.compare_digest(_hash(key, "uid's check", mark)[:_CHECK_BYTES], check)


def days_of(key: bytes, *, patient_id: str, study: str) -> int:
    """Return by how many days a patient's dates are moved in an album: into the past, by 1 to 10 years.

    What bears a pseudonym of the album has been moved already: 0.
    """
    named = _plain(patient_id)
    if is_pseudonym(key, named):
        return 0
    number = int.from_bytes(_hash(key, "days" if named else "nameless days", named or _plain(study)))
    return -(_SHORTEST_SHIFT + number % (_LONGEST_SHIFT - _SHORTEST_SHIFT + 1))


def _hash(key: bytes, purpose: str, what: str | bytes) -> bytes:
    """Hash for one purpose: what is made for one means nothing to another."""
    data = what.encode("utf-8", "surrogateescape") if isinstance(what, str) else what
    return hmac.digest(key, purpose.encode() + b"\0" + data, hashlib.sha256)


def _plain(text: str) -> str:
    """Return an identifier as it is compared: DICOM pads with spaces, and writes one letter in two ways."""
    return unicodedata.normalize("NFC", text).strip(" \0")


def _letters(digest: bytes, count: int) -> str:
    number = int.from_bytes(digest)
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in range(count))


def _grouped(letters: str) -> str:
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _as_uuid(mark: bytes) -> bytes:
    """Set version 8 (of one's own making) and the variant of RFC 9562: the number is that of a UUID."""
    whole = bytearray(mark)
    whole[6] = (whole[6] & 0x0F) | 0x80
    whole[8] = (whole[8] & 0x3F) | 0x80
    return bytes(whole)
