// What a search result says of a page: the passage that holds most of the words, in whole words.
//
// Sphinx cuts 240 characters out of all text of a page, where a button, a picture and a session are
// text too.  Here it is a paragraph, else a cell of a table, else a line of code; where an index entry
// leads to an anchor, the nearest one behind it.
//
// Each passage costs a page, and a common word is on a hundred: only the first results have one.
//
// Tested by tests/in_browser/test_site.py.
"use strict";

const LENGTH = 240;
const WITH_PASSAGE = 20;
const PASSAGES = ["p, dd", "td", "pre"];
const NO_TEXT = ".headerlink, .run, .conversation, .last-run, .example-where";

const plainly = (text) => text.replace(/\s+/g, " ").trim();

// The section to which the result leads, from there on; the whole page without an anchor.
function partOf(main, anchor) {
  const target = anchor && main.ownerDocument.getElementById(decodeURIComponent(anchor.slice(1)));
  if (!target) return () => true;
  const section = target.closest("section");
  return (passage) => passage.contains(target) || (section?.contains(passage) &&
    Boolean(target.compareDocumentPosition(passage) & Node.DOCUMENT_POSITION_FOLLOWING));
}

// The title of the section that an index entry leads to: the page's own may not have the word.
function headingOf(page, anchor) {
  const section = anchor?.startsWith("#index-") && page.getElementById(anchor.slice(1))?.closest("section");
  const heading = section && section.querySelector(":scope > :is(h2, h3, h4)");
  return heading ? plainly(heading.textContent) : "";
}

// The passage that holds most of the words; prose before tables where it is as many, code where neither
// holds any.
function best(main, words, belongs) {
  let found = null;
  let most = -1;
  for (const kind of PASSAGES) {
    if (kind === "pre" && most > 0) break;
    for (const passage of main.querySelectorAll(kind)) {
      if (!belongs(passage)) continue;
      const text = plainly(passage.textContent);
      if (text.length < 20) continue;
      const lower = text.toLowerCase();
      const held = words.filter((word) => lower.includes(word)).length;
      if (held > most) [found, most] = [text, held];
    }
  }
  return found;
}

// The part of the passage around the first word, from one space to another.
function cut(text, words, length) {
  if (text.length <= length) return text;
  const lower = text.toLowerCase();
  const first = Math.min(...words.map((word) => lower.indexOf(word)).filter((at) => at >= 0), text.length);
  let from = first === text.length || first < length * 0.8 ? 0 : text.lastIndexOf(" ", first - length / 3) + 1;
  from = Math.max(0, from);
  const end = from + length >= text.length ? text.length : text.lastIndexOf(" ", from + length);
  return (from ? "… " : "") + text.slice(from, end) + (end < text.length ? " …" : "");
}

let shown = 0;

if (typeof Search !== "undefined") {
  const ask = Search.query;
  Search.query = (query) => {
    shown = 0;
    ask(query);
  };
  // Sphinx asks for each result that it shows whether to fetch its page.
  Object.defineProperty(DOCUMENTATION_OPTIONS, "SHOW_SEARCH_SUMMARY", { get: () => shown++ < WITH_PASSAGE });
  Search.makeSearchSummary = (html, keywords, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const main = page.querySelector("[role=main]");
    if (!main) return null;
    main.querySelectorAll(NO_TEXT).forEach((each) => each.remove());
    const heading = headingOf(page, anchor);
    const words = [...keywords].map((word) => word.toLowerCase());
    const term = anchor && page.getElementById(decodeURIComponent(anchor.slice(1)))?.closest("dt");
    const meaning = term && plainly(term.nextElementSibling?.textContent ?? "");
    const text = meaning || best(main, words, partOf(main, anchor)) ||
      best(main, words, () => true);
    if (!text) return null;
    const summary = document.createElement("p");
    summary.className = "context";
    if (heading) summary.append(Object.assign(document.createElement("strong"), { textContent: heading }), " · ");
    summary.append(cut(text, words, LENGTH - summary.textContent.length));
    return summary;
  };
}
