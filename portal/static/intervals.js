// Draws every interval of some days, to be zoomed by dragging or by buttons. The bars and the table beside it say the same without it.
const box = document.getElementById("intervals");
const { title, unit, zone } = box.dataset;
const buttons = document.getElementById("zoom");
const status = document.getElementById("drawing");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
let plot, xs, ys;

const options = (width) => {
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
  return {
    width,
    height: 280,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    fmtDate: (shape) => uPlot.fmtDate(shape.replace("{h}{aa}", "{HH}:00").replace("{h}:{mm}{aa}", "{HH}:{mm}")),
    cursor: { drag: { x: true, y: false } },
    scales: { y: { range: (_, least, most) => [Math.min(0, least ?? 0), (most ?? 1) * 1.05 || 1] } },
    axes: [{ ...axis, space: 64 }, { ...axis, size: 56 }],
    series: [
      { label: box.dataset.when, value: (_, seconds) => (seconds === null ? "–" : moment(seconds)) },
      {
        label: title,
        stroke: colour("--strong"),
        fill: colour("--tint"),
        width: 1.5,
        paths: uPlot.paths.stepped({ align: 1 }),
        points: { show: false },
        value: (_, kwh) => (kwh === null ? "–" : `${kwh} ${unit}`),
      },
    ],
  };
};

const moment = (seconds) =>
  new Date(seconds * 1000).toLocaleString(document.documentElement.lang, {
    timeZone: zone, month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false,
  });

const draw = () => {
  plot?.destroy();
  plot = new uPlot(options(box.clientWidth), [xs, ys], box);
};

// Half as much, twice as much, a half to either side, or all: whatever dragging does, for whoever cannot drag.
const zoom = {
  in: (from, to) => [from + (to - from) / 4, to - (to - from) / 4],
  out: (from, to) => [from - (to - from) / 2, to + (to - from) / 2],
  left: (from, to) => [from - (to - from) / 2, to - (to - from) / 2],
  right: (from, to) => [from + (to - from) / 2, to + (to - from) / 2],
  all: () => [xs[0], xs.at(-1)],
};
const within = ([from, to]) => {
  const length = Math.min(to - from, xs.at(-1) - xs[0]);
  const start = Math.min(Math.max(from, xs[0]), xs.at(-1) - length);
  return { min: start, max: start + length };
};
buttons.addEventListener("click", ({ target }) => {
  const way = target.closest("button")?.value;
  if (way && plot) plot.setScale("x", within(zoom[way](plot.scales.x.min, plot.scales.x.max)));
});

try {
  const answer = await fetch(box.dataset.src, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.statusText);
  const { start, minutes, energies } = await answer.json();
  xs = energies.map((_, place) => start + place * minutes * 60);
  ys = energies.map((energy) => (energy === null ? null : energy / 1e6));
  box.hidden = buttons.hidden = false;
  draw();
  new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: 280 })).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
} catch {
  status.hidden = false;
}
