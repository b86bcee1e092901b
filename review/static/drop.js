// Pictures and folders that are dropped onto the page, or chosen: they go to the page's server on this
// machine, which says what would be done with them; nothing is uploaded to the bucket before a yes.
import { ask, asked, count, gone, worded } from "./ask.js";

const at = id => document.getElementById(id);
const AT_ONCE = 4, LOOK_EVERY = 400;

// `label`: of all of them, empty where their folders say it. `after()` once some have come.
export function dropping(label, after) {
  const start = files => { if (files.length) new Drop(label, after).begin(files); };
  at("add")?.addEventListener("click", () => at("files").click());
  at("files").addEventListener("change", () => {
    start([...at("files").files].map(file => ({ file, path: file.webkitRelativePath || file.name })));
    at("files").value = "";
  });
  addEventListener("dragover", event => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    at("drop-here").hidden = false;
  });
  addEventListener("dragleave", event => { if (!event.relatedTarget) at("drop-here").hidden = true; });
  addEventListener("drop", async event => {
    event.preventDefault();
    at("drop-here").hidden = true;
    const entries = [...event.dataTransfer.items].map(item => item.webkitGetAsEntry()).filter(Boolean);
    start((await Promise.all(entries.map(entry => walk(entry, "")))).flat());
  });
}

async function walk(entry, folder) {
  const path = folder + entry.name;
  if (entry.isFile) return [{ file: await new Promise((yes, no) => entry.file(yes, no)), path }];
  const reader = entry.createReader(), found = [];
  for (;;) {  // a hundred at a time
    const some = await new Promise((yes, no) => reader.readEntries(yes, no));
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.map(each => walk(each, `${path}/`)))).flat();
}

// What lies with the page's server already, as drop `id`. `closed(begun)` is told whether they are
// being brought in; otherwise they still lie there.
export function bringIn(id, after, closed) {
  new Drop("", after, { id, closed }).begin([]);
}

class Drop {
  constructor(label, after, { id = "", closed = null } = {}) {
    Object.assign(this, { label, after, id, closed, ended: false, begun: false });
  }

  async begin(files) {
    at("drop-plan").replaceChildren();
    at("drop-yes").hidden = at("drop-licence").hidden = true;
    at("licence").value = "own";
    at("drop-no").textContent = "Cancel";
    at("drop").showModal();
    at("drop").onclose = () => this.end();
    at("drop-no").onclick = () => at("drop").close();
    try {
      if (!this.id) {
        this.title(`Looking at ${count(files.length, "file", "files")} …`);
        this.id = (await asked("drops", { label: this.label || null })).id;
        await this.send(files);
      }
      this.title("Looking at the pictures …");
      at("drop-progress").removeAttribute("value");
      this.show(await asked(`drops/${this.id}/plan`, {}));
    } catch (error) {
      this.complain(error);
    }
  }

  async send(files) {
    const waiting = [...files];
    let done = 0;
    const worker = async () => {
      for (let one = waiting.shift(); one && !this.ended; one = waiting.shift()) {
        const address = `drops/${this.id}/file?path=${encodeURIComponent(one.path)}`;
        await ask(address, one.file, "PUT");
        done += 1;
        at("drop-progress").value = done / files.length;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  title(text) { at("drop-what").textContent = text; }

  complain(error) {
    if (this.ended) return;
    this.begun = false;
    this.title("That did not work");
    at("drop-licence").hidden = true;
    at("drop-progress").hidden = true;
    at("drop-plan").replaceChildren(paragraph(error instanceof TypeError ? gone : error.message, "bad"));
    at("drop-no").textContent = "Close";
  }

  show(plan) {
    const number = Object.values(plan.new).reduce((sum, each) => sum + each, 0);
    this.title(number ? `${count(number, "picture", "pictures")} to bring in` : "Nothing to bring in");
    const parts = Object.entries(plan.new).map(([label, each]) => paragraph(`${label}: ${count(each, "new picture", "new pictures")}`));
    if (plan.there) parts.push(paragraph(`${count(plan.there, "is", "are")} there already.`));
    for (const kind of plan.left_out) parts.push(leftOut(kind));
    if (plan.near_duplicates) parts.push(paragraph(`${count(plan.near_duplicates, "new picture is", "new pictures are")} nearly the same as some that are there: they come, and stay on the same side of the test as these.`));
    parts.push(...plan.warnings.map(each => paragraph(each)));
    parts.push(...(plan.missing.length ? plan.missing.map(each => paragraph(each, "soft")) : [paragraph("With them there is enough to train on.", "good")]));
    at("drop-progress").hidden = true;
    at("drop-plan").replaceChildren(...parts);
    at("drop-yes").hidden = !number;
    at("drop-licence").hidden = !number || Boolean(this.closed);  // those that were taken here are one's own
    at("drop-yes").onclick = () => this.carryOut();
    at(number ? "drop-yes" : "drop-no").focus();
  }

  async carryOut() {
    at("drop-no").focus();
    at("drop-yes").hidden = at("drop-licence").hidden = true;
    at("drop-progress").hidden = false;
    at("drop-progress").value = 0;
    this.title("Bringing them in …");
    this.begun = true;
    try {
      await asked(`drops/${this.id}/run`, { licence: at("licence").value });
      for (;;) {
        const told = await asked(`drops/${this.id}`);
        at("drop-progress").value = told.of ? told.done / told.of : 1;
        if (told.ended) {
          this.title(`${count(told.uploaded, "picture is", "pictures are")} in`);
          break;
        }
        await new Promise(later => setTimeout(later, LOOK_EVERY));
      }
      at("drop-progress").hidden = true;
      at("drop-plan").replaceChildren(paragraph("A run begins when no more changes come."));
      at("drop-no").textContent = "Close";
      this.after();
    } catch (error) {
      this.complain(error);
    }
  }

  end() {
    this.ended = true;
    at("drop-progress").hidden = false;
    const stays = this.closed && !this.begun;
    if (this.id && !stays) asked(`drops/${this.id}/forget`, {}).catch(() => {});
    this.closed?.(this.begun);
  }
}

function paragraph(text, kind = "") {
  const made = document.createElement("p");
  made.append(...worded(text));
  made.className = kind;
  return made;
}

function leftOut(kind) {
  const made = document.createElement("details"), summary = document.createElement("summary"), list = document.createElement("ul");
  summary.append(...worded(`Left out: ${count(kind.count, "file", "files")}. ${kind.examples[0].reason}`));
  for (const each of kind.examples) {
    const item = document.createElement("li");
    item.textContent = `${each.path}: ${each.reason}`;
    list.append(item);
  }
  made.append(summary, list);
  return made;
}
