// Steps through a conversation: buttons, arrow keys, the line of the program, the sockets' states.
"use strict";

// While one steps, the page goes up by itself: the page's style hides what floats over it.
function tellWhetherSteps() {
  document.body.classList.toggle("steps", Boolean(document.querySelector(".cv-stepping")));
}

class Conversation {
  constructor(root) {
    this.root = root;
    this.data = JSON.parse(root.querySelector(".cv-data").textContent);
    this.bar = root.querySelector(".cv-bar");
    this.picture = root.querySelector(".cv-picture");
    this.rows = [...this.picture.querySelectorAll(".cv-row:not(.cv-head)")];
    this.said = [...root.querySelectorAll(".cv-words ol > li")].map((item) => item.textContent.trim());
    this.code = root.querySelector(".cv-program pre");
    // Found now: a reader's own run may later stand inside, with the like of its own.
    this.program = root.querySelector(".cv-listing, .cv-program > [class*=highlight-]");
    this.stage = root.querySelector(".cv-stage");
    this.sockets = root.querySelector(".cv-sockets");
    this.now = root.querySelector(".cv-now");
    this.count = this.bar.querySelector(".cv-count");
    this.marks = [];
    this.at = -1;
    for (const button of this.bar.querySelectorAll("button")) {
      button.disabled = false;
      button.addEventListener("click", () => this.go(button.dataset.go));
    }
    this.bar.addEventListener("keydown", (event) => this.key(event));
    this.picture.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const goes = {
      ArrowRight: "forward", ArrowDown: "forward", ArrowLeft: "back", ArrowUp: "back",
      Home: "first", End: "last", Escape: "start",
    };
    if (this.at < 0 || !goes[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.go(goes[event.key]);
  }

  go(where) {
    const last = this.rows.length - 1;
    if (where === "start") return this.at < 0 ? this.begin() : this.end();
    const to = { first: 0, back: this.at - 1, forward: this.at + 1, last }[where];
    this.show(Math.min(Math.max(to, 0), last));
  }

  begin() {
    this.root.classList.add("cv-stepping");
    tellWhetherSteps();
    this.bar.querySelector(".cv-start").textContent = "Show all";
    this.picture.tabIndex = 0;
    this.sockets.hidden = false;
    this.makeSockets();
    if (this.program.scrollHeight > this.program.clientHeight && this.program.tabIndex < 0) {
      this.program.tabIndex = 0; // it scrolls from now on
      this.program.role = "group";
      this.program.ariaLabel = "The program";
    }
    this.show(0);
    this.bar.querySelector("[data-go=forward]").focus({ preventScroll: true });
    this.comeIntoView();
  }

  // Program, buttons and picture on one screen; the buttons and the picture, where a run's output stands between.
  comeIntoView() {
    const { top, bottom } = this.stage.getBoundingClientRect();
    if (bottom < innerHeight) return;
    const far = top - this.root.getBoundingClientRect().top > innerHeight * 0.6;
    (far ? this.bar.previousElementSibling : this.root).scrollIntoView({ block: "start", behavior: "instant" });
  }

  end() {
    this.at = -1;
    this.root.classList.remove("cv-stepping");
    tellWhetherSteps();
    this.bar.querySelector(".cv-start").textContent = "Step through";
    this.count.textContent = `${this.rows.length} steps`;
    if (!this.root.matches(".cv-small")) this.picture.removeAttribute("tabindex");
    this.sockets.hidden = true;
    this.now.textContent = "";
    for (const row of this.rows) row.classList.remove("cv-later", "cv-at");
    this.removeMarks();
  }

  removeMarks() {
    for (const mark of this.marks) mark.remove();
    this.marks = [];
  }

  show(step) {
    this.at = step;
    this.rows.forEach((row, index) => {
      row.classList.toggle("cv-later", index > step);
      row.classList.toggle("cv-at", index === step);
    });
    this.count.textContent = `step ${step + 1} of ${this.rows.length}`;
    this.now.textContent = this.said[step];
    const ends = { first: step === 0, back: step === 0 };
    ends.forward = ends.last = step === this.rows.length - 1;
    for (const button of this.bar.querySelectorAll("button")) {
      button.setAttribute("aria-disabled", String(Boolean(ends[button.dataset.go])));
    }
    this.markLines(step);
    this.fillSockets(step);
    this.scrollTo(this.rows[step]);
  }

  // Only the picture scrolls, never the page.
  scrollTo(row) {
    const head = this.picture.querySelector(".cv-head")?.offsetHeight ?? 0;
    const { scrollTop, clientHeight } = this.picture;
    const shown = innerHeight - this.picture.getBoundingClientRect().top; // of it, on a small screen
    const seen = shown > 100 ? Math.min(shown, clientHeight) : clientHeight;
    const end = row.offsetTop + row.offsetHeight;
    if (row.offsetTop - head < scrollTop || end + 40 > scrollTop + seen) {
      this.picture.scrollTop = Math.min(row.offsetTop - head, Math.max(row.offsetTop - seen * 0.6, end + 8 - seen));
    }
  }

  // The lines of a program do not wrap: a line's place is its number times the line height.
  markLines(step) {
    this.removeMarks();
    const [line, side, waiting] = this.data.steps[step];
    for (const other of waiting) if (other !== line) this.mark(other, "cv-mark-waits");
    if (line) this.mark(line, `cv-mark-${side}`);
  }

  mark(line, kind) {
    const style = getComputedStyle(this.code);
    const height = parseFloat(style.lineHeight);
    const box = this.code.getBoundingClientRect();
    const { program } = this;
    const mark = document.createElement("span");
    mark.className = `cv-mark ${kind}`;
    mark.dataset.line = line;
    mark.style.height = `${height}px`;
    const top = box.top - program.getBoundingClientRect().top - program.clientTop + program.scrollTop;
    const place = top + parseFloat(style.paddingTop) + (line - 1) * height;
    mark.style.top = `${place}px`;
    program.append(mark);
    this.marks.push(mark);
    // A listing that scrolls goes along.
    const { scrollTop, clientHeight, scrollHeight } = program;
    if (kind !== "cv-mark-waits" && scrollHeight > clientHeight
        && (place - height < scrollTop || place + 2 * height > scrollTop + clientHeight)) {
      program.scrollTop = place - clientHeight / 3;
    }
  }

  makeSockets() {
    this.sockets.replaceChildren();
    const sides = {};
    for (const side of ["l", "r"]) {
      sides[side] = this.sockets.appendChild(document.createElement("div"));
      sides[side].className = `cv-side-${side}`;
    }
    this.cards = this.data.sockets.map(([name, side]) => {
      const card = sides[side].appendChild(document.createElement("div"));
      card.className = "cv-socket";
      card.innerHTML = "<p><code></code> <b></b></p><p class=cv-its></p>";
      card.querySelector("code").textContent = name;
      return card;
    });
  }

  fillSockets(step) {
    const before = step ? this.data.steps[step - 1][3] : [];
    this.data.steps[step][3].forEach((now, index) => {
      const card = this.cards[index];
      const [state = "not there yet", queue, backlog] = now;
      card.querySelector("b").textContent = state;
      const its = [];
      if (backlog) its.push(`backlog: ${backlog}`);
      if (queue) its.push(`receive queue: ${queue}`);
      card.querySelector(".cv-its").textContent = its.join(" · ") || (now.length && !backlog ? "receive queue: empty" : "");
      card.classList.toggle("cv-changed", String(now) !== String(before[index] || []));
    });
  }
}

for (const root of document.querySelectorAll(".conversation")) new Conversation(root);
