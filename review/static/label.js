// The pictures of one label.
import { asked, count } from "./ask.js";
import { dropping } from "./drop.js";
import { offer, selecting, STATES } from "./select.js";
import { taking } from "./webcam.js";

const at = id => document.getElementById(id);
const here = new URLSearchParams(location.search);

async function fetchPage(offset, limit) {
  const query = new URLSearchParams(here);
  query.set("offset", offset);
  query.set("limit", limit);
  query.set("state", at("state").value);
  const found = await asked(`label/pictures?${query}`);
  at("total").textContent = count(found.total, "picture", "pictures");
  offer(found.labels.filter(each => each !== here.get("name")));
  for (const option of at("state").options) {
    if (option.value) option.textContent = `${STATES[option.value]} (${(found.counts[option.value] ?? 0).toLocaleString("en")})`;
  }
  at("grid").hidden = !found.total;
  at("none").hidden = Boolean(found.total);
  at("none").textContent = at("state").value ? "None is so." : "There is nothing here.";
  return found;
}

const grid = selecting({ fetchPage, after: () => grid.load() });
at("state").addEventListener("change", () => grid.load());
grid.load();
if (here.get("name")) {
  dropping(here.get("name"), () => grid.load());
  taking(here.get("name"), () => grid.load());
}
