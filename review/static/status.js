// What happens: fetched again every few seconds, and shown only where it has changed.
import { ask, asked, complain, gone, say } from "./ask.js";

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

function show(text) {
  shown = text;
  const scene = at("scene");
  const open = [...scene.querySelectorAll("details[open] summary")].map(each => each.textContent);
  const focused = document.activeElement?.dataset?.decide;
  scene.innerHTML = text;  // our own server's, which escapes every name
  scene.removeAttribute("aria-busy");
  for (const each of scene.querySelectorAll("summary")) {
    each.parentElement.open = open.includes(each.textContent);
  }
  if (focused) scene.querySelector(`[data-decide="${focused}"]`)?.focus();
  const now = scene.querySelector("#headline h1").textContent;
  if (headline && now !== headline) say(now);
  headline = now;
}

at("scene").addEventListener("click", event => {
  const button = event.target.closest("[data-decide]");
  if (!button) return;
  const { decide, epoch, means } = button.dataset;
  at("decide-what").textContent = `${button.textContent}?`;
  at("decide-yes").textContent = button.textContent;
  at("decide-means").textContent = means;
  at("decide-why").hidden = !epoch;
  at("note").value = "";
  at("decide").returnValue = "";
  at("decide").showModal();
  at("decide").onclose = () => {
    if (at("decide").returnValue === "yes") send(decide, epoch, at("note").value);
  };
});

async function send(what, epoch, note) {
  say("Telling …");
  try {
    const answer = await asked("decide", { what, epoch: epoch ? Number(epoch) : null, note });
    say(answer.sentence);
  } catch (error) {
    complain(error instanceof TypeError ? gone : error.message);
  }
  look();
}

async function again() {
  if (!document.hidden) await look();
  setTimeout(again, EVERY);
}
again();
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
