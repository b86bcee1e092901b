// The list of labels: folders of label folders may be dropped onto it.
import { dropping } from "./drop.js";

dropping("", () => location.reload());
