"use strict";
{ // what an installer sets; rules and texts come from /settings.json
  const form = $("form"), box = $("untested"), tick = box.firstChild, inputs = {};
  const lead = document.querySelector(".lead"), save = form.querySelector("button");
  let held = {}, damaged = "";
  // The own table of the contacts, a line for each combination; what is saved is the text that the lines make up.
  const rowByRow = (input) => {
    const more = make("details"), lines = {};
    more.append(make("summary", "Row by row"));
    for (let mask = 0; mask < 16; mask++) {
      const bits = [0, 1, 2, 3].map((i) => mask >> i & 1), line = lines[bits.join("")] = make("input");
      const label = make("label", bits.flatMap((bit, i) => bit ? ["DI" + (i + 1)] : []).join(" + ") || "No contact");
      Object.assign(line, { type: "text", id: "row" + bits.join(""), autocomplete: "off", autocapitalize: "none", placeholder: "no row" });
      label.htmlFor = line.id;
      line.addEventListener("input", () => {
        input.value = Object.keys(lines).map((key) => [key, lines[key].value.trim()]).filter(([, row]) => row)
          .map((row) => row.join(" ")).join("; ");
      });
      more.append(label, line);
    }
    input.spread = () => {
      for (const line of Object.values(lines)) line.value = "";
      for (const row of input.value.split(";").map((x) => x.trim())) if (lines[row.slice(0, 4)]) lines[row.slice(0, 4)].value = row.slice(4).trim();
    };
    input.addEventListener("input", input.spread);
    return more;
  };
  const field = ([name, kind, normal, low, high, unit, meaning]) => {
    const yes = kind === "bool", chosen = kind === "choice" || kind === "rate" || yes, text = !chosen && kind !== "int";
    const input = inputs[name] = make(chosen ? "select" : "input");
    input.id = name;
    input.secret = kind === "secret";
    input.numeric = typeof normal === "number";
    input.yes = yes;
    if (chosen) input.append(...(yes ? ["false", "true"] : low).map((x) => make("option", x)));
    else Object.assign(input, { type: input.secret ? "password" : "text", autocomplete: "off", autocapitalize: "none" });
    if (input.numeric && !chosen) input.inputMode = "numeric";
    const label = make("label", meaning.split(/[:;]/)[0]);
    label.htmlFor = name;
    const more = meaning.slice(label.textContent.length + 2);
    const range = (text ? "up to " + high + " bytes" : chosen ? "" : low + " to " + high) + (unit && " " + unit);
    const facts = [range, "default " + (normal === "" ? "none" : normal), more].filter((x) => x).join(" · ");
    return [label, input, make("p", facts, "quiet"), ...(name === "grid_rows" ? [rowByRow(input)] : [])];
  };
  const value = (i) => i.yes ? i.value === "true" : i.numeric && /^-?\d+$/.test(i.value) ? +i.value : i.value;
  const fill = (now) => {
    held = now;
    for (const [name, i] of Object.entries(inputs)) {
      i.value = i.secret ? "" : held[name];
      if (i.secret) i.placeholder = held[name] ? "set" : "not set";
      if (i.spread) i.spread();
    }
  };
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const changes = {};
    for (const [name, i] of Object.entries(inputs)) {
      if (i.secret ? i.value : value(i) !== held[name]) changes[name] = value(i);
    }
    if (!changes.mqtt_user && changes.mqtt_user !== undefined) changes.mqtt_password = "";
    if (!damaged && !Object.keys(changes).length) return;
    save.disabled = true;
    banner("done", "wait", "Saving …", "");
    const json = await ask(damaged ? "anew" : "settings", { changes, untested: tick.checked });
    save.disabled = false;
    complain(form, json);
    box.hidden = !json || !json.errors || !json.errors.broker;
    $("done").hidden = !json || !json.ok;
    if ($("done").hidden) return;
    tick.checked = false;
    if (damaged) location.reload();
    banner("done", "good", "Saved", Object.keys(changes).join(", "));
    fill({ ...held, ...changes });
  });
  const start = async () => {
    const groups = await fetch("/settings.json").then((a) => a.json()).catch(() => 0), now = await ask("settings");
    if (!groups || !now) return setTimeout(start, 2000);
    $("sn").textContent = now.sn;
    form.prepend(...groups.map(([heading, rows]) => {
      const card = make("section", undefined, "card");
      card.append(make("h2", heading), ...rows.flatMap(field));
      return card;
    }));
    fill(now.settings);
    damaged = now.damaged;
    if (!damaged) return;
    lead.textContent = "Damaged and not to be read: " + damaged + ". Ports are silent and outputs safe until you have looked "
      + "through all of this; what stands here counts from then on.";
    lead.className = "error";
    save.textContent = "This counts from now on";
  };
  start();
}
