"use strict";
{ // what the bridge sees and does, and its update
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
  $("lights").addEventListener("toggle", async () => {
    const ul = document.querySelector(".legend");
    const table = ul.childElementCount ? null : await ask("lights");
    if (!table) return;
    ul.append(...table.lights.trim().split("\n").map((line) => {
      const [name, colour, look] = line.split("|");
      const [segment, state] = name.split(":");
      const li = make("li"), light = make("i", "", look);
      if (colour !== "off") light.style.backgroundColor = colour;
      li.append(light, segment.toUpperCase() + " " + state);
      return li;
    }));
  });
  // One sentence for what a person has to know first: the first that holds.
  const verdict = (s) => {
    const links = (word) => ["plant", "sensor"].filter((n) => s[n + "_link"] === word).join(" and ");
    const broken = s.leds.find(([, state]) => /fault|overload/.test(state));
    if (s.damaged) return ["bad", "Damaged: " + s.damaged, "What is not known stays silent; decide on the page Settings."];
    if (broken) return ["bad", broken[0].toUpperCase() + ": " + broken[1], "The plant reports: " + s.alarms + ". Its app says what next."];
    if (links("silent")) return ["bad", "No answer from " + links("silent"), "Check power, cable, unit number and rate."];
    if (links("noisy")) return ["bad", "Disturbed line: " + links("noisy"), "Check polarity, termination and shield."];
    if (/refused|unreachable|overruled/.test(s.limit_state)) return ["bad", "The plant did not take the limit", s.limit_text];
    if (s.alarms !== "none" && s.alarms !== "not known") return ["bad", "The plant reports an alarm", s.alarms];
    if (s.why) return ["bad", "Values are missing", s.why];
    if (s.direction[5]) return ["bad", "Sensor backwards", s.direction];
    if (links("starting")) return ["wait", "Asking " + links("starting") + " …", ""];
    return ["good", "All is well", links("ok") ? "Answering: " + links("ok") + "." : "Nothing is set up to be asked."];
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
  // What a person looks for first; all else follows in the order of the registers.
  const first = ["running state", "power", "pv power", "ess power", "soc", "voltage"];
  const table = (id, all) => {
    const rank = (p) => (first.indexOf(p[0].slice(id.length + 1)) + 9) % 9;
    all = all.filter((p) => p[0].toLowerCase().startsWith(id)).sort((p, q) => rank(p) - rank(q));
    const points = whole[id] ? all : all.slice(0, 6);
    const more = $(id).nextElementSibling;
    more.hidden = all.length <= 6;
    more.textContent = whole[id] ? "Show fewer" : "Show all " + all.length;
    more.setAttribute("aria-expanded", String(!!whole[id]));
    $(id).replaceChildren(...points.map(([meaning, value, unit, quality, age]) => {
      const tr = make("tr", undefined, quality);
      const text = meaning.slice(id.length).replace(/^[: ]+/, "").replace(/\b(pv|ess|ems|soc|soh|dc)\b/g, (x) => x.toUpperCase());
      const cell = make("td", value === null ? "–" : value);
      cell.append(make("small", unit && "\u00a0" + unit)); // words may break, a number and its unit may not
      tr.append(make("td", text[0].toUpperCase() + text.slice(1)), cell,
        make("td", quality === "good" ? (age < 2 ? "now" : span(age)) : quality));
      return tr;
    }));
    if (!points.length) $(id).append(make("caption", "No values yet", "quiet"));
  };

  const limit = (s) => {
    const free = s.limit_pct >= 100 && !s.limit_reason && !s.limits;
    const watts = s.limit_w === null ? "" : s.limit_w + " W";
    $("limit").textContent = free ? "None" : s.limit_pct >= 100 && watts ? watts : s.limit_pct + " %" + (watts && " = " + watts);
    const plant = s.limit_state === "idle" ? "" : "at the plant: " + s.limit_state;
    $("why").textContent = free ? "Nobody limits" : [s.limits || s.limit_reason, plant, s.limit_text].filter(Boolean).join(" · ");
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
    banner("verdict", ...verdict(s));
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
      ["Free memory", Math.round(s.heap_free / 1024) + " kB"],
      ["Contacts unread for at most", s.blind_ms + " ms"]]);
    if (!uploading) $("told").textContent = s.update_state === "idle" ? "" : s.update_text;
  }, () => uploading ? 4000 : 2000);

  const form = $("update");
  const button = form.querySelector(".main");
  let agreed = false;
  $("bundle").addEventListener("change", () => {
    agreed = button.disabled = !$("bundle").files.length;
    button.textContent = "Install";
    complain(form, {});
  });
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const head = new Uint8Array(await $("bundle").files[0].slice(0, 22).arrayBuffer());
    const signed = head[0] === 0x89 && head[20] + head[21]; // lib/slots/head.py; whose it is the bridge says
    if (!agreed && !signed) {
      complain(form, { errors: { bundle: "is not signed: whoever made it can do anything with the bridge. Install it only if you know where it comes from" } });
      button.textContent = "Install it all the same";
      agreed = true;
      return;
    }
    const wanted = agreed;
    agreed = false;
    button.textContent = "Install";
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
      if (json && json.errors && /all the same$/.test(json.errors.signature)) { // the bridge leaves it to a person
        button.textContent = "Install it all the same";
        agreed = true;
      }
    };
    send.open("POST", "/api/update");
    send.setRequestHeader("Content-Type", "application/octet-stream");
    send.setRequestHeader("X-Bridge", "1");
    if (wanted) send.setRequestHeader("X-Unsigned", "1"); // the question was answered
    send.send($("bundle").files[0]);
  });
}
