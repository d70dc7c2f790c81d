// Keep an open page true, without losing anything that somebody typed and without moving what somebody looks at.
//
// 1. Once a second ask whether anything changed, or the engine fell silent. If so, and every REFRESH_MS in any case
//    (time passes also while nothing changes), fetch the page anew and patch what differs into the one that is open: elements stay the same objects,
//    so the focus, open details and the scroll position stay too. What somebody is typing in is not touched.
// 2. Say instants in the viewer's own time zone, and let "in 5 s" count down between two looks.
// 3. Say what a button does once the words beside it were changed; Ctrl+Enter presses it.
//
// Without scripts the page reads and acts just as well; it is only as fresh as when it was opened.
(() => {
  "use strict";
  const ASK_MS = 1000, REFRESH_MS = 3000, CUT_OFF_MS = 5000;
  const main = document.querySelector("main");
  let known = null, drawnAt = Date.now(), ahead = Number(document.body.dataset.now) / 1000 - Date.now();

  // --- what is being typed -----------------------------------------------------------------------------------------
  const fields = (node) => [...node.querySelectorAll("textarea, input:not([type=hidden])")];
  const changed = (field) => field.value !== field.defaultValue;
  const typed = (node) => fields(node).some((field) => changed(field) || field === document.activeElement);
  const held = (node) => node.nodeType === 1 && node.matches("[data-hold]") && typed(node);

  // --- patching ----------------------------------------------------------------------------------------------------
  const key = (node) => (node.nodeType === 1 && node.dataset.key) || "";

  function patch(old, fresh) {
    if (held(old)) return;
    if (old.nodeType !== 1) { if (old.data !== fresh.data) old.data = fresh.data; return; }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    children(old, fresh);
  }

  function children(old, fresh) {
    const coming = new Set([...fresh.children].map(key).filter(Boolean));
    for (const child of [...old.children]) if (key(child) && !coming.has(key(child))) leave(child);
    const known = new Map([...old.children].filter(key).map((child) => [key(child), child]));
    let here = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      let mine = key(next) ? known.get(key(next)) : here && !key(here) && here.nodeName === next.nodeName ? here : null;
      while (mine && here !== mine && here && !key(here)) { const gone = here; here = here.nextSibling; gone.remove(); }
      if (!mine) { old.insertBefore(next, here); continue; }
      if (mine === here) here = here.nextSibling; else old.insertBefore(mine, here);
      patch(mine, next);
    }
    while (here) { const gone = here; here = here.nextSibling; leave(gone); }
  }

  function leave(node) {
    if (!held(node)) { node.remove(); return; }
    node.classList.add("decided"); // somebody types in it: it stays, and says that it was decided meanwhile
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
  }

  // --- buttons -----------------------------------------------------------------------------------------------------
  function label(button) {
    button.dataset.plain ??= button.textContent;
    say(button, button.form && fields(button.form).some(changed) ? button.dataset.changed : button.dataset.plain);
  }
  document.addEventListener("input", () => document.querySelectorAll("button[data-changed]").forEach(label));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey && event.target.matches("textarea")) event.target.form.requestSubmit();
  });

  // --- looking -----------------------------------------------------------------------------------------------------
  async function fetched(address) {
    const answer = await fetch(address, { redirect: "manual", signal: AbortSignal.timeout(CUT_OFF_MS) });
    if (answer.type === "opaqueredirect") location.reload(); // signed out meanwhile
    if (!answer.ok) throw new Error(answer.status);
    return answer;
  }

  async function draw() {
    const page = await fetched(location.pathname + location.search);
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
    patch(main, fresh.querySelector("main"));
    document.title = fresh.title;
    document.querySelectorAll("button[data-changed]").forEach(label);
    drawnAt = Date.now();
  }

  async function look() {
    let wait = ASK_MS;
    try {
      if (!document.hidden) {
        const { mark, engine, now } = await (await fetched("/mark")).json(), found = `${mark} ${engine}`;
        ahead = now / 1000 - Date.now();
        if ((known !== null && found !== known) || Date.now() - drawnAt >= REFRESH_MS) await draw();
        known = found;
      }
      document.body.classList.remove("cut-off");
    } catch {
      document.body.classList.add("cut-off");
      wait = CUT_OFF_MS;
    }
    tell();
    setTimeout(look, wait);
  }

  tell();
  if (document.querySelector("nav")) look();
})();
