// Find pages by questions in the reader's own words.
//
// Sphinx finds an index entry by a piece of its very text, and a page by *all* words of the query: "how
// to reconnect after disconnect" finds nothing.  Here an entry (or a title) is compared as a set of words:
// stemmed, in any order, a rare word counting for more than a common one.  What that finds is put among
// Sphinx's results by its score; when there is none at all, the pages with most of the words are shown.
//
// A message is pasted with what stands around it, a class, an address, a number, and is longer then than the
// entry that explains it: the longest entry that the query holds is first, unless an entry holds the query.
//
// Tested by tests/in_browser/test_site.py.
"use strict";

const FILLERS = new Set(
  ("after and another before between can cant difference do does doesn't dont find get getting give happens has how i in is it make mean my of off on other out python " +
  "s should socket sockets t the this to up use using vs way what when which why with work works").split(" "));
const SAME = new Map(Object.entries({
  multiple: "many", several: "many", detect: "check", notice: "check", know: "check", tell: "check",
  disconnected: "disconnect", disconnects: "disconnect", maximum: "max", ssl: "tls", internet: "inet",
  program: "process", quit: "stop", application: "app", folder: "directory",
}));

// The most a common word, the least a rare one must be seen in: beyond that a word that no entry has
// would weigh more than all that were found.
const RAREST = 3;
const ENOUGH = 0.55;
const TEXT = 50; // the most that words in the text alone are worth: an entry that is alike counts for more
const ERRORS = "reference/errors"; // begins the names of the error index and its pages
const GLOSSARY = "reference/glossary"; // has a term for most words, and a line for each

let known = null; // [words, weight, title, anchor, document] of each entry and title
let rarity = null;

function wordsOf(text) {
  const stemmer = new Stemmer();
  const plain = text.toLowerCase().replace(/\bnon[- ]/g, "non").replace(/\btime[- ]out/g, "timeout");
  const found = new Set();
  for (const word of plain.split(/[^\p{L}\p{N}_.]+/u)) {
    const bare = word.replace(/^\.+|\.+$/g, "");
    if (bare && !FILLERS.has(bare)) found.add(stemmer.stemWord(SAME.get(bare) ?? bare));
  }
  return found;
}

function weigh(words) {
  let sum = 0;
  for (const word of words) sum += Math.log(1 + known.length / Math.max(RAREST, rarity.get(word) ?? 0));
  return sum;
}

function learn() {
  const { alltitles, indexentries } = Search._index;
  known = [];
  for (const [entry, places] of Object.entries(indexentries)) {
    for (const [file, id, isMain] of places) {
      if (isMain) known.push({ words: wordsOf(entry), file, anchor: id ? `#${id}` : "", kind: "index" });
    }
  }
  for (const [title, places] of Object.entries(alltitles)) {
    for (const [file, id] of places) {
      known.push({ words: wordsOf(title), file, anchor: id ? `#${id}` : "", kind: "title", title });
    }
  }
  rarity = new Map();
  for (const { words } of known) for (const word of words) rarity.set(word, (rarity.get(word) ?? 0) + 1);
  for (const each of known) each.weight = weigh(each.words);
}

function resultOf({ file, anchor, kind, title }, score) {
  const { docnames, titles, filenames } = Search._index;
  const name = title && title !== titles[file] ? `${titles[file]} > ${title}` : titles[file];
  return [docnames[file], name, anchor, null, score, filenames[file], kind];
}

// The entries and titles that share enough of the words; of each page the best.
function alike(asked) {
  const total = weigh(asked);
  const best = new Map();
  for (const each of known) {
    const shared = weigh([...each.words].filter((word) => asked.has(word)));
    const score = (2 * shared) / (total + each.weight);
    if (score >= ENOUGH && !(best.get(each.file)?.score >= score)) best.set(each.file, { each, score });
  }
  return [...best.values()].map(({ each, score }) => resultOf(each, 95 * score));
}

// The longest entry of several words that the query holds.
function quoted(query) {
  const asked = query.toLowerCase();
  const held = Object.keys(Search._index.indexentries).filter(
    (entry) => entry.length >= 8 && /[ _]/.test(entry) && entry.length < asked.length && asked.includes(entry));
  const longest = held.sort((one, other) => other.length - one.length)[0];
  const places = longest ? Search._index.indexentries[longest].filter(([, , isMain]) => isMain) : [];
  const score = / /.test(longest) ? 100 : 90; // beside a name there may be an entry that has the other words too
  const found = places.map(([file, id]) => resultOf({ file, anchor: id ? `#${id}` : "", kind: "index" }, score));
  return found.sort((one, other) => other[0].startsWith(ERRORS) - one[0].startsWith(ERRORS)); // how-tos have one cause each
}

// The pages that are most about the words, ten at most: those that hold most of them, rather in their
// title, an index entry or a section's title than in the text alone.
function mostly(asked) {
  const { terms, titleterms, docnames } = Search._index;
  const scores = new Map();
  for (const word of asked) {
    const files = new Set([terms, titleterms].flatMap((table) => (Object.hasOwn(table, word) ? table[word] : [])));
    for (const file of files) {
      scores.set(file, (scores.get(file) ?? 0) + Math.log(1 + docnames.length / files.size));
    }
  }
  const named = new Map();
  for (const { words, weight, file } of known) {
    const shared = docnames[file] === GLOSSARY ? 0 : weigh([...words].filter((word) => asked.has(word)));
    if (shared) named.set(file, Math.max(named.get(file) ?? 0, shared * shared / weight));
  }
  for (const [file, score] of named) scores.set(file, (scores.get(file) ?? 0) + score);
  const first = [...scores].sort((a, b) => b[1] - a[1]).slice(0, 10);
  return first.map(([file, score]) => resultOf({ file, anchor: "", kind: "text" }, score));
}

// What Sphinx found, its pages in the order of `mostly`, and the one that is first there if it lacks a word.
function ordered(exact, asked) {
  const about = mostly(asked);
  const place = (result) => (about.findIndex((other) => other[0] === result[0]) + about.length + 1) % (about.length + 1);
  const text = exact.filter((result) => result[6] === "text");
  if (about.length && !text.some((result) => result[0] === about[0][0])) text.push(about[0]);
  text.sort((a, b) => place(a) - place(b));
  text.forEach((result, at) => { result[4] = TEXT / (1 + at); });
  return [...exact.filter((result) => result[6] !== "text"), ...text];
}

const isPage = (result) => result[6] === "title" && !result[2];
const better = (a, b) => b[4] - a[4] || isPage(b) - isPage(a); // a page called so comes before an entry

// Both lists begin with the best; of a page one index entry is enough.
function merged(one, other) {
  const result = [];
  const seen = new Set();
  while (one.length || other.length) {
    const next = !other.length || (one.length && one[0][4] >= other[0][4]) ? one.shift() : other.shift();
    const page = next[6] === "text" ? `${next[0]} text` : next[0] + (next[6] === "index" ? "" : next[2]);
    if (!seen.has(page)) result.push(next);
    seen.add(page);
  }
  return result;
}

if (typeof Search !== "undefined") {
  const asSphinxDoes = Search._performSearch;
  Search._performSearch = (query, ...others) => {
    if (known === null) learn();
    const asked = wordsOf(query);
    let exact = asSphinxDoes(query, ...others).reverse();
    if (!exact.some((result) => result[6] === "index")) exact = [...quoted(query), ...exact];
    if (asked.size > 1) exact = ordered(exact, asked);
    const close = asked.size ? alike(asked).sort(better) : [];
    const found = merged(exact, close);
    return (found.length ? found : mostly(asked)).reverse(); // Sphinx shows the last one first
  };
}
