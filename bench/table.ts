import type { Figure } from "./figure.js";

const headings = ["name", "value", "unit", "baseline", "ratio", "target", "met"];

/** Columns that hold numbers, which stand to the right. */
const numeric = [1, 3, 4];

/** The figures as a table for a terminal, one line each. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = [headings, ...figures.map(formatRow)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const rule = widths.map((width) => "-".repeat(width));
  const [head = [], ...body] = rows;
  return [head, rule, ...body].map((row) => joinRow(row, widths)).join("\n");
}

/** About four significant digits: more would be noise. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1000 || value === 0) return Math.round(value).toLocaleString("en-US");
  const digits = Math.max(0, 3 - Math.floor(Math.log10(magnitude)));
  return value
    .toFixed(Math.min(digits, 6))
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
}

function formatRow({ name, value, unit, baseline, ratio, target, met }: Figure): string[] {
  const verdict = met === null ? "" : met ? "yes" : "NO";
  const numbers = [baseline, ratio].map((number) => (number === null ? "" : formatNumber(number)));
  return [name, formatNumber(value), unit, ...numbers, target ?? "", verdict];
}

function joinRow(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => {
    const width = widths[column] ?? 0;
    return numeric.includes(column) ? cell.padStart(width) : cell.padEnd(width);
  });
  return cells.join("  ").trimEnd();
}
