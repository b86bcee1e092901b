// What is done with pictures that are selected in a grid: the same on each screen that has one.
import { asked, complain, gone, picture, worded } from "./ask.js";
import { Grid } from "./grid.js";
import { canUndo, move, setAside, undo } from "./move.js";

const at = id => document.getElementById(id);
const SENTENCES = {
  train: "It is one that the model learns from.", validation: "It is one that the training is steered by.",
  test: "It is one that each model is tested with.", new: "No run has looked at it yet.",
};
export const STATES = {
  train: "training", validation: "validation", test: "test", new: "not looked at yet", rejected: "rejected",
};

// `fetchPage` as Grid wants it; `after(done)` shows what is there once pictures were moved;
// `none()` says what stands where nothing is selected.
export function selecting({ fetchPage, after, none = () => "" }) {
  let busy = false;
  const grid = new Grid(at("grid"), {
    fetchPage,
    changed() {
      const number = grid.selected.size;
      at("selected").textContent = number ? `${number.toLocaleString("en")} selected` : none();
      at("move").disabled = busy || !number;
      if (at("aside")) at("aside").disabled = busy || !number;
      at("undo").disabled = busy || !canUndo();
    },
    open(one) {
      at("large-picture").src = picture(one, "large");
      at("large-picture").alt = one.key;
      at("large-name").textContent = one.key;
      at("large-state").replaceChildren(...worded(one.reason ?? SENTENCES[one.state]));
      at("large").showModal();
    },
    caption: one => one.reason ?? one.key.split("/").slice(-1)[0],
  });

  async function during(act) {
    busy = true;
    grid.changed();
    const scroll = at("grid").scrollTop;
    const done = await act();
    busy = false;
    await after(done);
    at("grid").scrollTop = scroll;
    if (at("grid").checkVisibility()) at("grid").focus({ preventScroll: true });
    else at("main").focus();  // all are gone
  }

  const keys = () => [...grid.selected.keys()];
  const name = () => {
    if (!grid.selected.size) return;
    at("named").value = "";
    at("name").showModal();
  };
  const aside = () => { if (grid.selected.size && at("aside")) during(() => setAside(keys())); };
  const back = () => { if (canUndo()) during(undo); };

  at("name").addEventListener("submit", event => {
    const label = at("named").value.trim();
    if (event.submitter?.value === "yes" && label) during(() => move(keys(), label));
  });
  at("move").addEventListener("click", name);
  at("aside")?.addEventListener("click", aside);
  at("undo").addEventListener("click", back);
  at("every").addEventListener("click", () => grid.all());
  document.addEventListener("keydown", event => {
    const free = !event.ctrlKey && !event.metaKey && !event.altKey && !busy && !document.querySelector("dialog[open]");
    const act = { m: name, x: aside, u: back }[event.key];
    if (!free || !act || document.activeElement.matches("select, input")) return;
    event.preventDefault();
    act();
  });
  return grid;
}

export function offer(labels) {
  at("known").replaceChildren(...labels.map(each => new Option(each)));
}

export async function got(path) {
  try {
    return await asked(path);
  } catch (error) {
    complain(error instanceof TypeError ? gone : error.message);
    return null;
  }
}
