"""Give rights in albums to people, groups and addresses, change them, and take them back.

Nobody hands out more than he has (``giving.py``): only owners make owners and change anybody; who may invite
gives at most his own rights and end date. An album keeps an owner (``changing.py``): a person, without an end
date. An address that no account has waits for whoever signs in with it (``arriving.py``).

Each action can be given on its own, also without ``view``: an upload-only dropbox or somebody who only
invites are things that projects ask for. Rights are independent where they are judged, so none opens what
``view`` opens; a form may advise, the rules stay simple.
"""

from auth_service.albums.members.changing import (
    Edit,
    change_invitation,
    change_member,
    change_members,
    list_members,
    remove_invitation,
    remove_member,
    remove_members,
)
from auth_service.albums.members.given import MemberView, Rights
from auth_service.albums.members.giving import add_member

__all__ = [
    "Edit",
    "MemberView",
    "Rights",
    "add_member",
    "change_invitation",
    "change_member",
    "change_members",
    "list_members",
    "remove_invitation",
    "remove_member",
    "remove_members",
]
