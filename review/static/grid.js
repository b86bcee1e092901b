// A grid of any number of pictures: only those in sight are in the page, and their list is fetched
// as a person comes to it.
import { complain, gone, picture } from "./ask.js";

const WIDE = 132, NARROW = 104, GAP = 8, CAPTION = 22, PAGE = 500, BEYOND = 2;

// `fetchPage(offset, limit)` gives {total, pictures}; `changed()` is told of another selection;
// `open(one)` of one to be shown large; `caption(one)` says what stands below it.
export class Grid {
  constructor(box, { fetchPage, changed, open, caption }) {
    Object.assign(this, { box, fetchPage, changed, open, caption });
    this.inner = document.createElement("div");
    this.inner.className = "cells";
    this.inner.role = "presentation";
    box.replaceChildren(this.inner);
    this.selected = new Map();
    this.forget();
    new ResizeObserver(() => this.draw()).observe(box);
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    box.addEventListener("keydown", event => this.key(event));
    box.addEventListener("click", event => this.click(event));
    box.addEventListener("dblclick", () => this.openActive());
    box.addEventListener("focus", () => { if (this.active < 0 && this.total) this.go(0); });
  }

  forget() {
    this.pages = new Map();
    this.asked = new Set();
    this.cells = new Map();
    this.inner.replaceChildren();
    this.total = 0;
    this.active = -1;
    this.anchor = -1;
    this.selected.clear();
  }

  async load() {
    this.forget();
    await this.page(0);
    this.draw();
    this.changed();
  }

  async page(number) {
    if (this.asked.has(number)) return;
    this.asked.add(number);
    try {
      const { total, pictures } = await this.fetchPage(number * PAGE, PAGE);
      this.total = total;
      this.pages.set(number, pictures);
      this.draw();
    } catch (error) {
      this.asked.delete(number);
      complain(error instanceof TypeError ? gone : error.message);
    }
  }

  at(index) { return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE]; }

  get columns() {
    const width = this.box.clientWidth, cell = width < 500 ? NARROW : WIDE;
    return Math.max(1, Math.floor((width - GAP) / (cell + GAP)));
  }

  draw() {
    const { columns } = this, width = (this.box.clientWidth - GAP) / columns, row = width + CAPTION;
    this.inner.style.height = `${Math.ceil(this.total / columns) * row + GAP}px`;
    const first = Math.max(0, Math.floor(this.box.scrollTop / row) - BEYOND) * columns;
    const rows = Math.ceil(this.box.clientHeight / row) + 2 * BEYOND + 1;
    const last = Math.min(this.total, first + rows * columns);
    for (const [index, cell] of this.cells) {
      if (index < first || index >= last) {
        cell.remove();
        this.cells.delete(index);
      }
    }
    for (let index = first; index < last; index += 1) this.cell(index, columns, width, row);
  }

  cell(index, columns, width, row) {
    const one = this.at(index);
    if (!one) {
      this.page(Math.floor(index / PAGE));
      return;
    }
    let cell = this.cells.get(index);
    if (!cell) {
      cell = this.made(one, index);
      this.cells.set(index, cell);
      this.inner.append(cell);
    }
    cell.style.width = `${width - GAP}px`;
    cell.style.transform = `translate(${GAP + index % columns * width}px, ${GAP + Math.floor(index / columns) * row}px)`;
    cell.setAttribute("aria-selected", this.selected.has(one.key));
    cell.classList.toggle("active", index === this.active);
    cell.setAttribute("aria-setsize", this.total);
  }

  made(one, index) {
    const cell = document.createElement("div"), image = new Image(), words = document.createElement("span");
    cell.role = "option";
    cell.id = `picture-${index}`;
    cell.dataset.index = index;
    cell.setAttribute("aria-posinset", index + 1);
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = "";
    image.src = picture(one, "small");
    image.addEventListener("error", () => cell.classList.add("broken"));
    words.textContent = this.caption(one);
    cell.title = [one.key, one.reason].filter(Boolean).join("\n");
    cell.classList.toggle("rejected", one.state === "rejected");
    cell.append(image, words);
    return cell;
  }

  go(index, extend = false) {
    this.active = Math.max(0, Math.min(this.total - 1, index));
    if (!extend || this.anchor < 0) this.anchor = this.active;
    const { columns } = this, row = (this.box.clientWidth - GAP) / columns + CAPTION;
    const top = Math.floor(this.active / columns) * row;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    const below = top + row + GAP - this.box.clientHeight;
    if (below > this.box.scrollTop) this.box.scrollTop = below;
    if (extend) this.range();
    this.draw();
    this.box.setAttribute("aria-activedescendant", `picture-${this.active}`);
  }

  range() {
    const [from, to] = [this.anchor, this.active].sort((one, other) => one - other);
    for (let index = from; index <= to; index += 1) this.put(index, true);
    this.changed();
  }

  put(index, wanted) {
    const one = this.at(index);
    if (one && wanted) this.selected.set(one.key, one);
    else if (one) this.selected.delete(one.key);
  }

  toggle(index) {
    this.put(index, !this.selected.has(this.at(index)?.key));
    this.draw();
    this.changed();
  }

  click(event) {
    const cell = event.target.closest("[data-index]");
    if (!cell) return;
    const index = Number(cell.dataset.index);
    this.go(index, event.shiftKey);
    if (!event.shiftKey) this.toggle(index);
  }

  openActive() {
    const one = this.at(this.active);
    if (one) this.open(one);
  }

  async all() {
    for (let number = 0; number * PAGE < this.total; number += 1) await this.page(number);
    for (let index = 0; index < this.total; index += 1) this.put(index, true);
    this.draw();
    this.changed();
  }

  none() {
    this.selected.clear();
    this.draw();
    this.changed();
  }

  key(event) {
    const { columns } = this, rows = Math.max(1, Math.floor(this.box.clientHeight / (WIDE + CAPTION)));
    const steps = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns,
      PageUp: -rows * columns, PageDown: rows * columns, Home: -Infinity, End: Infinity,
    };
    const acts = {
      " ": () => this.toggle(this.active), Enter: () => this.openActive(), Escape: () => this.none(),
    };
    if ((event.ctrlKey || event.metaKey) && event.key === "a") this.all();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key in steps) this.go(this.active + steps[event.key], event.shiftKey);
    else if (event.key in acts) acts[event.key]();
    else return;
    event.preventDefault();
  }
}
