// Draws every figure with data-chart from the table beside it: the table is the truth, the drawing a view of it.
import uPlot from "uplot";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const inks = () => [css("--leaf"), css("--clay"), css("--calm"), css("--warn")];
const dashes = [[], [6, 4], [2, 3], [10, 3, 2, 3]]; // so that lines differ on grey paper too

const DAY = 86400; // seconds
const tongue = () => (document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang); // 26 Nov, as on every page
const STEPS = [1, 2, 7, 14, 28, 91, 182, 364].map((days) => days * DAY); // how far apart two dates of an axis may be
// Read from what is drawn: to a single value the library would give a range of its own, years of it for a day.
const ends = ({ data: [at] }) => [at[0], at.at(-1)];

function atLeastAWeek(chart) {
  const [first, last] = ends(chart);
  const spare = last - first < 6 * DAY ? (7 * DAY - (last - first)) / 2 : 0;
  return [first - spare, last + spare];
}

function wholeBars(chart) {
  const [first, last] = ends(chart);
  return [first - 0.5, last + 0.5];
}

function dates(_, ticks) {
  const long = ticks.length > 1 && ticks.at(-1) - ticks[0] > 300 * DAY;
  const form = new Intl.DateTimeFormat(tongue(), long ? { month: "short", year: "numeric" } : { day: "numeric", month: "short" });
  return ticks.map((tick) => form.format(new Date(tick * 1000)));
}

function read(table) {
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows];
  const value = (cell) => (cell.dataset.value === undefined || cell.dataset.value === "" ? null : Number(cell.dataset.value));
  const times = rows.every((row) => row.cells[0].dataset.value);
  const x = rows.map((row, place) => (times ? Number(row.cells[0].dataset.value) : place));
  const series = heads.slice(1).map((_, column) => rows.map((row) => value(row.cells[column + 1])));
  return { heads, labels: rows.map((row) => row.cells[0].textContent.trim()), times, data: [x, ...series] };
}

function options(figure, { heads, labels, times }, width) {
  const bars = figure.dataset.chart === "bars";
  const ink = css("--soft");
  const axis = { stroke: ink, grid: { stroke: css("--edge"), width: 1 }, ticks: { show: false }, font: `13px ${css("--sans")}` };
  const short = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" });
  const full = new Intl.NumberFormat(document.documentElement.lang);
  return {
    width,
    height: Math.max(220, Math.min(340, width * 0.45)),
    scales: { x: { time: times && !bars, range: bars ? wholeBars : times ? atLeastAWeek : undefined }, y: { range: (_, low, high) => [Math.min(0, low), high || 1] } },
    legend: { live: true },
    cursor: { drag: { x: false, y: false } },
    axes: [
      bars || !times ? { ...axis, grid: { show: false }, splits: (u) => u.data[0], values: (_, ticks) => ticks.map((tick) => labels[tick] ?? "") } : { ...axis, incrs: STEPS, space: 80, values: dates },
      { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => short.format(tick)) },
    ],
    series: [
      { label: heads[0], value: (_, at) => (at == null ? "" : times ? new Date(at * 1000).toLocaleDateString(tongue()) : labels[at]) },
      ...heads.slice(1).map((label, place) => ({
        label,
        value: (_, at) => (at == null ? "" : full.format(at)), // nothing, and not two dashes, while nobody points
        stroke: inks()[place % 4],
        fill: bars ? `${inks()[place % 4]}cc` : undefined,
        dash: dashes[place % 4],
        width: 2,
        points: { show: !bars },
        paths: bars ? uPlot.paths.bars({ size: [0.72 - 0.16 * place, 72 - 16 * place] }) : undefined, // one within the other
      })),
    ],
  };
}

function draw(figure) {
  const place = figure.querySelector(".plot");
  const found = read(figure.querySelector("details table")); // not the legend of an earlier drawing
  place.replaceChildren();
  if (!found.data[0].length) return;
  new uPlot(options(figure, found, place.clientWidth || figure.clientWidth), found.data, place);
}

const all = () => document.querySelectorAll("figure[data-chart]").forEach(draw);
all();
let soon;
addEventListener("resize", () => {
  clearTimeout(soon);
  soon = setTimeout(all, 150);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
document.addEventListener("htmx:afterSettle", all);
