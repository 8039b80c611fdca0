import type { Histogram } from "./histogram.js";

/** A latency distribution with the name that the legend shows. */
export interface Curve {
  readonly name: string;
  readonly histogram: Histogram;
}

const width = 860;
const height = 480;
const left = 80;
const right = 250;
const top = 30;
const bottom = 50;
const colours = ["#1b6ca8", "#c8553d", "#3a7d44", "#8e5ea2", "#c99700", "#4d4d4d", "#00838f", "#ad1457"];

/** The quantiles that have a mark below the axis. */
const marks: readonly (readonly [fraction: number, label: string])[] = [
  [0, "0"],
  [0.9, "90 %"],
  [0.99, "99 %"],
  [0.999, "99.9 %"],
  [0.9999, "99.99 %"],
  [0.99999, "99.999 %"],
  [0.999999, "99.9999 %"],
];

const pointsOfDecade = 24;

/** Draws the quantiles of each curve: the time upwards on a logarithmic scale, the tail stretched to the right. */
export function drawLatencies(curves: readonly Curve[]): string {
  const drawn = curves.filter(({ histogram }) => histogram.count > 0);
  const decades = Math.max(1, Math.ceil(Math.log10(Math.max(10, ...drawn.map(({ histogram }) => histogram.count)))));
  const least = Math.floor(Math.log10(Math.max(1, Math.min(...drawn.map(({ histogram }) => histogram.quantile(0))))));
  const most = Math.ceil(Math.log10(Math.max(10, ...drawn.map(({ histogram }) => histogram.max))));
  const x = (decade: number): number => left + (decade / decades) * (width - left - right);
  const y = (valueNs: number): number =>
    height -
    bottom -
    ((Math.log10(Math.max(1, valueNs)) - least) / Math.max(1, most - least)) * (height - top - bottom);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${left}" y="18" font-size="14">Round trips: time within which the share of them was done</text>`,
    ...Array.from({ length: most - least + 1 }, (_, index) => drawTime(least + index, y(10 ** (least + index)))),
    ...marks.filter((_, decade) => decade <= decades).map(([, label], decade) => drawShare(label, x(decade))),
    ...drawn.map(({ histogram }, index) => drawCurve(histogram, colourOf(index), x, y)),
    ...drawn.map(({ name }, index) => drawName(name, index)),
    "</svg>\n",
  ].join("\n");
}

function drawCurve(
  histogram: Histogram,
  colour: string,
  x: (decade: number) => number,
  y: (valueNs: number) => number,
): string {
  const end = Math.log10(histogram.count);
  const points = Array.from({ length: Math.floor(end * pointsOfDecade) + 1 }, (_, index) => index / pointsOfDecade);
  const path = [...points, end].map((decade) => {
    const at = histogram.quantile(1 - 10 ** -decade);
    return `${x(decade).toFixed(1)},${y(at).toFixed(1)}`;
  });
  return `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${path.join(" ")}"/>`;
}

function drawTime(exponent: number, at: number): string {
  const line = `<line x1="${left}" x2="${width - right}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}" stroke="#ddd"/>`;
  return `${line}<text x="${left - 8}" y="${(at + 4).toFixed(1)}" text-anchor="end">${formatTime(exponent)}</text>`;
}

function drawShare(label: string, at: number): string {
  const line = `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${top}" y2="${height - bottom}" stroke="#eee"/>`;
  return `${line}<text x="${at.toFixed(1)}" y="${height - bottom + 18}" text-anchor="middle">${label}</text>`;
}

function drawName(name: string, index: number): string {
  const at = top + 20 + index * 20;
  const x = width - right + 20;
  const line = `<line x1="${x}" x2="${x + 24}" y1="${at - 4}" y2="${at - 4}" stroke="${colourOf(index)}" stroke-width="3"/>`;
  return `${line}<text x="${x + 32}" y="${at}">${escapeText(name)}</text>`;
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? "#000";
}

function formatTime(exponent: number): string {
  const units = ["ns", "µs", "ms", "s"];
  const unit = Math.min(Math.floor(exponent / 3), units.length - 1);
  return `${10 ** (exponent - 3 * unit)} ${units[unit]}`;
}

function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
