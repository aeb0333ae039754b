// What Furo leaves out for readers who use a keyboard or a screen reader.
"use strict";

// A drawing is looked at as a whole: on a phone it is set smaller, as far as it can still be read.
function fitDrawings() {
  for (const box of document.querySelectorAll(".highlight-text pre")) {
    box.style.fontSize = "";
    if (box.scrollWidth <= box.clientWidth) continue;
    const edges = parseFloat(getComputedStyle(box).paddingInlineStart) * 2;
    const share = (box.clientWidth - edges) / (box.scrollWidth - edges);
    const size = parseFloat(getComputedStyle(box).fontSize);
    if (size * share > 8) box.style.fontSize = `${Math.floor(size * share * 20) / 20}px`;
  }
}

// A code block or a table that scrolls sideways must be reachable by keyboard, and say what it is.
function makeScrollable() {
  for (const box of document.querySelectorAll(".highlight pre, .table-wrapper")) {
    const scrolls = box.scrollWidth > box.clientWidth;
    const first = box.querySelector("tr > :first-child");
    box.classList.toggle("scrolls", scrolls);
    // The first column says what a row is about; a wide one would hide the others.
    box.classList.toggle("keeps-first", Boolean(scrolls && first?.nextElementSibling) &&
      first.offsetWidth < box.clientWidth * 0.45);
    if (scrolls) {
      box.tabIndex = 0;
      if (!box.hasAttribute("role")) {
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", `${box.matches("pre") ? "Code" : "Table"}, scrolls sideways`);
      }
    } else {
      box.removeAttribute("tabindex");
      box.removeAttribute("role");
      box.removeAttribute("aria-label");
    }
  }
}

// On a narrow screen the menus are drawers behind labels, which no key reaches: buttons open them, Escape closes them.
function makeDrawer(id, drawer, name) {
  const box = document.getElementById(id);
  drawer?.setAttribute("aria-label", name);
  if (!box || !drawer) return;
  const buttons = [...document.querySelectorAll(`label[for=${id}]:not(.overlay)`)].map((label) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = label.className;
    button.setAttribute("aria-label", name);
    button.append(...label.childNodes);
    label.replaceWith(button);
    return button;
  });
  const show = (open) => {
    box.checked = open;
    for (const button of buttons) button.setAttribute("aria-expanded", String(open));
    const first = open && [...drawer.querySelectorAll("a[href]")].find((link) => link.getClientRects().length);
    if (first) first.focus({ preventScroll: true });
  };
  for (const button of buttons) button.addEventListener("click", () => show(!box.checked));
  box.addEventListener("change", () => show(box.checked)); // by what lies over the page beside an open drawer
  drawer.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !box.checked) return;
    show(false);
    buttons.find((button) => button.offsetParent)?.focus();
  });
  drawer.addEventListener("click", ({ target }) => { if (target.closest("a[href*='#']")) show(false); });
  show(false);
}
makeDrawer("__navigation", document.querySelector(".sidebar-drawer"), "Pages");
makeDrawer("__toc", document.querySelector(".toc-drawer"), "On this page");
document.body.classList.add("with-buttons");
// The link floats over the page, outside of its landmarks.
const top_ = document.querySelector(".back-to-top");
if (top_) {
  const place = document.createElement("nav");
  place.setAttribute("aria-label", "Top of this page");
  top_.replaceWith(place);
  place.append(top_);
}
for (const caption of document.querySelectorAll(".caption[role=heading]")) {
  caption.setAttribute("aria-level", "2");
}
const results = document.querySelector("#search-results");
if (results && !document.querySelector("h1")) {
  const heading = document.createElement("h1");
  heading.textContent = "Search";
  results.before(heading);
}
function fit() {
  fitDrawings();
  makeScrollable();
}

fit();
window.addEventListener("resize", fit);

// A browser loads the script of Run, a module, from no file: the page is readable, and says why it does not run.
if (location.protocol === "file:") {
  for (const status of document.querySelectorAll(".run-status")) {
    status.textContent = "Runs where a web server serves the site, such as python3 -m http.server in its folder.";
  }
}

// Sphinx marks what was searched for wherever its letters stand, "use" in "because" and in the menu
// too: only the beginnings of words in the text stay marked.
function markWords() {
  const { referrer } = document;
  const astray = referrer && !referrer.includes("/search.html") && !results;  // no result of that search
  for (const mark of document.querySelectorAll(".highlighted")) {
    const inside = /\p{L}$/u.test(mark.previousSibling?.textContent ?? "");
    mark.classList.toggle("highlighted", Boolean(mark.closest("article")) && !inside && !astray);
  }
}
if (results) new MutationObserver(markWords).observe(results, { childList: true, subtree: true });
setTimeout(() => {  // after Sphinx, which waits as long
  markWords();
  if (!document.querySelector("article .highlighted")) document.querySelector(".highlight-link")?.remove();
}, 10);

// On paper a link to another site says where it leads, unless its text does.
window.addEventListener("beforeprint", () => {
  for (const link of document.querySelectorAll("article a.external[href^=http]")) {
    if (!link.textContent.startsWith("http")) link.dataset.address = link.href;
  }
});

// The button of the theme says which one is chosen, and says the new one after a press.
function nameTheme() {
  const { theme } = document.body.dataset;
  for (const button of document.querySelectorAll(".theme-toggle")) {
    button.setAttribute("aria-label", `Colours: ${{ light: "light", dark: "dark" }[theme] ?? "as the system"}`);
  }
}
nameTheme();
new MutationObserver(nameTheme).observe(document.body, { attributeFilter: ["data-theme"] });

// What the copy button takes from a session must also run when it is pasted at a prompt, where an
// empty line ends a compound statement: put one where >>> follows a line of "...".
let copying = null;

function statements(session) {
  const lines = [];
  let inside = false;
  for (const line of session.split("\n")) {
    if (!/^(>>>|\.\.\.)( |$)/.test(line)) continue;
    if (inside && line.startsWith(">>>")) lines.push("");
    inside = line.startsWith("...");
    lines.push(line.slice(4));
  }
  // A block wants its empty line; Python 3.13 takes several statements at one Enter after a whole line only.
  if (lines.length > 1) lines.push("");
  return lines.join("\n");
}

document.addEventListener("click", (event) => {
  copying = event.target.closest?.(".example-pycon .copybtn") ?? null;
}, true);
document.addEventListener("copy", (event) => {
  if (!copying) return;
  const session = copying.closest(".example-pycon").querySelector("pre").textContent;
  event.clipboardData.setData("text/plain", statements(session));
  event.preventDefault();
  copying = null;
}, true);
