/** One cell, in the words of its files in sysfs (`/sys/devices/jailhouse/cells/<id>`). */
export interface JailhouseCell {
  /** 0 is the root cell. */
  readonly id: number;
  readonly name: string;
  /** `running`, `running/locked`, `shut down`, `failed`, `Comm ABI mismatch` or `invalid`. */
  readonly state: string;
  /** In sysfs' list form, such as `"0,2-3"`; empty if there are none. */
  readonly cpusAssigned: string;
  /** In the same form. */
  readonly cpusFailed: string;
}

/** Titles and widths of the columns of `jailhouse cell list` (Jailhouse, tools/jailhouse.c). */
const columns = [
  { title: "ID", width: 8 },
  { title: "Name", width: 24 },
  { title: "State", width: 18 },
  { title: "Assigned CPUs", width: 24 },
  { title: "Failed CPUs", width: 24 },
] as const;

/**
 * The table that `jailhouse cell list` prints, one string for each line, the first being the titles. Each column is
 * padded to its width, the last one too; a text that is longer moves the rest to the right.
 */
export function formatCellList(cells: readonly JailhouseCell[]): readonly string[] {
  const rows = cells.map(({ id, name, state, cpusAssigned, cpusFailed }) =>
    formatRow([String(id), name, state, cpusAssigned, cpusFailed]),
  );
  return [formatRow(columns.map(({ title }) => title)), ...rows];
}

function formatRow(texts: readonly string[]): string {
  return columns.map(({ width }, index) => (texts[index] ?? "").padEnd(width)).join("");
}
