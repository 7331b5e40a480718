"use strict"; // what all pages need; each has a script of its own beside
const $ = (id) => document.getElementById(id);
const page = document.body.id;
const make = (tag, text, name) => {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (name) e.className = name;
  return e;
};
document.body.insertAdjacentHTML("afterbegin", '<header><p class="brand"><b>Bridge</b><span id="sn"></span></p>'
  + '<nav aria-label="Pages"></nav></header><p id="lost" role="alert" hidden>No contact with the bridge. '
  + "Are you still on its hotspot? Trying again …</p>");
for (const name of ["Network", "System", "Settings", "Status"]) {
  const a = make("a", name);
  a.href = "/" + name.toLowerCase();
  if (a.pathname === "/" + page) a.setAttribute("aria-current", "page");
  document.querySelector("nav").append(a);
}
const later = (ms) => new Promise((done) => setTimeout(done, ms));

// --- talking to the bridge
let lost = 0;
async function ask(path, body) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 8000);
  try {
    const answer = await fetch("/api/" + path, body === undefined ? { signal: stop.signal } : {
      method: "POST", signal: stop.signal, body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-Bridge": "1" },
    });
    const json = await answer.json();
    lost = 0;
    return json;
  } catch (e) {
    lost++;
    return null;
  } finally {
    clearTimeout(timer);
    $("lost").hidden = lost < 2;
  }
}

async function watch(path, show, pause) {
  for (;;) {
    if (!document.hidden) {
      const json = await ask(path);
      if (json && !json.errors) show(json);
    }
    await later(pause());
  }
}

const words = {
  ssid: "The network's name", password: "The password", system_name: "The name", time_zone: "The time zone",
  broker: "The broker:", settings: "The settings", signature: "The signature", update: "Updates:", bundle: "The file", board: "The file's board", version: "The file's version",
};
function complain(form, json) {
  const p = form.querySelector(".error");
  const texts = json ? Object.entries(json.errors || {}).map(([f, rule]) => (words[f] || f) + " " + rule + ".")
    : ["The bridge did not answer. Try again."];
  p.textContent = texts.join(" ");
  p.hidden = !texts.length;
}

function span(s) {
  if (s < 90) return s + " s";
  const min = Math.round(s / 60);
  if (min < 60) return min + " min";
  const h = Math.floor(min / 60);
  return h < 48 ? h + " h" + (min % 60 ? " " + (min % 60) + " min" : "") : Math.floor(h / 24) + " days";
}
function pairs(dl, rows) {
  dl.replaceChildren(...rows.flatMap(([k, v]) => [make("dt", k), make("dd", v)]));
}
function banner(id, look, title, text) {
  const e = $(id);
  const html = look + title + text;
  if (e.dataset.shown === html) return; // a screen reader would say it again
  e.dataset.shown = html;
  e.className = "card state " + look;
  e.querySelector("b").textContent = title;
  e.querySelector("span").textContent = text;
  e.hidden = false;
}
const closing = (s) => s < 0 ? "The hotspot stays open until a system has been created."
  : "The hotspot closes in " + span(s) + "; the button on the board opens it again for 2 hours.";

