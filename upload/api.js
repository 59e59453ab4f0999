// What is asked of the service. The browser sends the session's cookie and our origin by itself.

// Without a byte going out for so long, or an answer coming, the connection is taken for lost (milliseconds).
const SILENCE = 60_000;
const LOOKING_THROUGH = 330_000;

let language = "en";

/** Have the service speak this language where it says something in words. */
export function speak(chosen) {
  language = chosen;
}

/** What became of a request: ``status`` is 0 where no answer came, ``body`` is null where it was not ours. */
class Answer {
  constructor(status, text) {
    this.status = status;
    try {
      this.body = JSON.parse(text);
    } catch {
      this.body = null;
    }
  }

  get ok() {
    return this.status >= 200 && this.status < 300 && this.body !== null;
  }

  get reason() {
    return this.body?.reason ?? null;
  }

  get message() {
    return this.body?.message ?? "";
  }
}

/** Ask for something. Never throws. */
export async function ask(path, { method = "GET", body } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": language };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(SILENCE),
    });
    return new Answer(answer.status, await answer.text());
  } catch {
    return new Answer(0, "");
  }
}

/** Send a piece of a file; ``loaded`` hears how much of it is out. Never throws. */
export function sendPiece({ upload, number, name, size, offset, piece, signal, loaded }) {
  const query = new URLSearchParams({ name, size, offset });
  const request = new XMLHttpRequest();
  return new Promise((done) => {
    let silence;
    const patience = (milliseconds) => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), milliseconds);
    };
    const abort = () => request.abort();
    const end = (status) => {
      clearTimeout(silence);
      signal.removeEventListener("abort", abort);
      done(new Answer(status, request.responseText));
    };
    request.open("PUT", `/api/uploads/${upload}/files/${number}?${query}`);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Accept-Language", language);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      patience(SILENCE);
      loaded(event.loaded);
    };
    request.upload.onload = () => patience(LOOKING_THROUGH);
    request.onload = () => end(request.status);
    request.onerror = () => end(0);
    request.onabort = () => end(0);
    signal.addEventListener("abort", abort, { once: true });
    patience(piece.size ? SILENCE : LOOKING_THROUGH);
    request.send(piece);
    if (signal.aborted) abort();
  });
}
