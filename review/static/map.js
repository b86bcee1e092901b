// The map: points on a canvas, selected by drawing around them, and their pictures in a grid.
import { count, picture, say } from "./ask.js";
import { got, offer, selecting } from "./select.js";

const at = id => document.getElementById(id);
const SIZE = 10000, NEAR = 8, STEP = 0.2;  // of what is in sight
const SLIP = 6;  // pixels that a finger moves when it only touches
// Told apart on light and dark, also by who sees few colours; more labels begin anew.
const COLOURS = ["#3b7ddd", "#d9691f", "#2fa36b", "#c455b8", "#a98700", "#0095a6", "#d94a57", "#7d6be0", "#8a8f3a", "#8c7468"];

let map = null, chosen = [], view = { x: 0, y: 0, zoom: 1 }, path = null, dragged = null, slid = false, drawing = false;
const fingers = new Map();  // where the pointers are that are down now, by their number

const canvas = at("map"), draw2d = canvas.getContext("2d");
const one = index => ({ key: map.key[index], etag: map.etag[index], state: map.splits[map.split[index]] });
const grid = selecting({
  fetchPage: async (offset, limit) => ({ total: chosen.length, pictures: chosen.slice(offset, offset + limit).map(one) }),
  after: async done => {
    const moved = new Set(done.map(each => each.source));
    chosen = chosen.filter(index => !moved.has(map.key[index]));
    for (let index = 0; index < map.key.length; index += 1) map.gone[index] ||= moved.has(map.key[index]);
    for (const each of done) {  // what came back has its point again
      const index = map.key.indexOf(each.target);
      if (index >= 0) map.gone[index] = false;
    }
    paint();
    await choose(chosen);
  },
  none: () => count(chosen.length, "picture", "pictures"),
});

async function load() {
  map = await got("map/points");
  if (!map) return;
  map.gone = map.key.map(() => false);
  const number = map.key.length;
  at("total").textContent = number ? `${count(number, "picture", "pictures")}${map.without ? `; of ${map.without.toLocaleString("en")} more the training kept nothing` : ""}` : "";
  at("all").hidden = !number;
  at("none").hidden = Boolean(number);
  at("none").textContent = "There is no map yet. The training keeps what it saw of each picture, where the algorithm is `head` or `finetune`; after the first run there is one.";
  if (!number) return;
  offer(map.labels);
  canvas.setAttribute("aria-label", `Map of ${count(number, "picture", "pictures")} of ${count(map.labels.length, "label", "labels")}`);
  legend();
  paint();
}

const by = () => at("by").value;
const colour = index => COLOURS[map[by()][index] % COLOURS.length];

function legend() {
  const names = by() === "label" ? map.labels : map.splits;
  at("legend").replaceChildren(...names.map((name, number) => {
    const button = document.createElement("button"), key = document.createElement("span");
    key.className = "dot";
    key.style.background = COLOURS[number % COLOURS.length];
    button.append(key, name);
    button.addEventListener("click", () => choose(places(index => map[by()][index] === number)));
    return button;
  }));
}

function places(fits) {
  const found = [];
  for (let index = 0; index < map.key.length; index += 1) if (!map.gone[index] && fits(index)) found.push(index);
  return found;
}

async function choose(found) {
  chosen = found;
  at("chosen").hidden = !found.length;
  await grid.load();
  paint();
}

// Drawing

function edge() { return { width: canvas.clientWidth, height: canvas.clientHeight }; }

function place(index) {
  const { width, height } = edge();
  return [
    (map.x[index] / SIZE - view.x) * view.zoom * (width - 24) + 12,
    (map.y[index] / SIZE - view.y) * view.zoom * (height - 24) + 12,
  ];
}

function paint() {
  const { width, height } = edge(), ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  draw2d.setTransform(ratio, 0, 0, ratio, 0, 0);
  draw2d.clearRect(0, 0, width, height);
  const inside = new Set(chosen), side = map.key.length > 20000 ? 2 : map.key.length > 2000 ? 4 : 7;
  draw2d.globalAlpha = chosen.length ? 0.25 : 0.8;
  for (let index = 0; index < map.key.length; index += 1) {
    if (!map.gone[index] && !inside.has(index)) dot(index, side);
  }
  for (const index of map.odd) if (!map.gone[index] && !inside.has(index)) dot(index, side + 1);
  draw2d.globalAlpha = 1;
  for (const index of chosen) dot(index, side + 2);
  if (path) lasso();
}

function dot(index, side) {
  const [x, y] = place(index);
  draw2d.fillStyle = colour(index);
  draw2d.fillRect(x - side / 2, y - side / 2, side, side);
}

function lasso() {
  draw2d.beginPath();
  path.forEach(([x, y], step) => step ? draw2d.lineTo(x, y) : draw2d.moveTo(x, y));
  draw2d.closePath();
  draw2d.strokeStyle = getComputedStyle(canvas).color;
  draw2d.setLineDash([5, 4]);
  draw2d.lineWidth = 1.5;
  draw2d.stroke();
  draw2d.setLineDash([]);
}

function isInside([x, y], path) {
  let inside = false;
  for (let step = 0, before = path.length - 1; step < path.length; before = step, step += 1) {
    const [ax, ay] = path[step], [bx, by] = path[before];
    if ((ay > y) !== (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

// Moving about

function zoom(factor, [x, y] = [edge().width / 2, edge().height / 2]) {
  const { width, height } = edge(), before = view.zoom;
  view.zoom = Math.min(60, Math.max(1, before * factor));
  view.x += (x - 12) / (width - 24) * (1 / before - 1 / view.zoom);
  view.y += (y - 12) / (height - 24) * (1 / before - 1 / view.zoom);
  keepIn();
}

function keepIn() {
  const most = 1 - 1 / view.zoom;
  view.x = Math.min(most, Math.max(0, view.x));
  view.y = Math.min(most, Math.max(0, view.y));
  paint();
}

canvas.addEventListener("wheel", event => {
  event.preventDefault();
  zoom(event.deltaY < 0 ? 1.25 : 0.8, [event.offsetX, event.offsetY]);
}, { passive: false });

canvas.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = STEP / view.zoom;
  const act = {
    ArrowLeft: () => { view.x -= step; }, ArrowRight: () => { view.x += step; },
    ArrowUp: () => { view.y -= step; }, ArrowDown: () => { view.y += step; },
    "+": () => zoom(1.6), "-": () => zoom(1 / 1.6),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
  keepIn();
});

// A mouse draws, and moves the map with Shift. One finger draws too, and moves a map that is larger than
// its frame unless the button says that it shall draw; two make it larger and smaller.
const where = event => [event.offsetX, event.offsetY];
const isMoving = event => event.shiftKey || (event.pointerType === "touch" && view.zoom > 1 && !drawing);

canvas.addEventListener("pointerdown", event => {
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, where(event));
  slid = fingers.size > 1;
  path = dragged = null;
  if (fingers.size > 1) paint();  // without what one finger has begun to draw
  else if (isMoving(event)) dragged = where(event);
  else path = [where(event)];
});

canvas.addEventListener("pointermove", event => {
  const here = where(event);
  if (fingers.has(event.pointerId) && fingers.size === 2) pinch(event.pointerId, here);
  else if (dragged && (slid || apart(here, dragged) > SLIP)) {
    slid = true;
    slide(dragged, here);
    dragged = here;
  } else if (path) {
    path.push(here);
    paint();
  } else if (!fingers.size) near(here, event);
});

function slide(from, to) {
  const { width, height } = edge();
  view.x -= (to[0] - from[0]) / (width - 24) / view.zoom;
  view.y -= (to[1] - from[1]) / (height - 24) / view.zoom;
  keepIn();
}

// What was between the two fingers stays between them.
function pinch(pointer, here) {
  const before = [...fingers.values()];
  fingers.set(pointer, here);
  const after = [...fingers.values()];
  slide(middle(before), middle(after));
  zoom(apart(...after) / Math.max(1, apart(...before)), middle(after));
}

const apart = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);
const middle = ([[ax, ay], [bx, by]]) => [(ax + bx) / 2, (ay + by) / 2];

canvas.addEventListener("pointerup", event => {
  const drawn = path, touched = !slid && event.pointerType === "touch" ? dragged : null;
  lifted(event);
  if (drawn && drawn.length > 4) {
    const found = places(index => isInside(place(index), drawn));
    choose(found);
  } else if (drawn || touched) {
    const index = nearest(drawn?.[0] ?? touched);
    choose(index === null ? [] : [index]);
  }
});
canvas.addEventListener("pointercancel", event => { lifted(event); paint(); });

function lifted(event) {
  fingers.delete(event.pointerId);
  path = null;
  const [left] = fingers.values();
  dragged = left && view.zoom > 1 ? left : null;  // of two fingers the other goes on
}

function nearest([x, y]) {
  let best = null, least = NEAR * NEAR;
  for (let index = 0; index < map.key.length; index += 1) {
    if (map.gone[index]) continue;
    const [px, py] = place(index), distance = (px - x) ** 2 + (py - y) ** 2;
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

function near(here, event) {
  const index = map && nearest(here), shown = at("near");
  shown.hidden = index === null;
  if (index === null) return;
  shown.src = picture(one(index), "small");
  shown.style.left = `${Math.min(event.clientX + 14, innerWidth - 150)}px`;
  shown.style.top = `${Math.min(event.clientY + 14, innerHeight - 150)}px`;
}
canvas.addEventListener("pointerleave", () => { at("near").hidden = true; });

at("in").addEventListener("click", () => zoom(1.6));
at("out").addEventListener("click", () => zoom(1 / 1.6));
at("whole").addEventListener("click", () => { view = { x: 0, y: 0, zoom: 1 }; paint(); });
at("draw").addEventListener("click", () => {
  drawing = !drawing;
  at("draw").setAttribute("aria-pressed", drawing);
});
at("odd").addEventListener("click", () => {
  const found = map.odd.filter(index => !map.gone[index]);
  if (!found.length) say("Each picture lies nearest to the middle of its own label.");
  choose(found);
});
at("by").addEventListener("change", () => { legend(); paint(); });
new ResizeObserver(() => { if (map?.key.length) paint(); }).observe(canvas);

load();
