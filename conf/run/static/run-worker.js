// Run's worker: Pyodide, our implementation, and the session of one page.
//
// The page sends {kind, ...} and gets {type, ...} messages; the last of a run is "done".
// A worker of its own, so that the page stays alive while Python computes and Stop can end it.
"use strict";

import { loadPyodide } from "./pyodide/pyodide.mjs";

// What a package index would say; nothing is loaded from one.
const LOCK = JSON.stringify({
  info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten", python: "3.14.2", version: "314.0.7" },
  packages: {},
});
// Bytes of each file, to say how far loading is.
const WEIGHTS = { "pyodide.asm.wasm": 70, "python_stdlib.zip": 19, "pyodide.asm.mjs": 9, "run-model.zip": 2 };

let runner;

// Pages say "without": the browser as if it could not switch stacks.
if (new URL(import.meta.url).searchParams.has("without")) delete WebAssembly.Suspending;
const switches = "Suspending" in WebAssembly;

// Pyodide only warns where its code breaks off on the way, and then waits for ever; and there are
// hosts that do not know what kind of file it is.
const compile = WebAssembly.instantiateStreaming;
WebAssembly.instantiateStreaming = async (coming, imports) => {
  try {
    const answer = await coming;
    const known = answer.headers.get("Content-Type")?.startsWith("application/wasm");
    if (known) return await compile.call(WebAssembly, answer, imports);
    return await WebAssembly.instantiate(await answer.arrayBuffer(), imports);
  } catch (error) {
    postMessage({ type: "failed", text: `Python cannot be loaded: ${error}` });
    throw error;
  }
};

function tellProgress() {
  let loaded = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const name = new URL(entry.name).pathname.split("/").pop();
      if (WEIGHTS[name]) postMessage({ type: "loading", percent: (loaded += WEIGHTS[name]) });
    }
  }).observe({ type: "resource", buffered: true });
}

async function load() {
  tellProgress();
  const model = fetch(new URL(`run-model.zip${new URL(import.meta.url).search}`, import.meta.url));
  const python = await loadPyodide({
    indexURL: new URL("pyodide/", import.meta.url).href,
    lockFileContents: LOCK,
    packages: [],
    stdin: () => null, // nobody types here
  });
  const answer = await model;
  if (!answer.ok) throw new Error(`run-model.zip: ${answer.status}`);
  python.unpackArchive(await answer.arrayBuffer(), "zip", { extractDir: "/lib/model" });
  python.globals.set("post", (message) => postMessage(message.toJs({ dict_converter: Object.fromEntries })));
  runner = python.runPython(`
import sys
sys.path.insert(0, "/lib/model")
import session
from pyodide.ffi import to_js
runner = session.Runner(lambda message: post(message))
def run(request):
    runner.run(request.to_py())
run
`);
}

const ready = load();
ready.then(
  () => postMessage({ type: "ready", switches }),
  (error) => postMessage({ type: "failed", text: String(error) }),
);

self.onmessage = async (event) => {
  await ready;
  try {
    if (switches) await runner.callPromising(event.data);
    else runner(event.data);
    postMessage({ type: "done" });
  } catch (error) {
    postMessage({ type: "failed", text: String(error) });
  }
};
