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
    this.chosen = this.choice.value;
    this.link = element.querySelector(".run-link");
    this.kept = new Kept("playground");
    equip(this.area, this.kept, () => this.run());
    this.area.addEventListener("input", () => this.forgetLink());
    element.querySelector(".run-save").addEventListener("click", async () => {
      await this.coming;
      save(this.area.value, "program.py");
    });
    this.choice.addEventListener("change", () => this.choose());
    this.link.addEventListener("click", () => this.copyLink());
    window.addEventListener("hashchange", () => this.restore());
    this.restore();
  }

  async request() {
    const lacking = await this.coming;
    if (lacking) throw new Error(lacking);
    return {
      kind: "program", limit: 20, wishes: this.wishes(), files: { "program.py": this.area.value },
      commands: [{ words: ["python3", "program.py"] }],
    };
  }

  choose() {
    const name = this.choice.value;
    if (!this.runs()) this.say("The program is coming …");
    this.expect(async () => (name ? (await this.starts())[name] : ""), (code) => {
      this.put(code);
      this.chosen = name;
      return "";
    }, () => {
      this.choice.value = this.chosen;
      return "The site cannot be reached, so the program did not come; the editor has what it had.";
    });
  }

  /** Until the code is there that was asked for last, nothing else is written, and Run waits. */
  expect(get, take, refuse) {
    const coming = (async () => {
      const code = await get().catch(() => undefined);
      if (coming !== this.coming) return this.coming;
      this.coming = null;
      this.area.readOnly = false;
      this.area.removeAttribute("aria-busy");
      const lacking = code === undefined ? refuse() : "";
      const text = lacking || take(code);
      if (!this.runs()) this.say(text, lacking ? "bad" : "plain");
      return lacking;
    })();
    this.coming = coming;
    this.area.readOnly = true;
    this.area.setAttribute("aria-busy", "true");
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
    await this.coming;
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

  restore() {
    const code = new URLSearchParams(location.hash.slice(1)).get("code");
    if (!code) {
      this.area.value ||= this.kept.text ?? "";
      return;
    }
    this.expect(() => unpack(code), (text) => {
      this.area.value = text;
      return "The code of the link. Read it before you run it.";
    }, () => "The link is damaged: its code cannot be read.");
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
