// What Furo leaves out for readers who use a keyboard or a screen reader.
"use strict";

// A code block that scrolls sideways must be reachable by keyboard.
function makeScrollable() {
  for (const box of document.querySelectorAll(".highlight pre, .table-wrapper")) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
      if (!box.hasAttribute("role")) {
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", box.matches("pre") ? "Code" : "Table");
      }
    } else {
      box.removeAttribute("tabindex");
      box.removeAttribute("role");
      box.removeAttribute("aria-label");
    }
  }
}

document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "Pages");
document.querySelector(".toc-drawer")?.setAttribute("aria-label", "On this page");
for (const caption of document.querySelectorAll(".caption[role=heading]")) {
  caption.setAttribute("aria-level", "2");
}
const results = document.querySelector("#search-results");
if (results && !document.querySelector("h1")) {
  const heading = document.createElement("h1");
  heading.textContent = "Search";
  results.before(heading);
}
makeScrollable();
window.addEventListener("resize", makeScrollable);
