// Keep an open page true, without losing anything that somebody typed and without moving what somebody looks at.
//
// 1. The server sends what the page says whenever that changes (dashboard/live.py). It is morphed into the one that is
//    open: elements stay the same objects, so the focus, open details and the scroll position stay too. What somebody
//    is typing in is not touched; where it was decided meanwhile, it says so and stays.
// 2. A page that is not looked at hears nothing, for a browser has six connections in all; it catches up when it is.
// 3. Say instants in the viewer's own time zone, and let "in 5 s" count down.
// 4. Say what a button does once the words beside it were changed; Ctrl+Enter presses it. Keys lead everywhere: `?`.
//
// Links and forms are htmx's. Without scripts the page reads and acts just as well; it is only as fresh as when opened.
(() => {
  "use strict";
  const CUT_OFF_MS = 5000, FIELDS = "textarea, select, input:not([type=hidden])";
  let ahead = 0, heardAt = Date.now(), stream = null;
  const main = () => document.querySelector("main");

  // --- what is being typed -----------------------------------------------------------------------------------------
  const changed = (field) => field.matches("select") ? [...field.options].some((one) => one.selected !== one.defaultSelected) && field.dataset.touched
    : field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  const typed = (field) => changed(field) || field === document.activeElement;
  const held = (node) => node.matches("[data-hold]") && [...node.querySelectorAll(FIELDS)].some(typed);

  // --- morphing ----------------------------------------------------------------------------------------------------
  // Things are told apart by their ids; what has only a key gets one of it.
  function name(root) {
    for (const node of root.querySelectorAll("[data-key]:not([id])")) node.id = `key-${node.dataset.key}`;
  }
  const callbacks = {
    beforeNodeMorphed(old, fresh) {
      if (old.nodeType !== 1) return true;
      if (old.matches("[data-curve]") && fresh.dataset.curve) { old.dataset.curve = fresh.dataset.curve; return false; } // what is in it, uPlot drew
      return !(held(old) || (old.matches(FIELDS) && typed(old)));
    },
    beforeAttributeUpdated: (attribute, node) => !(attribute === "open" && node.matches("details")),
    beforeNodeRemoved(node) {
      if (node.nodeType !== 1) return true;
      const kept = held(node) ? node : [...node.querySelectorAll("[data-hold]")].find(held);
      if (kept) kept.classList.add("decided"); // somebody types in it: it stays, and says that it was decided meanwhile
      return !kept;
    },
  };

  function show(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    name(fresh);
    name(document);
    Idiomorph.morph(main(), fresh.querySelector("main"), { morphStyle: "outerHTML", callbacks });
    document.title = fresh.title;
    htmx.process(main());
    settle();
  }

  // --- listening ---------------------------------------------------------------------------------------------------
  function heard(event) {
    heardAt = Date.now();
    document.body.classList.remove("cut-off");
    const said = JSON.parse(event.data);
    if (said.now) ahead = said.now / 1000 - Date.now();
    return said;
  }

  function listen() {
    hush();
    if (document.hidden || !main().matches("[data-live]")) return;
    heardAt = Date.now();
    stream = new EventSource(`/live?page=${encodeURIComponent(location.pathname + location.search)}&had=${main().dataset.live}`);
    stream.addEventListener("page", (event) => show(heard(event).html));
    stream.addEventListener("beat", heard);
    stream.addEventListener("left", () => location.reload());
    stream.addEventListener("error", lost);
  }

  function hush() {
    stream?.close();
    stream = null;
  }

  function lost() {
    document.body.classList.add("cut-off");
    if (stream?.readyState !== EventSource.CLOSED) return; // it tries again by itself
    hush();
    setTimeout(again, CUT_OFF_MS / 5);
  }

  async function again() {
    try {
      const answer = await fetch(location.href, { method: "HEAD", redirect: "manual" });
      if (answer.type === "opaqueredirect") location.reload(); // signed out meanwhile
      listen();
    } catch {
      setTimeout(again, CUT_OFF_MS);
    }
  }

  // --- time --------------------------------------------------------------------------------------------------------
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "your own";
  const clock = new Intl.DateTimeFormat([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });

  function span(seconds) { // the same words as core/story.py
    for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]])
      if (seconds >= size * 1.5 || (unit === "min" && seconds >= size)) return `${Math.round(seconds / size)} ${unit}`;
    return `${Math.round(seconds)} s`;
  }

  function say(node, words) { if (node.textContent !== words) node.textContent = words; }

  function tell() {
    const now = Date.now() + ahead;
    for (const time of document.querySelectorAll("time[data-at]")) {
      const at = Number(time.dataset.at) / 1000, seconds = (now - at) / 1000;
      say(time, Math.abs(seconds) < 1 ? "now" : seconds > 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`);
      time.title = clock.format(at);
    }
    for (const time of document.querySelectorAll("time[data-clock]")) say(time, clock.format(Number(time.dataset.clock) / 1000));
    for (const note of document.querySelectorAll("[data-zone]")) say(note, `Times are yours (${zone}).`);
    if (stream && Date.now() - heardAt > CUT_OFF_MS) document.body.classList.add("cut-off");
  }

  // --- buttons and keys --------------------------------------------------------------------------------------------
  function label(button) {
    button.dataset.plain ??= button.textContent;
    say(button, button.form && [...button.form.querySelectorAll(FIELDS)].some(changed) ? button.dataset.changed : button.dataset.plain);
  }
  const labels = () => document.querySelectorAll("button[data-changed]").forEach(label);
  document.addEventListener("input", (event) => { event.target.dataset.touched = "1"; labels(); });

  const items = () => [...document.querySelectorAll("[data-item]")];
  function step(by) { // to the next or previous of a page's items
    const all = items(), at = all.indexOf(document.activeElement.closest("[data-item]"));
    const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))];
    if (next) { next.tabIndex = -1; next.focus(); }
  }
  function press(key) { // what this key does in the item that has the focus
    const one = document.activeElement.closest("[data-item]")?.querySelector(`[data-press="${key}"]`);
    if (one?.matches("summary")) { one.parentElement.open = true; one.parentElement.querySelector(FIELDS)?.focus(); }
    else if (one) one.matches("button, a") ? one.click() : one.focus();
    return Boolean(one);
  }

  // A decision about one item of a page leads on to the next one, and what is typed in the others stays.
  const key = (item) => item.dataset.key, named = (name) => items().find((item) => key(item) === name);
  let deciding = null;
  document.addEventListener("submit", (event) => {
    const one = event.target.closest("[data-item]"), all = items().map(key), at = one ? all.indexOf(key(one)) : -1;
    deciding = { from: one ?? event.target, onward: one ? [...all.slice(at), ...all.slice(0, at).reverse()] : [] };
  });
  function lead(onward) {
    const next = onward.map(named).find(Boolean) ?? main().querySelector("[autofocus]") ?? main();
    if (next.matches(FIELDS)) { next.focus(); return; }
    next.tabIndex = -1;
    next.focus({ preventScroll: next === main() });
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    const url = new URL(event.detail.xhr.responseURL, location.href), decided = deciding;
    deciding = null;
    if (!decided || event.detail.requestConfig?.verb !== "post" || url.pathname !== location.pathname) return;
    event.detail.shouldSwap = false;
    history.replaceState(history.state, "", url);
    for (const field of decided.from.querySelectorAll(FIELDS)) { field.value = field.defaultValue; field.blur(); }
    show(event.detail.serverResponse);
    listen();
    lead(decided.onward);
  });

  let leading = 0;
  const off = () => localStorage.getItem("keys") === "off";
  document.addEventListener("keydown", (event) => {
    const box = event.target;
    if (event.key === "Enter" && event.ctrlKey && box.matches("textarea")) box.form.requestSubmit();
    if (event.key === "Escape" && box.matches(FIELDS)) (box.closest("[data-item]") ?? main()).focus();
    if (event.ctrlKey || event.metaKey || event.altKey || box.matches(FIELDS) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") { help(); event.preventDefault(); return; }
    if (off() || !/^[a-z]$/.test(event.key)) return;
    const to = Date.now() - leading < 1500 && document.querySelector(`[data-go="${event.key}"]`);
    leading = event.key === "g" ? Date.now() : 0;
    if (to) to.click();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (!press(event.key)) return;
    event.preventDefault();
  });

  function help() {
    const box = document.createElement("dialog"), list = document.createElement("dl"), add = (keys, words) => {
      const row = list.appendChild(document.createElement("div"));
      row.append(Object.assign(document.createElement("dt"), { textContent: keys }), Object.assign(document.createElement("dd"), { textContent: words }));
    };
    for (const link of document.querySelectorAll("[data-go]")) add(`g ${link.dataset.go}`, link.textContent);
    if (items().length) add("j, k", "the next one, the one before");
    for (const one of new Map([...document.querySelectorAll("[data-press]")].map((each) => [each.dataset.press, each])).values())
      add(one.dataset.press, one.dataset.plain || one.getAttribute("aria-label") || (one.matches("button, a, summary") ? one.textContent : one.labels?.[0]?.textContent) || "");
    add("Ctrl Enter", "press the button of the words you are typing");
    add("?", "this list");
    const toggle = Object.assign(document.createElement("button"), { textContent: off() ? "Turn single keys on" : "Turn single keys off" });
    toggle.onclick = () => { localStorage.setItem("keys", off() ? "on" : "off"); box.close(); };
    const close = Object.assign(document.createElement("button"), { textContent: "Close", className: "good", onclick: () => box.close() });
    list.className = "keys";
    box.setAttribute("aria-label", "Keys");
    box.append(list, close, toggle);
    box.onclose = () => box.remove();
    document.body.append(box);
    box.showModal();
  }

  // --- beginning, and again after each page htmx brought -----------------------------------------------------------
  function plots() { // drawing curves takes scripts that no other page loads
    if (!document.querySelector("[data-curve]")) return;
    if (window.drawCurves) { window.drawCurves(); return; }
    if (document.querySelector("script[data-curves]")) return;
    for (const src of ["/static/vendor/curves.js", "/static/curves.js"]) {
      const script = Object.assign(document.createElement("script"), { src, async: false });
      script.dataset.curves = "";
      document.head.append(script);
    }
  }

  function settle() {
    tell();
    labels();
    plots();
  }

  function begin() {
    ahead = Number(main().dataset.now) / 1000 - Date.now();
    document.body.classList.remove("cut-off");
    settle();
    listen();
  }

  begin();
  setInterval(tell, 1000);
  document.addEventListener("visibilitychange", () => document.hidden ? hush() : listen());
  window.addEventListener("pagehide", hush);
  window.addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target !== document.body) return;
    begin();
    if (!document.activeElement?.matches("[autofocus]")) main().focus({ preventScroll: true });
  });
})();
