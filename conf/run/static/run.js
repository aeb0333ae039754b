// Run: the buttons of a page's examples.
//
// Loads nothing until Run is pressed the first time; then one worker per page keeps one Python and
// one machine of the model.  A block's earlier blocks run before it, once.  Everything is found
// relative to this file, so the site works under any path.
"use strict";

const script = document.getElementById("run-script");
const root = new URL("../", import.meta.url);
const { version, examples } = script.dataset; // of all that run.js asks for, so that no cache mixes them
const AWAY = "The site cannot be reached, so this cannot be loaded; press again once there is a network.";
const GRACE = 5; // seconds that Python has to stop by itself before the worker is ended

/** An element: make("button", {type: "button"}, "Run"). */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

let tries = 0;

/** A module beside this one; one that could not be loaded is asked for under another name. */
async function load(name) {
  try {
    return await import(new URL(`${name}?v=${version}${tries ? `-${tries}` : ""}`, import.meta.url));
  } catch (error) {
    tries += 1;
    throw error;
  }
}

/** What a reader can do about an error; browsers have their own words for a network that is away. */
function explain(error) {
  const text = String(error?.message ?? error);
  return /fetch|network|load failed|importing|cannot be loaded/i.test(text) ? AWAY : text;
}

/** The worker, while there is one. */
class Python {
  worker = null;
  switches = true;
  onmessage = () => {};

  start() {
    if (this.worker) return;
    const address = new URL(`run-worker.js?v=${version}`, import.meta.url);
    // For trying what a browser without stack switching shows: ?without=stack-switching
    if (new URLSearchParams(location.search).has("without")) address.searchParams.set("without", "");
    this.worker = new Worker(address, { type: "module" });
    this.ready = false;
    this.worker.onmessage = (event) => this.onmessage(event.data);
    this.worker.onerror = (event) =>
      this.onmessage({ type: "failed", text: event.message || "the worker cannot be loaded" });
  }

  send(request) {
    this.worker.postMessage(request);
  }

  end() {
    this.worker?.terminate();
    this.worker = null;
    this.ready = this.lacks = false;
    ran.clear();
  }
}

const python = new Python();
const ran = new Map(); // block number -> the code that the session has run, "" as recorded
const bars = new Map(); // block number -> its Bar
const PLAIN = JSON.stringify({ faults: [], step: false });
let wished = PLAIN; // the faults, and whether it is watched, of the session that runs
let page = null; // the page's blocks, fetched on the first Run
let running = null; // the Bar that runs

const ABLE = "Chrome and Edge from 137, Firefox from 153 and Safari from 27";

/** Whether a result says that a second thread had no stack. */
function needsStacks({ got, stopped }) {
  return /switch(ing)? (stacks|not supported)|can't start new thread/.test(`${got}${stopped}`);
}

async function blocks() {
  if (page === null) {
    const address = new URL(`_examples/${script.dataset.page}.json?v=${examples}`, root);
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`the examples cannot be fetched: ${answer.status}`);
    page = (await answer.json()).blocks;
  }
  return page;
}

/** The buttons of one block, its editor and its results. */
class Bar {
  constructor(element) {
    this.element = element;
    this.number = Number(element.dataset.block);
    this.name = element.dataset.name;
    this.bar = element.querySelector(".run-bar");
    this.status = element.querySelector(".run-status");
    this.go = element.querySelector(".run-go");
    this.edit = element.querySelector(".run-edit");
    this.stepping = element.querySelector(".run-step");
    this.faults = element.querySelector(".run-faulty");
    this.editors = [];
    this.go.addEventListener("click", () => (running === this ? this.stop() : this.run()));
    this.edit?.addEventListener("click", () => (this.editors.length ? this.reset() : this.open()));
    this.stepping?.addEventListener("click", () => this.run(true));
    this.faults?.addEventListener("click", () => this.openFaults());
    for (const button of element.querySelectorAll("button")) button.disabled = false; // it works from now on
  }

  // --- editing

  async open() {
    let block, editor;
    try {
      [block, editor] = [(await blocks())[this.number], await load("editor.js")];
    } catch (error) {
      return this.say(explain(error), "bad");
    }
    if (this.editors.length) return; // pressed twice
    let again = false;
    const texts = block.kind === "pycon" ? { "": block.code } : block.files;
    const named = Object.keys(texts).length > 1 || block.kind === "console";
    for (const [file, text] of Object.entries(texts)) {
      const id = `run-code-${this.number}-${this.editors.length}`;
      const area = make("textarea", {
        id, class: "run-editor", spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off",
        rows: Math.min(text.split("\n").length + 1, 30),
      });
      area.value = text;
      area.dataset.file = file;
      area.dataset.recorded = text;
      if (named) this.bar.before(make("label", { for: id, class: "run-file" }, file));
      else area.setAttribute("aria-label", `Code of ${this.name}`);
      this.bar.before(area);
      area.kept = new editor.Kept(`${script.dataset.page}/${file || block.line}`);
      const mine = area.kept.text;
      again ||= mine !== null && mine !== text;
      area.value = mine ?? text;
      editor.equip(area, area.kept, () => this.run());
      this.editors.push(area);
    }
    const shown = this.shown();
    if (shown && block.kind !== "console") shown.hidden = true;
    this.edit.textContent = "Reset";
    this.edit.setAttribute("aria-label", `Reset ${this.name}`);
    this.editors[0].focus();
    this.say(`${again ? "With what you changed before; Reset takes it back. " : ""}Ctrl+Enter runs it.`);
  }

  /** The code as the page shows it. */
  shown() {
    return this.element.closest(".example, .cv-program")?.querySelector(":scope > [class*=highlight-]");
  }

  reset() {
    if (running === this) this.stop();
    for (const area of this.editors) {
      area.kept.text = null;
      area.remove();
    }
    for (const label of this.element.querySelectorAll(".run-file")) label.remove();
    this.editors = [];
    const shown = this.shown();
    if (shown) shown.hidden = false;
    this.edit.textContent = "Edit";
    this.edit.setAttribute("aria-label", `Edit ${this.name}`);
    this.clear();
    this.say("");
  }

  /** Take away what the last run showed. */
  clear() {
    this.panel?.remove();
    this.copying?.remove();
    this.panel = null;
    this.story?.remove();
    this.story = null;
  }

  /** What the reader made of the code; nothing as long as it is as recorded. */
  changed() {
    const [area] = this.editors;
    return area && area.value !== area.dataset.recorded ? area.value : null;
  }

  // --- what a reader asks for besides

  async openFaults() {
    const open = this.faults.getAttribute("aria-expanded") !== "true";
    try {
      if (!this.switches) {
        const { Switches, faults } = await load("laboratory.js");
        const known = await faults(new URL(`_examples/faults.json?v=${version}`, root));
        this.switches ??= new Switches(this.element, this.faults, this.bar, known);
        if (this.status.textContent === AWAY) this.say("");
      }
      this.switches.show(open);
    } catch (error) {
      this.say(explain(error), "bad");
    }
  }

  wishes() {
    return { faults: this.switches?.chosen() ?? [], step: this.watched };
  }

  /** "With short reads": how a run differs from the one that the page records. */
  under() {
    return this.labels?.length ? `With ${this.labels.join(", ")}` : "";
  }

  // --- running

  async run(step = false) {
    if (running) {
      if (running === this) return;
      running.stop();
    }
    running = this;
    this.results = [];
    this.counts = { same: 0, different: 0, unknown: 0 };
    this.ending = "";
    this.watched = step === true;
    this.told = undefined;
    this.labels = this.switches?.labels() ?? [];
    this.clear();
    this.showStop(true);
    this.say("Starting …");
    try {
      const request = await this.request();
      if (running !== this) return;
      this.request_ = request;
      this.start();
    } catch (error) {
      if (running === this) this.finish(explain(error), "bad");
    }
  }

  /** Send the request once there is a Python. */
  start() {
    this.reused = python.ready; // after an earlier run, which may have broken it
    clearTimeout(this.timer);
    python.onmessage = (message) => this.receive(message);
    if (!python.worker) {
      this.showProgress();
      python.start();
    }
    if (python.ready) this.send();
  }

  async startAnew() {
    this.clear();
    this.request_ = await this.request();
    if (running === this) this.start();
  }

  runs() {
    return running === this;
  }

  async request() {
    const all = await blocks();
    const block = all[this.number];
    const wishes = this.wishes();
    if (block.kind !== "pycon") {
      const files = { ...block.files };
      for (const area of this.editors) files[area.dataset.file] = area.value;
      const { actors } = this.element.dataset;
      return { kind: "console", files, commands: block.commands, limit: block.limit, wishes, actors };
    }
    const wanted = all
      .map((each, number) => ({ ...each, block: number }))
      .filter((each) => each.kind === "pycon" && each.runs && each.block <= this.number);
    for (const each of wanted) each.code = bars.get(each.block)?.changed() ?? undefined;
    // A block that has run, or an earlier one that has been changed since, asks for a new machine;
    // so do faults and a look inside, and who comes after them.
    const fresh =
      JSON.stringify(wishes) !== PLAIN || wished !== PLAIN || ran.size === 0 || ran.has(this.number) ||
      wanted.some((each) => ran.has(each.block) && ran.get(each.block) !== (each.code ?? ""));
    return {
      kind: "pycon", fresh, wishes,
      blocks: fresh ? wanted : wanted.filter((each) => !ran.has(each.block)),
    };
  }

  send() {
    this.sent = performance.now();
    if (this.request_.kind === "pycon" && this.request_.fresh) {
      ran.clear();
      python.lacks = false;
      wished = JSON.stringify(this.request_.wishes);
    }
    python.send(this.request_);
    this.say("Running …");
    this.guard(this.request_.limit);
  }

  /** End the worker when it has been silent for too long. */
  guard(limit = 10) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      python.end();
      const what = this.statement ? `“${this.statement.trim().split("\n")[0]}”` : "it";
      this.show();
      this.finish(`Stopped after ${limit + GRACE} s: ${what} was still computing and did not give way.`, "bad");
    }, (limit + GRACE) * 1000);
  }

  receive(message) {
    switch (message.type) {
      case "loading":
        if (this.progress) this.progress.value = message.percent;
        return;
      case "ready":
        python.ready = true;
        python.switches = message.switches;
        this.progress?.remove();
        this.progress = null;
        return this.send();
      case "block":
        this.block = message.block;
        {
          const sent = this.request_.blocks.find((each) => each.block === message.block);
          ran.set(message.block, sent?.code ?? "");
          this.limit = sent?.limit;
        }
        return;
      case "begin":
        this.statement = message.source;
        return this.guard(this.limit ?? this.request_.limit);
      case "output":
        return this.stream(message.text);
      case "example":
        return this.note(message);
      case "story":
        this.told = message.story ?? null; // Python's None comes as undefined
        return;
      case "done":
        return this.conclude();
      case "failed":
        python.end();
        if (this.reused && !this.results.length) return this.startAnew();
        return this.finish(this.explainFailure(message.text), "bad");
    }
  }

  explainFailure(text) {
    if (/call stack|recursion/.test(text)) return "Stopped: calls within calls have filled the browser's stack.";
    const told = explain(text);
    return told === AWAY ? AWAY : `Python could not run here: ${text.trim().split("\n").pop()}`;
  }

  note(result) {
    python.lacks ||= !python.switches && needsStacks(result);
    const mine = this.request_.kind !== "pycon" || this.block === this.number;
    if (result.stopped) this.ending = result.stopped;
    if (result.deadlock) this.deadlock = result.deadlock;
    if (result.status) this.exit = result.status;
    if (result.same == null && result.raised) this.raised = result.raised;
    if (!mine) {
      if (result.same === false && !this.earlier) this.earlier = this.block;
      return;
    }
    this.hint = result.hint || this.hint;
    this.results.push(result);
    this.counts[result.same == null ? "unknown" : result.same ? "same" : "different"] += 1;
  }

  conclude() {
    const { same, different, unknown } = this.counts;
    const seconds = ((performance.now() - this.sent) / 1000).toFixed(2);
    const count = same + different + unknown;
    const under = this.under();
    let text, kind = "good";
    if (this.ending) {
      text = this.sentence(this.ending);
      kind = "bad";
    } else if (this.deadlock && different + unknown) {
      text = `Deadlock: ${this.deadlock}.`;
      kind = "bad";
    } else if (different) {
      text = `${different} of ${count} printed something else than recorded.`;
      kind = "bad";
    } else if (unknown) {
      text = this.request_.kind === "program" ? `Ended${this.exit ? ` with status ${this.exit}` : ""} after ${seconds} s.`
        : `Your change ${this.raised ? `raised ${this.raised}` : "ran"}${same ? `; the other ${same} as recorded.` : "."}`;
    } else {
      text = `As recorded, ${seconds} s.`;
    }
    if (kind === "good" && (this.raised || this.exit)) kind = "plain";
    if (under && different && kind === "bad" && !this.ending && !this.deadlock) {
      text = `${under}: ${different} of ${count} printed something else than without.`;
    } else if (under && kind === "good") {
      text = unknown ? `${under}: it ran to its end, ${seconds} s.` : `${under}: the same as without, ${seconds} s.`;
    } else if (under) {
      text = `${under}: ${text}`;
    }
    if (kind === "bad" && python.lacks) {
      const who = this.results.some(needsStacks) ? "which" : "which an earlier block with";
      text = `This browser cannot switch stacks, ${who} a second thread needs; ${ABLE} can. The recorded run stands above.`;
    }
    if (this.hint) text += ` ${this.hint}`;
    if (this.earlier !== undefined && kind === "bad") text += " An earlier block of the page differed too.";
    this.show();
    this.finish(text, kind);
    if (this.watched && this.told !== undefined) this.draw();
  }

  /** What the run did, to be stepped through. */
  async draw() {
    const { results } = this;
    const under = this.under();
    let draw;
    try {
      ({ draw } = await load("laboratory.js"));
    } catch (error) {
      return this.say(explain(error), "bad");
    }
    if (this.results !== results) return; // another run has begun since
    if (!this.told) return this.say(`${this.status.textContent} No socket was used: there is nothing to step through.`);
    this.story = draw(this.told, this.name, under);
    this.bar.after(this.story.element);
    this.story.begin(document.activeElement === this.stepping);
  }

  sentence(text) {
    return `${text[0].toUpperCase()}${text.slice(1)}.`;
  }

  stop() {
    if (running !== this) return;
    python.end();
    this.show();
    this.finish("Stopped. The next run starts on a new machine.", "plain");
  }

  finish(text, kind) {
    clearTimeout(this.timer);
    this.progress?.remove();
    this.progress = null;
    this.statement = this.earlier = this.deadlock = this.block = this.limit = undefined;
    this.exit = this.hint = this.raised = undefined;
    running = null;
    this.showStop(false);
    this.say(text, kind);
  }

  // --- showing

  say(text, kind = "plain") {
    this.status.textContent = text;
    this.status.dataset.kind = kind;
    delete this.status.dataset.waited;
  }

  showStop(stop) {
    this.go.textContent = stop ? "Stop" : "Run";
    this.go.setAttribute("aria-label", `${stop ? "Stop" : "Run"} ${this.name}`);
    this.go.classList.toggle("run-stops", stop);
  }

  showProgress() {
    this.progress = make("progress", { max: "100", value: "0", "aria-label": "Loading Python" });
    this.status.before(this.progress);
    this.say("Loading Python, 6 MB, once …");
    const begin = performance.now();
    const { progress } = this; // a slow network: show that time passes
    const clock = setInterval(() => {
      if (!progress.isConnected) return clearInterval(clock);
      progress.title = `${Math.round((performance.now() - begin) / 1000)} s`;
      progress.nextElementSibling.dataset.waited = progress.title;
    }, 1000);
  }

  output() {
    if (!this.panel) {
      this.panel = make("div", {
        class: "run-output", role: "region", tabindex: "0", "aria-label": `Output of ${this.name}`,
      }, make("pre"));
      this.copying = this.copyButton();
      this.status.before(this.copying);
      if (this.under()) this.panel.prepend(make("p", { class: "run-under" }, `${this.under()}:`));
      this.element.append(this.panel);
    }
    return this.panel.lastChild;
  }

  copyButton() {
    const button = make("button", { type: "button", class: "run-copy", "aria-label": `Copy output of ${this.name}` }, "Copy output");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(this.panel.lastChild.textContent);
        button.removeAttribute("aria-label");
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(this.panel.lastChild);
        button.textContent = "Marked; Ctrl+C copies";
      }
    });
    return button;
  }

  /** A program prints as it goes. */
  stream(text) {
    this.output().append(text);
    this.guard(this.request_.limit);
  }

  /** The whole run, as the doctest prints it; where it differs, what the page has too. */
  show() {
    if (this.request_?.kind === "program") {
      for (const result of this.results) if (!this.panel && result.got) this.output().append(result.got);
      return;
    }
    if (!this.results.length) return;
    const pre = this.output();
    const [then, now] = this.under() ? ["without: ", "with: "] : ["recorded: ", "now: "];
    for (const { source, got, want, same, complaints } of this.results) {
      pre.append(make("span", { class: "run-source" }, this.prompted(source)));
      if (same === false) {
        if (want) pre.append(make("del", { class: "run-want" }, make("span", { class: "run-mark" }, then), want));
        else pre.append(make("del", { class: "run-want" }, make("span", { class: "run-mark" }, then), "nothing\n"));
        pre.append(make("ins", { class: "run-got" }, make("span", { class: "run-mark" }, now), got || "nothing\n"));
      } else if (got) {
        pre.append(got.endsWith("\n") ? got : `${got}\n`);
      }
      if (complaints) pre.append(make("span", { class: "run-complaints" }, complaints));
    }
  }

  prompted(source) {
    if (this.request_.kind === "console") return `${source}\n`;
    const lines = source.replace(/\n+$/, "").split("\n");
    return lines.map((line, index) => `${index ? "..." : ">>>"} ${line}`.trimEnd() + "\n").join("");
  }
}

for (const element of document.querySelectorAll(".run")) {
  let kind = Bar;
  if (element.matches(".run-playground")) {
    try {
      const [{ playground }, editor] = await Promise.all([load("playground.js"), load("editor.js")]);
      kind = playground(Bar, root, editor, version);
    } catch (error) {
      element.querySelector(".run-status").textContent = explain(error).replace("press", "load the page");
      continue;
    }
  }
  const bar = new kind(element);
  bars.set(bar.number, bar);
}
