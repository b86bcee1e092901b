// Pictures that this computer's own camera takes onto a label: they lie with the page's server on this
// machine until a person keeps them; then they come in as files that are dropped do.
import { ask, asked, count, gone, worded } from "./ask.js";
import { bringIn } from "./drop.js";

const at = id => document.getElementById(id);
const WIDE = 1280;  // pixels: more than any model looks at
const QUALITY = 0.92;
const ALIKE = "Nearly the same as one that was just taken: not kept. Move the thing, turn it, change the light.";

// What a person can do about a camera that does not come, by the browser's name for it.
const WHY = {
  NotFoundError: "There is no camera at this computer. Plug one in, and try again.",
  NotAllowedError: "The browser does not let this page use the camera. Allow it (beside the address), and try again.",
  NotReadableError: "The camera does not answer, or another program uses it. Close that one, and try again.",
};
const NONE = "This browser has no camera for this page. Open the address that `lensloop review` printed, on this computer.";
const why = error => WHY[error.name] ?? `The camera did not start: ${error.message || error.name}`;

export function taking(label, after) {
  at("take").addEventListener("click", () => new Session(label, after).begin());
}

class Session {
  constructor(label, after) {
    Object.assign(this, { label, after, id: "", shots: new Map(), number: 0, stream: null, busy: false, ended: false, warned: false });
  }

  begin() {
    at("shots").replaceChildren();
    at("still").hidden = true;
    at("shoot").onclick = at("live").onclick = () => this.take();
    at("again").onclick = () => this.start();
    at("keep").onclick = () => this.keep();
    at("webcam-no").onclick = () => this.leave();
    at("webcam").oncancel = event => { event.preventDefault(); this.leave(); };
    at("webcam").onkeydown = event => {
      if (event.key !== " " || event.target.matches("button")) return;  // a button is pressed by it anyway
      event.preventDefault();
      if (!event.repeat) this.take();
    };
    at("webcam").onclose = () => this.end();
    at("webcam").showModal();
    this.counted();
    this.start();
  }

  async start() {
    at("again").hidden = true;
    this.say("Starting the camera …");
    try {
      if (!navigator.mediaDevices) throw Object.assign(new Error(NONE), { name: "none" });
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: WIDE } }, audio: false });
      if (this.ended) return stop(stream);
      this.stream = stream;
      stream.getVideoTracks()[0].onended = () => this.lost("The camera is gone. Plug it in, and try again.");
      at("live").srcObject = stream;
      at("live").hidden = false;
      await at("live").play();
    } catch (error) {
      this.lost(error.name === "none" ? NONE : why(error));
      return;
    }
    try {
      if (!this.id) await this.open();
      this.say("Each picture another place, angle or light; what is nearly the same is left out.");
      at("shoot").disabled = false;
      at("shoot").focus();
    } catch (error) {
      this.lost(words(error));
    }
  }

  async open() {
    this.id = (await asked("drops", { label: this.label })).id;
    if (this.ended) this.forget();
    else this.missing((await asked(`drops/${this.id}/missing`)).missing);
  }

  async take() {
    if (this.busy || at("shoot").disabled) return;
    this.busy = true;
    this.warned = false;
    try {
      const blob = await this.frame(), name = `taken-${Date.now()}-${this.number + 1}.jpg`;
      const told = await (await ask(`drops/${this.id}/shot?path=${name}`, blob, "PUT")).json();
      if (this.ended) return;
      if (told.kept) this.add(name, blob);
      this.say(told.kept ? `Picture ${this.number} is taken.` : ALIKE);
      this.missing(told.missing);
    } catch (error) {
      this.say(words(error));
    } finally {
      this.busy = false;
    }
  }

  frame() {
    const canvas = document.createElement("canvas"), live = at("live");
    Object.assign(canvas, { width: live.videoWidth, height: live.videoHeight });
    canvas.getContext("2d").drawImage(live, 0, 0);
    return new Promise(yes => canvas.toBlob(yes, "image/jpeg", QUALITY));
  }

  add(name, blob) {
    this.number += 1;
    const item = document.createElement("li"), image = new Image(), drop = document.createElement("button");
    image.src = URL.createObjectURL(blob);
    image.alt = `picture ${this.number}`;
    drop.textContent = "Drop";
    drop.setAttribute("aria-label", `Drop picture ${this.number}`);
    drop.onclick = () => this.drop(name, item);
    item.append(image, drop);
    at("shots").prepend(item);
    this.shots.set(name, image.src);
    this.counted();
  }

  async drop(name, item) {
    try {
      const told = await asked(`drops/${this.id}/take-out`, { path: name });
      URL.revokeObjectURL(this.shots.get(name));
      this.shots.delete(name);
      item.remove();
      this.counted();
      this.missing(told.missing);
      this.say("It is dropped.");
      at("shoot").focus();
    } catch (error) {
      this.say(words(error));
    }
  }

  keep() {
    bringIn(this.id, this.after, begun => {
      if (begun) {
        this.id = "";  // it is forgotten there
        at("webcam").close();
      } else {
        at("shoot").focus();
      }
    });
  }

  counted() {
    const number = this.shots.size;
    at("keep").disabled = !number;
    at("keep").textContent = `Keep ${count(number, "picture", "pictures")}`;
  }

  missing(sentences) {
    at("still").hidden = !sentences.length;
    at("missing").replaceChildren(...sentences.map(each => {
      const item = document.createElement("li");
      item.append(...worded(each));
      return item;
    }));
  }

  say(sentence) { at("webcam-said").replaceChildren(...worded(sentence)); }

  lost(sentence) {
    stop(this.stream);
    this.stream = null;
    at("live").hidden = true;
    at("shoot").disabled = true;
    at("again").hidden = false;
    this.say(sentence);
  }

  // What was taken and not kept is not lost by one key.
  leave() {
    if (!this.shots.size || this.warned) return at("webcam").close();
    this.warned = true;
    this.say(`${count(this.shots.size, "picture is", "pictures are")} not kept yet. Close once more drops them.`);
  }

  end() {
    this.ended = true;
    stop(this.stream);
    at("live").srcObject = null;
    at("live").hidden = true;
    at("shoot").disabled = true;
    for (const address of this.shots.values()) URL.revokeObjectURL(address);
    this.forget();
  }

  forget() {
    if (this.id) asked(`drops/${this.id}/forget`, {}).catch(() => {});
    this.id = "";
  }
}

function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function words(error) { return error instanceof TypeError ? gone : error.message; }
