// What an editor of code does besides: it runs by keyboard, indents, and keeps what was written.
//
// Loaded by run.js when Edit is pressed the first time, and by the playground.
"use strict";

/** Text that this browser keeps for one name; nothing where it refuses to keep anything. */
export class Kept {
  constructor(name) {
    this.name = `bsdsockets:${name}`;
  }

  get text() {
    try {
      return localStorage.getItem(this.name);
    } catch {
      return null;
    }
  }

  set text(text) {
    try {
      if (text === null) localStorage.removeItem(this.name);
      else localStorage.setItem(this.name, text);
    } catch { /* refused, or full: it is not kept */ }
  }
}

/** Let *area* run by Ctrl+Enter, begin each line as deep as the one before, and keep its text. */
export function equip(area, kept, run) {
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      run();
    } else if (!event.shiftKey && !event.altKey && area.selectionStart === area.selectionEnd) {
      const before = area.value.slice(0, area.selectionStart);
      const line = before.slice(before.lastIndexOf("\n") + 1);
      const [depth] = /^[ \t]*/.exec(line);
      const deeper = /:\s*(#.*)?$/.test(line) ? "    " : "";
      if (!depth && !deeper) return;
      event.preventDefault();
      document.execCommand("insertText", false, `\n${depth}${deeper}`); // which can be undone
    }
  });
  area.addEventListener("input", () => {
    kept.text = area.value;
  });
}

/** Give *text* to the reader as a file. */
export function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/x-python" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
