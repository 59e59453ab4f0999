"""UIDs that are the same at every run: made from names, below 2.25 (a UUID as a number; DICOM PS3.5, B.2)."""

import uuid

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_OID, "paradim-portal/samples")
"""Ours alone; a change of it gives every sample a new identity."""


def uid(name: str) -> str:
    """Return the UID of a thing of the sample data.

    Parameters
    ----------
    name : str
        What the thing is called, from the general to the particular, e.g. ``"head-ct/01/1/17"``.

    """
    return f"2.25.{uuid.uuid5(NAMESPACE, name).int}"
