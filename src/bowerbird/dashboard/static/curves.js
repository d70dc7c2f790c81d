// Draw every curve of the page with uPlot: the numbers stand in `data-curve` of parts.html's macro, as in its table.
(() => {
  "use strict";
  const colours = ["--accent", "--green", "--amber", "--red", "--grey"];

  function draw(place) {
    if (place.drawn === place.dataset.curve) return;
    place.drawn = place.dataset.curve;
    const { lines, points, clock, unit } = JSON.parse(place.drawn);
    const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
    const data = [points.map(([x]) => (clock ? x / 1e6 : x)), ...lines.map((_, n) => points.map((point) => point[n + 1]))];
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];
    const exact = (s) => s >= 86400 && s % 86400 === 0 ? `${s / 86400} d` : s >= 3600 ? `${Math.floor(s / 3600)} h${s % 3600 ? ` ${Math.round((s % 3600) / 60)}` : ""}` : s >= 60 ? `${s / 60} min` : `${s} s`;
    const span = (seconds) => seconds >= 129600 ? `${Math.round(seconds / 86400)} d` : seconds >= 5400 ? `${Math.round(seconds / 3600)} h` : seconds >= 60 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds)} s`;
    place.replaceChildren();
    new uPlot({
      width: Math.max(240, place.clientWidth), height: 220,
      scales: { x: { time: clock } },
      axes: [clock ? axis : { ...axis, incrs: steps, values: (_, all) => all.map(exact) }, { ...axis, size: 56, label: unit || undefined }],
      series: [clock ? { label: "Time" } : { label: "Age", value: (_, x) => x == null ? "" : span(x) }, ...lines.map((label, n) => ({ label, width: 2, spanGaps: false, stroke: colour(colours[n % colours.length]), dash: n < colours.length ? [[], [6, 3], [2, 3], [8, 3, 2, 3], [1, 4]][n] : [] }))],
    }, data, place);
  }

  window.drawCurves = () => document.querySelectorAll("[data-curve]").forEach(draw);
  const again = () => { document.querySelectorAll("[data-curve]").forEach((place) => { place.drawn = ""; }); window.drawCurves(); };
  addEventListener("resize", () => requestAnimationFrame(again));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  window.drawCurves();
})();
