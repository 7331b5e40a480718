"use strict";
// Runs the scripts of the status page without a browser, chooses a file and presses Install twice. Prints what is shown and
// sent after each press, as JSON. Arguments: app.js, status.js, the file, what the bridge answers.
const fs = require("fs"), vm = require("vm");
const [app, status, file] = process.argv.slice(2, 5).map((path) => fs.readFileSync(path));
const elements = {}, sent = [];
const element = (name) => elements[name] = elements[name] || {
  on: {}, hidden: true, disabled: true, textContent: "", dataset: {}, style: {}, files: [],
  addEventListener(event, act) { this.on[event] = act; },
  querySelector: (inner) => element(name + " " + inner),
  insertAdjacentHTML() {}, append() {}, replaceChildren() {}, setAttribute() {},
};
global.document = {
  body: Object.assign(element("body"), { id: "status" }), hidden: true,
  getElementById: (id) => element("#" + id), querySelector: element, querySelectorAll: () => [], createElement: () => ({ append() {}, setAttribute() {} }),
};
global.XMLHttpRequest = class {
  constructor() { this.upload = {}; }
  open(method, path) { this.path = path; }
  setRequestHeader(name, value) { if (name === "X-Unsigned") this.wanted = value; }
  send(body) {
    sent.push([this.path, body.size, ...(this.wanted ? ["all the same"] : [])]);
    this.responseText = process.argv[5];
    if (this.responseText) this.onloadend();
  }
};
vm.runInThisContext(app.toString());
vm.runInThisContext(status.toString());
const form = element("#update"), button = form.querySelector(".main"), told = form.querySelector(".error");
const look = () => ({ sent: sent.length, said: told.hidden ? "" : told.textContent, button: button.textContent });
(async () => {
  const seen = [];
  element("#bundle").files = [new Blob([file])];
  element("#bundle").on.change();
  for (let i = 0; i < 2; i++) {
    await form.on.submit({ preventDefault() {} });
    seen.push(look());
  }
  console.log(JSON.stringify([seen, sent]));
  process.exit();
})();
