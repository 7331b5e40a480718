"use strict";
{ // what an installer sets; rules and texts come from /settings.json
  const form = $("form"), box = $("untested"), tick = box.firstChild, inputs = {};
  const lead = document.querySelector(".lead"), save = form.querySelector("button");
  let held = {}, damaged = "";
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
    return [label, input, make("p", facts, "quiet")];
  };
  const value = (i) => i.yes ? i.value === "true" : i.numeric && /^\d+$/.test(i.value) ? +i.value : i.value;
  const fill = (now) => {
    held = now;
    for (const [name, i] of Object.entries(inputs)) {
      i.value = i.secret ? "" : held[name];
      if (i.secret) i.placeholder = held[name] ? "set" : "not set";
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
