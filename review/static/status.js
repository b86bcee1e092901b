// What happens: fetched again every few seconds, and shown only where it has changed.
import { ask, asked, complain, gone, keepingFocus, say } from "./ask.js";

const at = id => document.getElementById(id);
const EVERY = 3000;
let shown = "", headline = "";

async function look() {
  try {
    const text = await (await ask("parts/status")).text();
    complain("");
    if (text !== shown && !at("decide").open) show(text);
  } catch (error) {
    complain(error instanceof TypeError ? gone : error.message);
  }
}

// The same button, link or message, after the scene was fetched again.
const known = each => each.dataset.decide ?? `${each.tagName} ${each.textContent}`;

function show(text) {
  shown = text;
  const scene = at("scene");
  const open = [...scene.querySelectorAll("details[open] summary")].map(each => each.textContent);
  const focused = known(document.activeElement);
  const again = () => [...scene.querySelectorAll("a, button, summary")].find(each => known(each) === focused);
  // Our own server's, which escapes every name.
  keepingFocus(scene, () => { scene.innerHTML = text; }, () => again() ?? at("main"));
  scene.removeAttribute("aria-busy");
  for (const each of scene.querySelectorAll("summary")) {
    each.parentElement.open = open.includes(each.textContent);
  }
  const now = scene.querySelector("#headline h1").textContent;
  if (headline && now !== headline) say(now);
  headline = now;
}

at("scene").addEventListener("click", async event => {
  const button = event.target.closest("[data-decide]");
  if (!button) return;
  const { decide, noted } = button.dataset;
  let { epoch, means } = button.dataset;
  if (decide === "roll-back") {
    say("Looking which release would be gone back to …");
    const way = await wayBack();
    if (!way) return;
    [epoch, means] = [way.to, way.sentence];
    if (!way.to) return say(way.sentence);
  }
  const chosen = () => at("decide-where").hidden ? epoch : at("decide-to").value;
  at("decide-where").hidden = decide !== "roll-back";
  at("decide-to").value = epoch;
  confirm(button.textContent.replace(" …", ""), means, noted, note => send(decide, chosen(), note));
});

// Another release: what that means is read before it can be said yes to.
at("decide-to").addEventListener("input", async () => {
  at("decide-yes").disabled = true;
  at("decide-means").textContent = "…";
  const to = at("decide-to").value;
  const way = to ? await wayBack(to) : null;
  if (to !== at("decide-to").value) return;
  at("decide-means").textContent = way?.sentence ?? "Which release?";
  at("decide-yes").disabled = !way?.to;
});

async function wayBack(to = "") {
  try {
    return await asked(to ? `way-back?to=${encodeURIComponent(to)}` : "way-back");
  } catch (error) {
    complain(error instanceof TypeError ? gone : error.message);
    return null;
  }
}

function confirm(what, means, noted, act) {
  at("decide-what").textContent = `${what}?`;
  at("decide-yes").textContent = what;
  at("decide-yes").disabled = false;
  at("decide-means").textContent = means;
  at("decide-why").hidden = !noted;
  at("note").value = "";
  at("decide").returnValue = "";
  at("decide").showModal();
  at("decide").onclose = () => {
    if (at("decide").returnValue === "yes") act(at("note").value);
  };
}

async function send(what, epoch, note) {
  say("Telling …");
  try {
    const answer = await asked("decide", { what, epoch: epoch ? Number(epoch) : null, note: note.trim() || null });
    say(answer.sentence);
  } catch (error) {
    complain(error instanceof TypeError ? gone : error.message);
  }
  look();
}

// A look at a large fleet takes seconds, and must not be all that the cloud does.
async function again() {
  const begun = performance.now();
  if (!document.hidden) await look();
  setTimeout(again, Math.max(EVERY, 3 * (performance.now() - begun)));
}
again();
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
