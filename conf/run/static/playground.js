// The playground: an editor, the programs to begin with, and a link that carries the code.
//
// Loaded by run.js where the page has one.
"use strict";

/** A bar with an editor that begins empty, or with what the address carries. */
export const playground = (Bar, root, { Kept, equip, save }, version) => class extends Bar {
  constructor(element) {
    super(element);
    this.area = element.querySelector("textarea");
    this.choice = element.querySelector("select");
    this.link = element.querySelector(".run-link");
    this.kept = new Kept("playground");
    equip(this.area, this.kept, () => this.run());
    this.area.addEventListener("input", () => this.forgetLink());
    element.querySelector(".run-save").addEventListener("click", () => save(this.area.value, "program.py"));
    this.choice.addEventListener("change", () => this.choose());
    this.link.addEventListener("click", () => this.copyLink());
    window.addEventListener("hashchange", () => this.restore());
    this.restore();
  }

  async request() {
    return {
      kind: "program", limit: 20, wishes: this.wishes(), files: { "program.py": this.area.value },
      commands: [{ words: ["python3", "program.py"] }],
    };
  }

  async choose() {
    try {
      this.put(this.choice.value ? (await this.starts())[this.choice.value] : "");
      this.say("");
    } catch {
      this.say("The program cannot be loaded: the site cannot be reached.", "bad");
    }
  }

  async starts() {
    const answer = await fetch(new URL(`_examples/playground-programs.json?v=${version}`, root));
    return answer.json();
  }

  /** Put *code* into the editor in the place of what is there, so that it can be undone. */
  put(code) {
    const before = document.activeElement;
    this.area.focus({ preventScroll: true });
    this.area.select();
    if (!document.execCommand("insertText", false, code)) this.area.value = code;
    this.area.setSelectionRange(0, 0);
    this.area.scrollTop = 0;
    before?.focus({ preventScroll: true });
  }

  /** A link's code is no longer what is there. */
  forgetLink() {
    if (location.hash.startsWith("#code=")) history.replaceState(null, "", location.pathname + location.search);
  }

  async copyLink() {
    const address = new URL(location.href);
    address.hash = `code=${await pack(this.area.value)}`;
    history.replaceState(null, "", address);
    try {
      await navigator.clipboard.writeText(address.href);
      this.say("The link is copied; it carries the code.", "good");
    } catch {
      this.say("The link is in the address bar; it carries the code.", "good");
    }
  }

  async restore() {
    const code = new URLSearchParams(location.hash.slice(1)).get("code");
    if (!code) {
      this.area.value ||= this.kept.text ?? "";
      return;
    }
    try {
      this.area.value = await unpack(code);
      this.say("The code of the link. Read it before you run it.");
    } catch {
      this.say("The link is damaged: its code cannot be read.", "bad");
    }
  }
};

/** Text as deflated base64 that fits into an address. */
async function pack(text) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function unpack(code) {
  const binary = atob(code.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).text();
}
