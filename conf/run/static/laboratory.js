// What a reader can do with a run besides seeing its output: step through it, and switch faults on.
//
// Loaded by run.js when Step or Faults is pressed the first time.
"use strict";

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

let known = null; // the faults, fetched once
let count = 0;

/** Every fault of the model: name, label, sentence, rule, parameters. */
export async function faults(address) {
  if (known === null) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`The faults cannot be loaded: ${answer.status}`);
    known = await answer.json();
  }
  return known;
}

/** The switches of one run: each fault with its sentence, and its parameters once it is on. */
export class Switches {
  constructor(element, button, bar, known) {
    this.button = button;
    this.name = button.getAttribute("aria-label");
    this.panel = make("fieldset", { class: "run-faults", id: `run-faults-${++count}` });
    this.panel.hidden = true;
    this.panel.append(make("legend", {}, "Faults that happen while it runs"));
    this.rows = [];
    bar.after(this.panel);
    button.setAttribute("aria-controls", this.panel.id);
    known.forEach((fault, index) => this.panel.append(this.row(fault, `${this.panel.id}-${index}`)));
    this.panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.show(false);
      this.button.focus();
    });
  }

  row(fault, id) {
    const box = make("input", { type: "checkbox", id, "aria-describedby": `${id}-what`, value: fault.name });
    const what = make("span", { class: "run-fault-what", id: `${id}-what`, title: fault.rule }, fault.sentence);
    const more = make("span", { class: "run-fault-more" });
    more.hidden = true;
    const fields = Object.entries(fault.parameters).map(([name, value]) => {
      const isSwitch = typeof value === "boolean";
      const field = make("input", isSwitch ? { type: "checkbox" } : { type: "number", min: "0", step: Number.isInteger(value) ? "1" : "any" });
      if (isSwitch) field.checked = value;
      else field.value = value;
      field.name = name;
      more.append(make("label", {}, `${name} `, field));
      return { field, name, value };
    });
    box.addEventListener("change", () => {
      more.hidden = !box.checked;
      this.tell();
    });
    this.rows.push({ fault, box, fields });
    return make("div", { class: "run-fault" }, make("label", { for: id }, box, ` ${fault.label}`), what, more);
  }

  show(open) {
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) this.rows[0]?.box.focus();
  }

  /** The button says how many are on, also while the switches are away. */
  tell() {
    const many = this.rows.filter((row) => row.box.checked).length;
    this.button.textContent = many ? `Faults: ${many} on` : "Faults";
    this.button.setAttribute("aria-label", many ? this.name.replace("Faults", `Faults: ${many} on,`) : this.name);
  }

  /** As the model reads them: "reset: connection=1, after=1". */
  chosen() {
    return this.rows.filter((row) => row.box.checked).map(({ fault, fields }) => {
      const changed = this.changed(fields).map(([name, value]) => `${name}=${value}`);
      return changed.length ? `${fault.name}: ${changed.join(", ")}` : fault.name;
    });
  }

  changed(fields) {
    return fields
      .map(({ field, name, value }) => [name, field.type === "checkbox" ? field.checked : Number(field.value || value), value])
      .filter(([, now, value]) => now !== value)
      .map(([name, now]) => [name, now]);
  }

  /** As the reader is told. */
  labels() {
    return this.rows.filter((row) => row.box.checked).map(({ fault, fields }) => {
      const changed = this.changed(fields).map(([name, value]) => `${name} ${value}`);
      const label = fault.label[0].toLowerCase() + fault.label.slice(1);
      return changed.length ? `${label} (${changed.join(", ")})` : label;
    });
  }
}

/** The picture of a run, as the pages' conversations are, with the code that ran. */
export function draw(story, name, under) {
  const title = under ? `The run, ${under[0].toLowerCase()}${under.slice(1)}` : "The run";
  const element = make("div", { class: "conversation run-story", role: "group", "aria-label": `${title} of ${name}, step by step` });
  const code = make("pre");
  story.listing.split("\n").forEach((line, index) => {
    const heading = story.headings.includes(index + 1);
    code.append(heading ? make("span", { class: "run-heading" }, line) : line, "\n");
  });
  const program = make("div", { class: "cv-program cv-listing", role: "region", "aria-label": `The code of ${name} that ran`, tabindex: "0" },
    make("div", { class: "highlight" }, code));
  const head = make("div", { class: "run-story-head" }, make("p", { class: "cv-title" }, `${title}, step by step`));
  const close = make("button", { type: "button", class: "run-close", "aria-label": `Close the steps of ${name}` }, "Close");
  head.append(close);
  const stage = make("div", { class: "cv-stage" });
  stage.innerHTML = '<p class="cv-now" role="status"></p><div class="cv-sockets" hidden></div>';
  stage.insertAdjacentHTML("beforeend", story.picture);
  const data = make("script", { type: "application/json", class: "cv-data" });
  data.textContent = story.data;
  const list = make("ol");
  for (const parts of story.words) {
    const item = make("li");
    parts.forEach((part, index) => item.append(index % 2 ? make("code", {}, part) : part));
    list.append(item);
  }
  const words = make("details", { class: "cv-words" }, make("summary", {}, `In words: ${story.words.length} steps`), list);
  element.append(program, head);
  element.insertAdjacentHTML("beforeend", story.bar);
  element.append(stage);
  if (story.cut) stage.append(make("p", { class: "cv-cut" }, story.cut));
  element.append(words, data);
  return new Story(element, close);
}

class Story {
  constructor(element, close) {
    this.element = element;
    close.addEventListener("click", () => {
      const bar = element.parentElement?.querySelector(".run-step");
      this.remove();
      bar?.focus();
    });
  }

  /** Show the first step; take the keyboard there if it was at the button that asked for it. */
  begin(take) {
    // The recorded picture makes room for the reader's own.
    this.whole = this.element.parentElement.closest(".conversation");
    this.whole?.classList.add("cv-superseded");
    const before = document.activeElement;
    new Conversation(this.element).go("start"); // of conversation.js, which every page has
    if (!take) before?.focus({ preventScroll: true });
  }

  remove() {
    this.whole?.classList.remove("cv-superseded");
    this.element.remove();
    tellWhetherSteps();
  }
}
