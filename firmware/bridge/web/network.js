"use strict";
{ // choose a network, see it joined
  let busy = true, tried = "", locked = {}, drawn = "", costs = false;
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
  $("scan").addEventListener("click", async () => {
    if (costs && !confirm("A search stops everything else for up to 10 s: grid contacts are not read, no limit is sent. Search?")) return;
    busy = true;
    drawn = "";
    $("scan").disabled = true;
    $("scan").textContent = "Scanning …";
    const json = await ask("scan", {});
    if (json && json.errors) banner("now", "bad", "No search now", json.errors.scan);
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
    if (!n.networks.length) $("list").append(make("p", n.scanning ? "Looking …" : n.scan_costs ? "Not searched by itself, because grid contacts are bound." : "No network found here.", "quiet"));
    const again = [...document.querySelectorAll("input[name=pick]")].find((i) => i.value === c);
    if (again && c !== null) again.checked = true;
    pick();
  };

  watch("networks", (n) => {
    $("sn").textContent = n.sn;
    $("scan").disabled = n.scanning;
    $("scan").textContent = n.scanning ? "Scanning …" : "Scan again";
    costs = n.scan_costs;
    list(n);
    busy = n.scanning || n.wlan_state === "joining";
    const joined = n.wlan_state === "joined";
    const state = {
      joined: ["good", "Joined " + n.wlan_ssid, n.wlan_address + " · signal " + n.wlan_signal + " dBm"],
      joining: ["wait", "Joining " + n.wlan_ssid + " …", "Your phone may lose the hotspot for a moment."],
      "wrong password": ["bad", "Wrong password", "“" + n.wlan_ssid + "” refused it. Choose it and try again."],
      "not found": ["bad", "Not found", "“" + n.wlan_ssid + "” is not in reach. Move closer, or choose another one."],
      failed: ["bad", "Not joined", "“" + n.wlan_ssid + "” did not let the bridge in. It tries again by itself."],
    }[n.wlan_state];
    if (joined && n.wlan_refused) state.splice(0, 3, "bad", "Back in " + n.wlan_ssid, n.wlan_refused + ". Choose it and try again.");
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
