// Moving pictures to another label, aside, and back again.
import { asked, complain, count, gone, say } from "./ask.js";

const CHUNK = 100;  // pictures a request: some seconds on AWS
const past = [];

export const canUndo = () => past.length > 0;

// Gives the keys that are not where they were any more.
async function inChunks(all, path, body, words) {
  const done = [], failed = [];
  try {
    for (let start = 0; start < all.length; start += CHUNK) {
      if (all.length > CHUNK) say(`${words}: ${start.toLocaleString("en")} of ${all.length.toLocaleString("en")}`);
      const answer = await asked(path, body(all.slice(start, start + CHUNK)));
      done.push(...answer.done);
      failed.push(...answer.failed);
    }
    complain(failed.length ? `${failed[0]}${failed.length > 1 ? ` And ${failed.length - 1} more.` : ""}` : "");
  } catch (error) {
    complain(error instanceof TypeError ? gone : error.message);
  }
  return done;
}

export async function move(keys, label) {
  const done = await inChunks(keys, "pictures/move", part => ({ keys: part, label }), "Moving");
  if (done.length) past.push(done);
  say(`${count(done.length, "picture", "pictures")} moved to ${label}`);
  return done;
}

export async function setAside(keys) {
  const done = await inChunks(keys, "pictures/set-aside", part => ({ keys: part }), "Setting aside");
  if (done.length) past.push(done);
  say(`${count(done.length, "picture", "pictures")} set aside`);
  return done;
}

export async function undo() {
  const last = past.pop();
  if (!last) return [];
  const done = await inChunks(last, "pictures/back", part => ({ moves: part }), "Moving back");
  say(`${count(done.length, "picture is", "pictures are")} back`);
  return done;
}
