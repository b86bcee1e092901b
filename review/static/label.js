// The pictures of one label: selected by mouse or keys, moved, set aside, and brought back.
import { asked, count, picture } from "./ask.js";
import { Grid } from "./grid.js";
import { canUndo, move, setAside, undo } from "./move.js";

const at = id => document.getElementById(id);
const here = new URLSearchParams(location.search);
const STATES = { train: "training", validation: "validation", test: "test", new: "not looked at yet", rejected: "rejected" };
let busy = false;

async function fetchPage(offset, limit) {
  const query = new URLSearchParams(here);
  query.set("offset", offset);
  query.set("limit", limit);
  query.set("state", at("state").value);
  const found = await asked(`label/pictures?${query}`);
  at("total").textContent = count(found.total, "picture", "pictures");
  at("known").replaceChildren(...found.labels.filter(each => each !== here.get("name")).map(each => new Option(each)));
  for (const option of at("state").options) {
    if (option.value) option.textContent = `${STATES[option.value]} (${(found.counts[option.value] ?? 0).toLocaleString("en")})`;
  }
  at("grid").hidden = !found.total;
  at("none").hidden = Boolean(found.total);
  at("none").textContent = at("state").value ? "None is so." : "There is nothing here.";
  return found;
}

const grid = new Grid(at("grid"), {
  fetchPage,
  changed() {
    const number = grid.selected.size;
    at("selected").textContent = number ? `${number.toLocaleString("en")} selected` : "";
    at("move").disabled = busy || !number;
    if (at("aside")) at("aside").disabled = busy || !number;
    at("undo").disabled = busy || !canUndo();
  },
  open(one) {
    at("large-picture").src = picture(one, "large");
    at("large-name").textContent = one.key;
    at("large-state").textContent = one.reason ?? `It is ${STATES[one.state]}.`;
    at("large").showModal();
  },
  caption: one => one.reason ?? one.key.split("/").pop(),
});

async function during(act) {
  busy = true;
  grid.changed();
  const scroll = at("grid").scrollTop;
  await act();
  busy = false;
  await grid.load();
  at("grid").scrollTop = scroll;
  at("grid").focus({ preventScroll: true });
}

const keys = () => [...grid.selected.keys()];

function name() {
  if (!grid.selected.size) return;
  at("named").value = "";
  at("name").returnValue = "";
  at("name").showModal();
}
at("name").addEventListener("close", () => {
  const label = at("named").value.trim();
  if (at("name").returnValue === "yes" && label) during(() => move(keys(), label));
});
const aside = () => { if (grid.selected.size && at("aside")) during(() => setAside(keys())); };
const back = () => { if (canUndo()) during(undo); };
at("move").addEventListener("click", name);
at("aside")?.addEventListener("click", aside);
at("undo").addEventListener("click", back);
at("all").addEventListener("click", () => grid.all());
at("state").addEventListener("change", () => grid.load());

document.addEventListener("keydown", event => {
  const free = !event.ctrlKey && !event.metaKey && !event.altKey && !busy && !document.querySelector("dialog[open]");
  const act = { m: name, x: aside, u: back }[event.key];
  if (!free || !act || document.activeElement.matches("select, input")) return;
  event.preventDefault();
  act();
});

grid.load();
