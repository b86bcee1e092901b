// Labels to check, one after the other: it is right, or the picture goes to another label.
import { asked, complain, count, gone, keepingFocus, picture, say } from "./ask.js";
import { move as moveTo, undo as moveBack } from "./move.js";

const at = id => document.getElementById(id);
let queue = [], labels = [], keys = {}, left = 0, current = null, busy = false;
const past = [], skipped = [], seen = new Set();

async function more() {
  try {
    const answer = await asked(`check/next?offset=${skipped.length}`);
    ({ labels, keys, left } = answer);
    left -= skipped.length;
    for (const one of answer.pictures) {
      if (!seen.has(one.key)) queue.push(one);
      seen.add(one.key);
    }
    keepingFocus(at("labels"), buttons, () => at("right"));
    next();
  } catch (error) {
    complain(error instanceof TypeError ? gone : error.message);
  }
}

function next() {
  current = queue.shift() ?? null;
  const coming = queue[0];
  if (coming) new Image().src = picture(coming, "large");
  show();
}

const share = value => `${Math.round(100 * value)}%`;

function show() {
  keepingFocus(at("main"), draw, () => current ? at("right") : at("main"));
}

function draw() {
  at("desk").hidden = !current;
  at("none").hidden = Boolean(current);
  at("undo").disabled = !past.length;
  at("left").textContent = current ? count(Math.max(left, 1), "label to check", "labels to check") : "";
  if (!current) {
    at("none").textContent = skipped.length ? `Nothing else; ${count(skipped.length, "was", "were")} skipped. Load the page again to see them.`
      : "No label to check. The training of the next run lists those that it doubts.";
    return;
  }
  at("picture").src = picture(current, "large");
  at("picture").alt = current.key;
  at("words").textContent = `It lies under ${current.label} (${share(current.label_probability)}), and looks like ${current.predicted} (${share(current.probability)})`;
  at("whence").textContent = current.key;
  for (const button of at("labels").children) {
    button.hidden = [current.label, current.predicted].includes(button.dataset.label);
  }
  named(at("right"), `It is ${current.label}`, "r");
  named(at("move"), `Move to ${current.predicted}`, "m");
}

function named(button, words, key) {
  const mark = document.createElement("kbd");
  mark.textContent = key;
  button.replaceChildren(words, " ", mark);
}

function buttons() {
  at("labels").replaceChildren(...labels.map(label => {
    const made = document.createElement("button");
    named(made, label, keys[label] ?? "");
    if (!keys[label]) made.lastChild.remove();
    made.dataset.label = label;
    made.addEventListener("click", () => move(label));
    return made;
  }));
}

async function during(act) {
  if (busy || !current) return;
  busy = true;
  at("saving").textContent = " · saving";
  try {
    await act(current);
    complain("");
  } catch (error) {
    complain(error instanceof TypeError ? gone : error.message);
  } finally {
    busy = false;
    at("saving").textContent = "";
  }
}

const says = (one, right) => asked("check/right", { sha256: one.sha256, label: one.label, right });

const right = () => during(async one => {
  await says(one, true);
  past.push({ one, back: () => says(one, false) });
  left -= 1;
  say(`${one.label} is right`);
  after();
});

const move = label => label === current?.label ? right() : during(async one => {
  const done = await moveTo([one.key], label);
  if (!done.length) return;
  past.push({ one, back: moveBack });
  left -= 1;
  after();
});

function after() {
  if (queue.length) next();
  else more();
}

async function undo() {
  const last = past.pop();
  if (!last || busy) return;
  try {
    await last.back();
  } catch (error) {
    past.push(last);
    complain(error instanceof TypeError ? gone : error.message);
    return;
  }
  if (current) queue.unshift(current);
  current = last.one;
  left += 1;
  show();
}

function skip() {
  if (!current) return;
  skipped.push(current);
  left -= 1;
  after();
}

at("right").addEventListener("click", right);
at("move").addEventListener("click", () => move(current.predicted));
at("skip").addEventListener("click", skip);
at("undo").addEventListener("click", undo);

// The letters of these commands give no label here, so that none has two meanings.
const COMMANDS = { r: right, m: () => move(current?.predicted), s: skip, u: undo };

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !at("keys").checked) return;
  const label = labels.find(each => keys[each] === event.key);
  const act = COMMANDS[event.key] ?? (label === undefined ? null : () => move(label));
  if (!act) return;
  event.preventDefault();
  act();
});

more();
