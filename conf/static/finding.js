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
// A word that stands nowhere is taken for the known one that it is most like, and the page says so; a name may be
// written with hyphens or blanks: "time-wait".
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
let names = null; // "time_wait", "so_reuseaddr": the entries that are one word in several parts

let spellings = null; // each word of entries and titles, and how often it stands there

// Names that are written with hyphens, as the index has them.
const hyphened = (text) =>
  text.replace(/[a-z0-9]+(?:-[a-z0-9]+)+/gi, (word) => {
    const name = word.toLowerCase().replaceAll("-", "_");
    return names.has(name) ? name : word;
  });

function wordsOf(text) {
  const stemmer = new Stemmer();
  const classes = /(?:\b[a-z_]\w*\.)+(?=\w+(?:error|exception)\b)/g; // java.net.BindException
  const plain = hyphened(text.toLowerCase()).replace(classes, "").replace(/\bsocket\.(?=\w)/g, "").replace(/\bnon[- ]/g, "non").replace(/\btime[- ]out/g, "timeout");
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
  names = new Set(Object.keys(indexentries).filter((entry) => /^[a-z0-9]+(_[a-z0-9]+)+$/.test(entry)));
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
  spellings = new Map();
  for (const text of [...Object.keys(indexentries), ...Object.keys(alltitles)]) {
    for (const [word] of text.toLowerCase().matchAll(/[a-z][a-z0-9_]{3,}/g)) {
      for (const part of new Set([word, ...word.split("_")])) spellings.set(part, (spellings.get(part) ?? 0) + 1);
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

const isCalled = ({ title, anchor }) => title !== undefined && !anchor; // the title of a page

// The entries and titles that share enough of the words; of each page the best.
function alike(asked) {
  const { docnames } = Search._index;
  const total = weigh(asked);
  const best = new Map();
  for (const each of known) {
    const shared = weigh([...each.words].filter((word) => asked.has(word)));
    const alike = (2 * shared) / (total + each.weight);
    const score = docnames[each.file] === GLOSSARY && alike < 0.999 ? alike * 0.9 : alike; // it explains, and has no answer
    const before = best.get(each.file)?.score;
    if (score >= ENOUGH && !(before > score || (before === score && !isCalled(each)))) best.set(each.file, { each, score });
  }
  const worth = (each, score) => (score > 0.999 && isCalled(each) ? 101 : 95 * score); // a page of that name is first
  return [...best.values()].map(({ each, score }) => resultOf(each, worth(each, score)));
}

// The longest entry of several words that the query holds.
function quoted(query) {
  const asked = query.toLowerCase();
  const held = Object.keys(Search._index.indexentries).filter(
    (entry) => entry.length >= 8 && /[ _]/.test(entry) && entry.length < asked.length && asked.includes(entry) &&
      wordsOf(entry).size);
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
const explains = (result) => result[0] === GLOSSARY;
const better = (a, b) => b[4] - a[4] || isPage(b) - isPage(a) || explains(a) - explains(b); // a page called so comes before an entry

// The glossary has no answer: its entry comes behind the others that are as near.
function glossaryBehind(exact) {
  const at = exact.findIndex((result) => result[0] === GLOSSARY && result[6] === "index");
  let to = at;
  while (at >= 0 && exact[to + 1]?.[6] === "index" && exact[to + 1][4] === exact[at][4]) to++;
  if (to > at) exact.splice(to, 0, ...exact.splice(at, 1));
}

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

// How many letters must be left out, put in, exchanged or swapped with their neighbour to make one word the other.
function distance(one, other) {
  let before = [];
  let row = [...Array(other.length + 1).keys()];
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] !== other[j - 1]));
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (swapped) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    [before, row] = [row, next];
  }
  return row[other.length];
}

// Whether a word, or one that it is a piece of, stands in an entry, a title, or in the text of more pages than one:
// a single page may show the mistake.
function stands(word) {
  const { terms, titleterms, indexentries } = Search._index;
  const stem = new Stemmer().stemWord(word);
  const often = Object.entries(terms).filter(([, files]) => Array.isArray(files)).map(([term]) => term);
  const known = [...often, ...Object.keys(titleterms), ...Object.keys(indexentries)];
  return FILLERS.has(word) || SAME.has(word) || known.some((other) => other === stem || other.includes(word));
}

// The word of entries and titles that is most like one that stands nowhere: it begins alike, and differs in one
// letter, or in two of a long word.
function spelled(written) {
  const word = written.toLowerCase();
  if (stands(word)) return written;
  const most = word.length < 8 ? 1 : 2;
  const near = [...spellings]
    .filter(([other]) => other[0] === word[0] && Math.abs(other.length - word.length) <= most)
    .map(([other, often]) => [other, distance(word, other), often])
    .filter(([, apart]) => apart <= most)
    .sort(([, apart, often], [, apart2, often2]) => apart - apart2 || often2 - often);
  return near[0]?.[0] ?? written;
}

// A query with its names and words as the index writes them.
function understood(query) {
  const instead = hyphened(query).replace(/(?<![\w.])[a-z_]{4,}(?![\w.(])/gi, spelled);
  const words = instead.trim().toLowerCase().split(/\s+/);
  const names = [" ", "_", ""].map((joint) => words.join(joint));
  return names.find((name) => Object.hasOwn(Search._index.indexentries, name)) ?? instead;
}

// The page says what was searched for instead.
function tell(query, instead) {
  const told = document.querySelector(".search-spelled") ?? document.createElement("p");
  told.className = "search-spelled";
  told.setAttribute("role", "status");
  told.textContent = instead === query ? "" : `Searched for “${instead}”.`;
  Search.status?.before(told);
}

if (typeof Search !== "undefined") {
  const asSphinxReads = Search._parseQuery;
  Search._parseQuery = (query) => {
    if (known === null) learn();
    const instead = understood(query);
    tell(query, instead);
    return asSphinxReads(instead);
  };
  const asSphinxDoes = Search._performSearch;
  Search._performSearch = (query, ...others) => {
    const asked = wordsOf(query);
    let exact = asSphinxDoes(query, ...others).reverse();
    glossaryBehind(exact);
    if (!exact.some((result) => result[6] === "index")) exact = [...quoted(query), ...exact];
    if (asked.size > 1) exact = ordered(exact, asked);
    const close = asked.size ? alike(asked).sort(better) : [];
    const found = merged(exact, close);
    return (found.length ? found : mostly(asked)).reverse(); // Sphinx shows the last one first
  };
}
