import { expect, test } from "vitest";
import { formatCellList } from "../../src/jailhouse/cell-list.js";

const columns = [0, 8, 32, 50, 74, 98];

function cut(line: string): readonly string[] {
  return columns.slice(0, -1).map((begin, index) => line.slice(begin, columns[index + 1]));
}

test("formatCellList() pads each column to Jailhouse's widths when the texts fit", () => {
  const lines = formatCellList([
    { id: 0, name: "Raspberry-Pi4", state: "running", cpusAssigned: "0,2-3", cpusFailed: "" },
    { id: 12, name: "inmate-demo", state: "Comm ABI mismatch", cpusAssigned: "1", cpusFailed: "1" },
  ]);
  expect(lines.map((line) => line.length)).toEqual([98, 98, 98]);
  expect(lines.map((line) => cut(line).map((text) => text.trimEnd()))).toEqual([
    ["ID", "Name", "State", "Assigned CPUs", "Failed CPUs"],
    ["0", "Raspberry-Pi4", "running", "0,2-3", ""],
    ["12", "inmate-demo", "Comm ABI mismatch", "1", "1"],
  ]);
});

test("formatCellList() cuts nothing off when a name is longer than its column", () => {
  const name = "n".repeat(31);
  const [, line] = formatCellList([{ id: 1, name, state: "failed", cpusAssigned: "1", cpusFailed: "1" }]);
  expect(line).toMatch(new RegExp(`^1 {7}${name}failed {12}1 {23}1 {23}$`));
});

test("formatCellList() gives the titles alone when there are no cells", () => {
  expect(formatCellList([])).toHaveLength(1);
});
