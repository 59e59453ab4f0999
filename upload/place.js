// Where one is: the album that the address names, who comes, and why he may do nothing here.

import { ask } from "./api.js";

export const slug = new URLSearchParams(location.search).get("album") ?? "";
export const albumAddress = `/api/albums/${encodeURIComponent(slug)}`;

const isSlug = /^[a-z0-9-]+$/.test(slug);

/** Return a page of the portal about the album. */
export function inPortal(page) {
  return `/portal/${page}?album=${encodeURIComponent(slug)}`;
}

export function signIn(next = location.pathname + location.search) {
  return `/auth/signin?next=${encodeURIComponent(next)}`;
}

/** Ask who comes and what he may in the album: ``why`` says why one without any of these rights does nothing. */
export async function come(rights) {
  const [me, album] = await Promise.all([ask("/api/me"), isSlug ? ask(albumAddress) : { status: 404 }]);
  return {
    me: me.ok ? me.body : null,
    album: album.ok ? album.body : null,
    why: closed(me, album, rights),
  };
}

function closed(me, album, rights) {
  if ([me, album].some(({ status }) => status === 401)) return "signed-out";
  if (album.status === 404 || album.status === 422) return "missing";
  if (album.status === 403) return "forbidden";
  if (!me.ok || !album.ok) return "down";
  if (!rights.some((right) => album.body.actions.includes(right))) return "forbidden";
  return album.body.archived ? "archived" : "";
}
