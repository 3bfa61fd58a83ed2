"use strict";

// --- tables: a click on a heading sorts; a second one turns the order round ---

const UNITS = { ns: 1e-9, "µs": 1e-6, ms: 1e-3, s: 1, "%": 1e-2 };

function sortKey(text) {
  const found = /^\(?(-?(?:[\d,]*\.?\d+(?:e[+-]?\d+)?|inf))\s*(ns|µs|ms|s|%)?\)?$/.exec(text.trim());
  if (!found) return text === "–" ? null : text;
  const number = found[1].endsWith("inf") ? Infinity : Number(found[1].replaceAll(",", ""));
  return number * (UNITS[found[2]] ?? 1);
}

function compareKeys(a, b) {
  if (a === null || b === null) return (a === null) - (b === null); // what is missing stands last
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

function sortBy(heading) {
  const table = heading.closest("table"), body = table.tBodies[0];
  const up = heading.getAttribute("aria-sort") !== "ascending";
  const column = heading.cellIndex;
  const rows = [...body.rows].map((row) => [sortKey(row.cells[column].textContent), row]);
  rows.sort(([a], [b]) => (a === null || b === null || up ? compareKeys(a, b) : compareKeys(b, a)));
  for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  body.append(...rows.map(([, row]) => row));
}

for (const heading of document.querySelectorAll("th")) {
  const button = document.createElement("button");
  button.textContent = heading.textContent;
  heading.replaceChildren(button);
  button.addEventListener("click", () => sortBy(heading));
}

// --- charts: each is drawn when it is scrolled to, in the colours of the page ---

const dark = matchMedia("(prefers-color-scheme: dark)");

function chartConfig(width) {
  const style = getComputedStyle(document.documentElement);
  const [ink, dim, line] = ["--ink", "--dim", "--line"].map((name) => style.getPropertyValue(name));
  const text = { labelColor: ink, titleColor: dim, labelFontSize: 12, titleFontSize: 12 };
  return {
    background: "transparent",
    font: 'system-ui, "DejaVu Sans", sans-serif',
    view: { stroke: line },
    axis: { ...text, gridColor: line, gridOpacity: 0.5, domainColor: line, tickColor: line, titleFontWeight: "normal" },
    legend: { ...text, orient: "bottom", columns: width < 420 ? 1 : 2, labelLimit: 230, title: null, symbolStrokeWidth: 2 },
    text: { color: ink },
  };
}

function draw(place) {
  place.dataset.drawn = "yes";
  const spec = JSON.parse(place.querySelector("script").textContent);
  const target = place.querySelector("div") ?? place.appendChild(document.createElement("div"));
  const actions = { export: true, source: false, compiled: false, editor: false };
  // A picture has colours of its own, for a light ground.
  const config = place.closest("figure.own") ? {} : chartConfig(place.clientWidth);
  const options = { renderer: "svg", config, actions };
  return vegaEmbed(target, spec, options).catch((error) => { target.textContent = `This chart cannot be drawn: ${error.message}`; });
}

function startCharts() {
  const places = [...document.querySelectorAll(".chart")];
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) { watcher.unobserve(target); draw(target); }
    }
  }, { rootMargin: "400px" });
  places.forEach((place) => watcher.observe(place));
  dark.addEventListener("change", () => places.filter((place) => place.dataset.drawn).forEach(draw));
  addEventListener("beforeprint", () => places.filter((place) => !place.dataset.drawn).forEach(draw));
}
