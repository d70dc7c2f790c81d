// Keep an open page true: ask twice a second whether anything changed, and draw the page's content anew if so.
// Without scripts the page is as good as when it was opened. Nothing is redrawn while somebody types.
(() => {
  const EVERY_MS = 1000;
  let last = null;
  const busy = () => document.hidden || document.querySelector("details[open]") ||
    ["TEXTAREA", "INPUT"].includes(document.activeElement && document.activeElement.tagName);
  const dirty = () => [...document.querySelectorAll("textarea, input:not([type=hidden])")].some(e => e.value !== e.defaultValue);
  async function look() {
    try {
      const answer = await fetch("/mark", { redirect: "error" });
      const { mark } = await answer.json();
      if (last !== null && mark !== last && !busy() && !dirty()) {
        const page = await fetch(location.pathname, { redirect: "error" });
        const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
        document.querySelector("main").replaceWith(fresh.querySelector("main"));
        document.title = fresh.title;
      }
      last = mark;
    } catch { document.body.classList.add("cut-off"); setTimeout(look, 5 * EVERY_MS); return; }
    document.body.classList.remove("cut-off");
    setTimeout(look, EVERY_MS);
  }
  if (document.querySelector("nav")) look();
})();
