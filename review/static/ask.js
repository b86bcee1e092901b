// How does the page ask its server, and tell a person what came of it?

export class Refused extends Error {}

export async function ask(path, body, method = "POST") {
  const options = body === undefined ? {}
    : body instanceof Blob ? { method, headers: { "Content-Type": "application/octet-stream" }, body }
    : { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, { cache: "no-store", ...options });
  if (answer.ok) return answer;
  let sentence = `The page's server answered ${answer.status}.`;
  try { sentence = (await answer.clone().json()).sentence; } catch { /* no sentence of ours */ }
  const error = answer.status === 502 ? new Error(sentence) : new Refused(sentence);
  throw error;
}

export const asked = async (path, body) => (await ask(path, body)).json();

const at = id => document.getElementById(id);
let quiet;

// For screen readers, and for eyes as well where these do not see it anyway.
export function say(sentence, toEyes = true) {
  at("said").replaceChildren(...worded(sentence));
  at("said").classList.toggle("shown", toEyes);
  clearTimeout(quiet);
  quiet = setTimeout(() => at("said").classList.remove("shown"), 6000);
}

export function complain(sentence) {
  at("fault").hidden = !sentence;
  at("fault").replaceChildren(...worded(sentence));
}

// What our sentences set in backticks – names, settings, commands – looks as it does on our other pages.
export function worded(sentence) {
  return sentence.split("`").map((part, number) => {
    if (number % 2 === 0) return part;
    const code = document.createElement("code");
    code.textContent = part;
    return code;
  });
}

// Does `act`, after which the button that had the focus may be gone or hidden: whoever works by the
// keyboard then goes on at `onward()`, and not at the page's top.
export function keepingFocus(box, act, onward) {
  const had = box.contains(document.activeElement);
  act();
  const now = document.activeElement;
  if (had && (now === document.body || !now.checkVisibility() || now.disabled)) onward()?.focus();
}

export const gone = "The page's server does not answer. Start `lensloop review` again and open its new address.";

export const picture = (one, size) =>
  `picture?size=${size}&key=${encodeURIComponent(one.key)}&etag=${encodeURIComponent(one.etag)}`;

export const count = (number, one, many) =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
