"use strict";
const $ = (id) => document.getElementById(id);
const page = document.body.id;
const make = (tag, text, name) => {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (name) e.className = name;
  return e;
};
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
  update: "Updates:", bundle: "The file", board: "The file's board", version: "The file's version",
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

for (const a of document.querySelectorAll("nav a")) {
  if (a.pathname === "/" + page) a.setAttribute("aria-current", "page");
}

// --- network
function networkPage() {
  let busy = true, tried = "", locked = {}, drawn = "";
  const chosen = () => document.querySelector("input[name=pick]:checked");

  const pick = () => {
    const c = chosen();
    $("credentials").hidden = !c;
    if (!c) return;
    $("named").hidden = c.value !== "";
    $("locked").hidden = c.value !== "" && !locked[c.value];
    complain($("join"), {});
  };
  $("join").addEventListener("change", (e) => {
    if (e.target.name !== "pick") return;
    pick();
    const field = chosen().value === "" ? $("ssid") : $("password");
    if (field.offsetParent) field.focus();
  });
  $("show").addEventListener("click", () => {
    const shown = $("password").type === "text";
    $("password").type = shown ? "password" : "text";
    $("show").textContent = shown ? "Show" : "Hide";
    $("show").setAttribute("aria-pressed", String(!shown));
  });
  $("scan").addEventListener("click", () => {
    busy = true;
    drawn = "";
    $("scan").disabled = true;
    $("scan").textContent = "Scanning …";
    ask("scan", {});
  });
  $("join").addEventListener("submit", async (e) => {
    e.preventDefault();
    const ssid = chosen().value || $("ssid").value;
    const open = chosen().value !== "" && !locked[ssid];
    const json = await ask("join", { ssid, password: open ? "" : $("password").value });
    complain($("join"), json);
    if (json && json.ok) {
      tried = ssid;
      busy = true;
      banner("now", "wait", "Joining " + ssid + " …", "Your phone may lose the hotspot for a moment.");
      $("now").scrollIntoView({ behavior: "smooth", block: "center" });
    }
  });

  const row = ([ssid, dbm, secured]) => {
    const label = make("label", undefined, "row");
    const input = make("input");
    Object.assign(input, { type: "radio", name: "pick", value: ssid });
    const bars = make("span", undefined, "bars");
    const lit = dbm >= -55 ? 4 : dbm >= -67 ? 3 : dbm >= -75 ? 2 : 1;
    for (let i = 0; i < 4; i++) bars.append(make("i", "", i < lit ? "lit" : ""));
    bars.title = dbm + " dBm";
    label.append(input, make("span", ssid, "name"));
    if (!secured) label.append(make("small", "open"));
    label.append(bars);
    return label;
  };
  const list = (n) => {
    const key = JSON.stringify(n.networks) + n.scanning;
    if (key === drawn) return; // do not take the choice away under a finger
    drawn = key;
    const c = chosen() && chosen().value;
    locked = Object.fromEntries(n.networks.map(([ssid, , secured]) => [ssid, secured]));
    $("list").replaceChildren(...n.networks.map(row));
    if (!n.networks.length) $("list").append(make("p", n.scanning ? "Looking …" : "No network found here.", "quiet"));
    const again = [...document.querySelectorAll("input[name=pick]")].find((i) => i.value === c);
    if (again && c !== null) again.checked = true;
    pick();
  };

  watch("networks", (n) => {
    $("sn").textContent = n.sn;
    $("scan").disabled = n.scanning;
    $("scan").textContent = n.scanning ? "Scanning …" : "Scan again";
    list(n);
    busy = n.scanning || n.wlan_state === "joining";
    const joined = n.wlan_state === "joined";
    const state = {
      joined: ["good", "Joined " + n.wlan_ssid, n.wlan_address + " · signal " + n.wlan_signal + " dBm"],
      joining: ["wait", "Joining " + n.wlan_ssid + " …", "Your phone may lose the hotspot for a moment."],
      "wrong password": ["bad", "Wrong password", "“" + n.wlan_ssid + "” refused it. Choose the network and try again."],
      "not found": ["bad", "Not found", "“" + n.wlan_ssid + "” is not in reach. Move closer, or choose another one."],
      failed: ["bad", "Not joined", "“" + n.wlan_ssid + "” did not let the bridge in. It tries again by itself."],
    }[n.wlan_state];
    if (state) banner("now", ...state);
    if (joined && tried) { // done: put the form away
      tried = $("password").value = "";
      if (chosen()) chosen().checked = false;
      pick();
    }
    $("go").textContent = joined ? "Continue" : "Continue without network";
    $("go").className = joined ? "button ready" : "button";
    $("go").href = n.created ? "/status" : "/system";
  }, () => busy ? 1000 : 4000);
}

// --- system
function systemPage() {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const zones = new Set(Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : []);
  for (const z of [own, "UTC", "Europe/Berlin"]) zones.add(z);
  const select = $("time_zone");
  select.append(...[...zones].sort().map((z) => make("option", z)));
  select.value = own;

  let filled = false;
  const show = (s) => {
    $("sn").textContent = $("serial").textContent = s.sn;
    if (!filled && s.created) {
      $("system_name").value = s.system_name;
      if (![...select.options].some((o) => o.value === s.time_zone)) select.append(make("option", s.time_zone));
      select.value = s.time_zone;
    }
    filled = true;
    const save = $("create").querySelector("button");
    save.textContent = s.created ? "Save" : "Create system";
    save.className = s.created ? "button" : "main";
    if (!s.created) return;
    $("lead").textContent = "The bridge is in service.";
    banner("done", "good", s.system_name + " is set up", closing(s.hotspot_left_s));
    $("go").hidden = false;
    $("go").className = "button ready";
  };
  $("create").addEventListener("submit", async (e) => {
    e.preventDefault();
    const json = await ask("system", { system_name: $("system_name").value, time_zone: select.value });
    complain($("create"), json);
    if (json && json.ok) setTimeout(async () => { const s = await ask("system"); if (s) show(s); }, 600);
  });
  watch("system", show, () => 5000);
}

// --- status
function statusPage() {
  const drawn = {};
  const changed = (key, value) => {
    const text = JSON.stringify(value);
    if (drawn[key] === text) return false;
    drawn[key] = text;
    return true;
  };
  const leds = (rows) => {
    if (!changed("leds", rows)) return;
    document.querySelector(".strip").replaceChildren(...rows.map(([segment, state, rgb, flashing]) => {
      const div = make("div");
      const light = make("i", "", flashing ? "flash" : "");
      if (rgb.some((x) => x)) {
        const seen = rgb.map((x) => Math.max(x, 40)).join(","); // pure blue is hard to see on black
        light.style.backgroundColor = "rgb(" + seen + ")";
        light.style.boxShadow = "0 0 12px 1px rgba(" + seen + ",.65)";
      }
      div.append(light, make("b", segment.toUpperCase()), document.createTextNode(state));
      return div;
    }));
  };
  const contacts = (inputs, outputs) => {
    if (!changed("contacts", [inputs, outputs])) return;
    const chip = (name, mask, bit) => {
      const closed = mask !== null && mask >> bit & 1;
      const c = make("span", name, closed ? "closed" : "");
      c.append(make("small", mask === null ? "?" : closed ? "closed" : "open"));
      return c;
    };
    $("contacts").replaceChildren(...[0, 1, 2, 3, 4].map((i) => chip("DI" + (i + 1), inputs, i)),
      ...[0, 1].map((i) => chip("DO" + (i + 1), outputs, i)));
  };
  const whole = {};
  for (const more of document.querySelectorAll(".more")) {
    const id = more.previousElementSibling.id;
    more.addEventListener("click", () => { whole[id] = !whole[id]; if (last) table(id, last.points); });
  }
  const table = (id, all) => {
    all = all.filter((p) => p[0].toLowerCase().startsWith(id));
    const points = whole[id] ? all : all.slice(0, 6);
    const more = $(id).nextElementSibling;
    more.hidden = all.length <= 6;
    more.textContent = whole[id] ? "Show fewer" : "Show all " + all.length;
    more.setAttribute("aria-expanded", String(!!whole[id]));
    $(id).replaceChildren(...points.map(([meaning, value, unit, quality, age]) => {
      const tr = make("tr", undefined, quality);
      const text = meaning.slice(id.length).replace(/^[: ]+/, "");
      const cell = make("td", value === null ? "–" : value);
      cell.append(make("small", unit && " " + unit));
      tr.append(make("td", text[0].toUpperCase() + text.slice(1)), cell,
        make("td", quality === "good" ? (age < 2 ? "now" : span(age)) : quality));
      return tr;
    }));
    if (!points.length) $(id).append(make("caption", "No values yet", "quiet"));
  };

  const limit = (s) => {
    const free = s.limit_pct >= 100 && !s.limit_reason;
    $("limit").textContent = free ? "None" : s.limit_pct + " %" + (s.limit_w === null ? "" : " = " + s.limit_w + " W");
    const plant = { idle: "", wanted: "telling the plant …", written: "written, not yet read back", held: "held by the plant",
      overruled: "overruled", refused: "refused by the plant", unreachable: "not reached" }[s.limit_state] ?? s.limit_state;
    $("why").textContent = [s.limit_reason || "Nobody limits", plant, s.limit_text].filter(Boolean).join(" · ");
  };
  const power = (points) => {
    const p = points.find((x) => /^Sensor:? (active power|power$)/.test(x[0]));
    const good = p && p[3] === "good";
    $("power").replaceChildren(good ? Math.abs(p[1]).toString() : "–", make("small", good ? " W" : ""));
    $("flow").textContent = !good ? "no good value" : p[1] > 0 ? "from the grid" : p[1] < 0 ? "into the grid" : "balanced";
  };

  let uploading = false, last = null;
  watch("status", (s) => {
    last = s;
    $("sn").textContent = s.sn;
    $("title").textContent = s.system_name || "Status";
    leds(s.leds);
    contacts(s.inputs, s.outputs);
    limit(s);
    power(s.points);
    for (const name of ["sensor", "plant"]) {
      $(name + "_link").textContent = s[name + "_link"];
      table(name, s.points);
    }
    pairs($("links"), [
      ["WLAN", s.wlan_ssid ? s.wlan_ssid + " · " + s.wlan_state : "not set up"],
      ...(s.wlan_address ? [["Address", s.wlan_address + " · " + s.wlan_signal + " dBm"]] : []),
      ["Broker", s.uplink],
      ["RS485-1", s.rs485[0]],
      ["RS485-2", s.rs485[1]],
      ...(s.gateway === "off" ? [] : [["Gateway", s.gateway]]),
      ["Hotspot", s.hotspot_left_s < 0 ? "open, no system yet" : "closes in " + span(s.hotspot_left_s)],
    ]);
    pairs($("software"), [["Version", s.version + (s.update_slot ? " · slot " + s.update_slot : "")
      + (s.update_trial ? " · on trial" : "")], ["Running for", span(s.uptime_s)],
      ["Free memory", Math.round(s.heap_free / 1024) + " kB"]]);
    if (!uploading) $("told").textContent = s.update_state === "idle" ? "" : s.update_text;
  }, () => uploading ? 4000 : 2000);

  const form = $("update");
  const button = form.querySelector(".main");
  $("bundle").addEventListener("change", () => { button.disabled = !$("bundle").files.length; complain(form, {}); });
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    const send = new XMLHttpRequest(); // fetch does not tell how far an upload is
    uploading = button.disabled = true;
    $("bar").hidden = false;
    complain(form, {});
    send.upload.onprogress = (p) => {
      $("bar").value = p.loaded * 100 / p.total;
      $("told").textContent = p.loaded < p.total ? "Sending, " + Math.round(p.loaded * 100 / p.total) + " %" : "Checking …";
    };
    send.onloadend = () => {
      let json = null;
      try { json = JSON.parse(send.responseText); } catch (error) { json = null; }
      uploading = button.disabled = false;
      $("bar").hidden = true;
      $("told").textContent = json && json.ok ? "Installed. The bridge starts anew; join its hotspot again if your phone left it." : "";
      if (!json || !json.ok) complain(form, json);
    };
    send.open("POST", "/api/update");
    send.setRequestHeader("Content-Type", "application/octet-stream");
    send.setRequestHeader("X-Bridge", "1");
    send.send($("bundle").files[0]);
  });
}

({ network: networkPage, system: systemPage, status: statusPage })[page]();
