"""How does the live view look? One page for dark and light, wide and narrow, that asks for its
state twice in a second and loads nothing from elsewhere.
"""

from __future__ import annotations

import base64
import hashlib

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --back: #f6f8fa; --card: #fff;
  --line: #d1d9e0; --good: #1a7f37; --doubt: #9a6700; --strange: #8250df; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --back: #0d1117;
  --card: #151b23; --line: #3d444d; --good: #3fb950; --doubt: #d29922; --strange: #ab7df8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1100px; padding: 16px; background: var(--back);
  color: var(--ink); font: 16px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.2rem; margin: 0 0 12px; }
h2 { font-size: 1rem; margin: 24px 0 8px; }
main { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
#picture { display: block; width: 100%; min-height: 160px; border-radius: 8px; }
#said { padding: 16px; }
#answer { font-size: 1.8rem; font-weight: 600; line-height: 1.2; }
#doubt { font-weight: 600; min-height: 1.45em; }
.good { color: var(--good); } .unsure { color: var(--doubt); }
.unfamiliar { color: var(--strange); }
.row { margin-top: 8px; }
.row span { float: right; color: var(--soft); padding-left: 8px; }
progress { width: 100%; height: 8px; accent-color: var(--good); }
dl { display: grid; grid-template-columns: auto 1fr; gap: 4px 16px; margin: 16px 0 0; }
dt { color: var(--soft); } dd { margin: 0; text-align: right; }
#uncertain { display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); }
figure { margin: 0; padding: 8px; } figure img { width: 100%; border-radius: 4px; display: block; }
figcaption { font-size: .85rem; margin-top: 4px; }
#late { color: var(--doubt); min-height: 1.45em; margin-top: 8px; }
@media (max-width: 640px) { main { grid-template-columns: minmax(0, 1fr); } }
"""

_SCRIPT = """
const at = id => document.getElementById(id);
const percent = share => Math.round(100 * share) + " %";
const kind = answer => answer.unfamiliar ? "unfamiliar" : answer.unsure ? "unsure" : "good";
const DOUBT = { good: "", unsure: "unsure: it may be another",
                unfamiliar: "not like anything it was taught" };
let shown = 0, kept = "";
function row(label, share) {
  const row = document.createElement("div"), value = document.createElement("span");
  const bar = document.createElement("progress");
  row.className = "row"; value.textContent = percent(share); bar.value = share;
  bar.setAttribute("aria-label", label);
  row.append(value, label, bar);
  return row;
}
function figure(one) {
  const figure = document.createElement("figure"), caption = document.createElement("figcaption");
  const image = new Image(), doubt = document.createElement("div");
  figure.className = "card"; image.src = "uncertain/" + one.number; image.alt = one.answer.frame;
  caption.textContent = one.answer.predicted + " " + percent(one.answer.confidence);
  doubt.className = kind(one.answer); doubt.textContent = kind(one.answer);
  caption.append(doubt); figure.append(image, caption);
  return figure;
}
function show(state) {
  document.title = state.thing + " live"; at("thing").textContent = state.thing;
  at("fps").textContent = state.fps;
  const answer = state.answer;
  at("late").textContent = !answer ? "There was no frame yet."
    : state.age > 10 ? "No new frame for " + Math.round(state.age) + " seconds." : "";
  if (!answer) return;
  at("answer").textContent = answer.predicted; at("sure").textContent = percent(answer.confidence);
  at("doubt").textContent = DOUBT[kind(answer)]; at("doubt").className = kind(answer);
  at("epoch").textContent = answer.epoch; at("frame").textContent = answer.frame;
  const pairs = Object.entries(answer.probabilities).slice(0, 5);
  at("rows").replaceChildren(...pairs.map(pair => row(...pair)));
  if (state.number !== shown) { shown = state.number; at("picture").src = "picture?" + shown; }
  const now = state.uncertain.map(one => one.number).join();
  if (now !== kept) { kept = now; at("uncertain").replaceChildren(...state.uncertain.map(figure)); }
  at("none").hidden = state.uncertain.length > 0;
}
async function look() {
  try {
    const answer = await fetch("state", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.json());
  } catch (error) {
    at("late").textContent = "The camera's agent does not answer.";
  }
  setTimeout(look, 500);
}
look();
"""

PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Live view</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>{_STYLE}</style></head><body>
<h1 id="thing">Live view</h1>
<main>
<div><img id="picture" class="card" alt="the newest picture of this camera">
<div id="late" role="status"></div></div>
<section id="said" class="card">
<div id="answer">…</div><div id="doubt"></div>
<div id="rows"></div>
<dl><dt>Confidence</dt><dd id="sure"></dd><dt>Release (epoch)</dt><dd id="epoch"></dd>
<dt>Frames a second</dt><dd id="fps"></dd><dt>Frame</dt><dd id="frame"></dd></dl>
</section>
</main>
<h2>Last uncertain frames</h2>
<p id="none">None since the agent started.</p>
<div id="uncertain"></div>
<script>{_SCRIPT}</script></body></html>
"""


def _hashed(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


# Of this page only its own style and script run, whatever a label or a file's name holds.
POLICY = (
    f"default-src 'none'; style-src {_hashed(_STYLE)}; script-src {_hashed(_SCRIPT)};"
    " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
