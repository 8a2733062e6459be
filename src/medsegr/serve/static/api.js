// Talks with the service that this page came from, and with nobody else.

let token = "";

/** What the service said when it refused or failed: a status, a code for programs, a sentence for people. */
export class Refused extends Error {
  constructor(status, code, detail, retryAfter) {
    super(detail);
    Object.assign(this, { status, code, retryAfter });
  }
}

export function useToken(given) {
  token = given.trim();
}

/** One request; its answer, or Refused. */
export async function ask(path, options = {}) {
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch {
    throw new Refused(0, "gone", "The service cannot be reached. See that it runs, then try again.");
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  const detail = told.detail ?? `The service answered ${answer.status}.`;
  throw new Refused(answer.status, told.code ?? "unknown", detail, Number(answer.headers.get("Retry-After")) || 0);
}

export const json = async (path, options) => (await ask(path, options)).json();
export const bytes = async (path) => (await ask(path)).arrayBuffer();

export const parse = (report, modality) =>
  json("/v1/parse", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ report, modality: modality || null }),
  });

/** Send a job; a full queue is asked again. Fields are pairs of a name and a text or a File. */
export async function submit(fields) {
  const { type, body } = form(fields);
  for (let tries = 0; ; tries++) {
    try {
      return await json("/v1/segment", { method: "POST", headers: { "Content-Type": type }, body });
    } catch (error) {
      if (!error.retryAfter || tries > 5) throw error;
      await new Promise((done) => setTimeout(done, 1000 * error.retryAfter));
    }
  }
}

/** A form as bytes. FormData would make CR LF of line breaks, and offsets into the report would be wrong. */
export function form(fields) {
  const edge = `medsegr-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
  const parts = fields.flatMap(([name, value]) => {
    const file = value instanceof Blob ? '; filename="picture"' : "";
    return [`--${edge}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`, value, "\r\n"];
  });
  return { type: `multipart/form-data; boundary=${edge}`, body: new Blob([...parts, `--${edge}--\r\n`]) };
}

/** A job's state, after at most so many seconds. */
export const look = (id, seconds) => json(`/v1/jobs/${id}?wait=${seconds}`);

/** Delete a job and all that it has; also while the page closes. */
export function forget(id) {
  return ask(`/v1/jobs/${id}`, { method: "DELETE", keepalive: true }).catch(() => undefined);
}
