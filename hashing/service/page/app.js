// The page begins here: its words, its parts, then what the address asks for.

import * as conductor from "./conductor.js";
import "./parts/bar.js";
import "./parts/detail.js";
import "./parts/drop.js";
import "./parts/duplicates.js";
import "./parts/facets.js";
import "./parts/head.js";
import "./parts/line.js";
import "./parts/map.js";
import "./parts/message.js";
import "./parts/nearness.js";
import "./parts/query.js";
import "./parts/slides.js";
import "./parts/taste.js";
import "./parts/wall.js";
import "./parts/why.js";
import "./parts/zoom.js";
import "./controls.js";
import { speak } from "./words.js";

const { language, words, index = null, ...first } = JSON.parse(document.getElementById("first")?.textContent ?? "{}");
speak(language, words);
conductor.start(index, first.page ? first : null);
