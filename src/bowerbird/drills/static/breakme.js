// Once a second take what changed from the page's own process. A button that is being pressed keeps its place and its
// focus: only what differs is exchanged. Without scripts the page asks for itself anew every three seconds.
(() => {
  "use strict";
  const now = document.getElementById("now");
  const page = new DOMParser();

  function patch(old, fresh) {
    if (old.nodeType !== 1) { if (old.data !== fresh.data) old.data = fresh.data; return; }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    children(old, fresh);
  }

  function children(old, fresh) {
    const here = [...old.childNodes], next = [...fresh.childNodes];
    next.forEach((node, place) => {
      const mine = here[place];
      if (!mine) old.append(node);
      else if (mine.nodeName === node.nodeName) patch(mine, node);
      else mine.replaceWith(node);
    });
    here.slice(next.length).forEach((node) => node.remove());
  }

  async function look() {
    try {
      const answer = await fetch("/now", { headers: { accept: "text/html" } });
      if (answer.ok) children(now, page.parseFromString(await answer.text(), "text/html").body);
      document.body.classList.toggle("cut-off", !answer.ok);
    } catch { document.body.classList.add("cut-off"); }
  }

  document.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = new FormData(event.target, event.submitter);
    await fetch("/press", { method: "POST", body: new URLSearchParams(form) });
    await look();
  });
  setInterval(look, 1000);
})();
