"use strict";
{ // name the system
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
