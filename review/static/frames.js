// Uncertain frames, one key each. What a person decides is sent at once and shown as done; until
// the server has said that it is in the bucket, it counts as not saved and is sent again.
import { asked, complain, count, gone, keepingFocus, picture, Refused, say, worded } from "./ask.js";

const at = id => document.getElementById(id);
const AHEAD = 12;      // pictures that are fetched before they are shown
const FEW = 25;        // frames at hand, below which more are asked for
const AT_ONCE = 4;     // decisions on their way
const RECENT = 500;    // decisions, of which some may still be on their way
const AGAIN = 1500;    // milliseconds before what did not arrive is sent again

let queue = [], labels = [], keys = {}, left = 0, current = null;
let asking = false, done = false;
const past = [], skipped = [];
const unsent = [];
let sending = 0;

async function more(fresh = false) {
  if (asking) return;
  asking = true;
  try {
    // What was decided the server knows; what is here, skipped or on its way it must not send again.
    const have = [current, ...queue, ...skipped, ...past.slice(-RECENT).map(each => each.frame)]
      .filter(Boolean).map(frame => frame.id);
    const answer = await asked("frames/next", { have, fresh });
    ({ labels, keys, left } = answer);
    left -= sending + unsent.length;
    done = answer.frames.length === 0;
    queue.push(...answer.frames);
    complain("");
    buttons();
    fetchAhead();
    if (!current) next();
  } catch (error) {
    complain(error instanceof TypeError ? gone : error.message);
  } finally {
    asking = false;
  }
}

function fetchAhead() {
  for (const frame of queue.slice(0, AHEAD)) {
    if (frame.image) continue;
    frame.image = new Image();
    frame.image.src = picture(frame, "large");
  }
}

function next() {
  current = queue.shift() ?? null;
  if (queue.length < FEW && !done) more();
  fetchAhead();
  show();
}

function show() {
  keepingFocus(at("main"), draw, () => current ? at("labels").firstElementChild : at("none").querySelector("button"));
}

function draw() {
  at("desk").hidden = !current;
  at("none").hidden = Boolean(current);
  at("undo").disabled = !past.length;
  at("left").textContent = left > 0 || current ? `${count(Math.max(left, 0), "frame waits", "frames wait")}` : "";
  at("desk").dataset.frame = current?.id ?? "";
  if (!current) return showNone();
  at("picture").src = picture(current, "large");
  at("picture").alt = current.words ? `The camera took it for ${current.words}` : "A frame without an answer";
  at("words").textContent = current.words ? sentence(current.words) : "Its answer cannot be read.";
  at("whence").textContent = `${current.camera}, ${new Date(current.at).toLocaleString()}`;
  at("guesses").replaceChildren(...Object.entries(current.probabilities ?? {}).slice(0, 3).flatMap(bar));
  for (const button of at("labels").children) {
    button.classList.toggle("guess", button.dataset.label === current.predicted);
  }
}

const sentence = words => words[0].toUpperCase() + words.slice(1);

function bar([label, share]) {
  const name = document.createElement("dt"), value = document.createElement("dd");
  const meter = document.createElement("progress");
  name.textContent = label;
  meter.value = share;
  meter.setAttribute("aria-label", label);
  value.append(meter, ` ${Math.round(100 * share)}%`);
  return [name, value];
}

function showNone() {
  const parts = [];
  const words = document.createElement("p");
  words.append(...worded(asking ? "Looking for frames …"
    : skipped.length ? `Nothing else waits; ${count(skipped.length, "frame was", "frames were")} skipped.`
    : past.length ? "That was the last one. The next run learns from them."
    : "No frame waits. Cameras send the frames that they are unsure of where `review_frames_a_day` is above 0."));
  parts.push(words);
  if (skipped.length) {
    parts.push(button("Look at the skipped ones", () => {
      queue.push(...skipped.splice(0));
      next();
    }));
  } else if (!asking) {
    parts.push(button("Look again", () => { done = false; more(true); }));
  }
  if (past.length) parts.push(button("Undo the last one", undo));
  at("none").replaceChildren(...parts);
}

function button(name, act) {
  const made = document.createElement("button");
  made.textContent = name;
  made.addEventListener("click", act);
  return made;
}

function buttons() {
  if (at("labels").dataset.labels === JSON.stringify(labels)) return;
  keepingFocus(at("labels"), drawButtons, () => at("labels").firstElementChild);
}

function drawButtons() {
  at("labels").dataset.labels = JSON.stringify(labels);
  at("labels").replaceChildren(...labels.map(label => {
    const made = button(label, () => give(label));
    made.dataset.label = label;
    if (keys[label]) {
      const key = document.createElement("kbd");
      key.textContent = keys[label];
      made.append(" ", key);
      made.setAttribute("aria-keyshortcuts", keys[label]);
    }
    return made;
  }));
  at("known").replaceChildren(...labels.map(label => new Option(label)));
}

// Decisions

function give(label) {
  if (!current) return;
  const decision = { frame: current, label };
  decision.arrived = new Promise(arrived => { decision.settle = arrived; });
  past.push(decision);
  unsent.push(decision);
  left -= 1;
  if (label && !labels.includes(label)) {
    labels = [...labels, label].sort();
    buttons();
  }
  announce(label ? label : "No label");
  send();
  next();
}

function announce(what) {
  const coming = queue[0];
  say(coming ? `${what}. Next: ${coming.words ?? "a frame without an answer"}` : `${what}.`, false);
}

function send() {
  while (sending < AT_ONCE && unsent.length) deliver(unsent.shift());
  saving();
}

async function deliver(decision) {
  sending += 1;
  try {
    await asked("frames/label", { frame: decision.frame.id, label: decision.label || null });
    decision.settle(true);
    complain("");
  } catch (error) {
    if (error instanceof Refused) {
      past.splice(past.indexOf(decision), 1);
      decision.settle(false);
      complain(error.message);
    } else {
      complain(error instanceof TypeError ? gone : error.message);
      await new Promise(later => setTimeout(later, AGAIN));
      unsent.unshift(decision);
    }
  }
  sending -= 1;
  send();
}

function saving() {
  const waits = sending + unsent.length;
  at("saving").textContent = waits ? ` · saving ${waits}` : past.length ? " · all saved" : "";
  document.body.dataset.unsaved = waits;
}

async function undo() {
  const last = past.pop();
  at("undo").disabled = !past.length;
  if (!last) return;
  if (!(await last.arrived)) return;
  try {
    await asked("frames/undo", { frame: last.frame.id });
  } catch (error) {
    past.push(last);
    complain(error instanceof TypeError ? gone : error.message);
    show();
    return;
  }
  if (current) queue.unshift(current);
  current = last.frame;
  left += 1;
  show();
  say(`Undone: ${last.label || "no label"}`);
}

function skip() {
  if (!current) return;
  skipped.push(current);
  say("Skipped", false);
  next();
}

function name() {
  at("named").value = "";
  at("name").showModal();
}

// As it is sent, and not once the dialog has closed: the next key must find the next frame.
at("name").addEventListener("submit", event => {
  const label = at("named").value.trim();
  if (event.submitter?.value === "yes" && label) give(label);
});
at("new").addEventListener("click", name);
at("skip").addEventListener("click", skip);
at("undo").addEventListener("click", undo);
at("no-label").addEventListener("click", () => give(""));

const COMMANDS = { n: name, s: skip, u: undo, x: () => give("") };

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || at("name").open || !at("keys").checked) return;
  const focused = document.activeElement;
  if (focused?.matches("input[type=text], textarea")) return;
  if (event.key === "Enter") {
    if (focused?.matches("button, a, input") || !current?.predicted) return;
    event.preventDefault();
    give(current.predicted);
    return;
  }
  const label = labels.find(each => keys[each] === event.key);
  const act = label !== undefined ? () => give(label) : COMMANDS[event.key];
  if (!act || event.repeat) return;
  event.preventDefault();
  act();
});

addEventListener("beforeunload", event => {
  if (sending + unsent.length) event.preventDefault();
});

more(true);
