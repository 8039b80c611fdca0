import { setTimeout as wait } from "node:timers/promises";

/**
 * What happened in a cell, by name: `up`, `down`, `fault` and `refused` of a link; `matched`, `mismatched` and `withdrawn` of a
 * channel; `blob`, `news`, `asked`, `replied`, `failed` and `cancelled` of what is said on it; `mark` and `word` as they were
 * looked up.
 */
export type Entry = readonly [event: string, ...values: readonly (string | number)[]];

export type Language = "TypeScript" | "C";

/** A cell that is told what to do, in whatever language and process. */
export interface Cell {
  readonly language: Language;
  readonly peer: number;
  /** All that happened so far. */
  readonly entries: readonly Entry[];
  /** Carries out a command; a negative result is a refusal. */
  tell(...command: readonly (string | number)[]): Promise<number>;
  /** Ends it without a word, as SIGKILL does. */
  kill(): Promise<void>;
}

/** A machine with three peers on which cells of both languages can be started. */
export interface Stage {
  start(language: Language, peer: number): Promise<Cell>;
  close(): Promise<void>;
}

/** Longest wait in milliseconds, reached only if something hangs; the processor of the kernel rig is an emulated one. */
const GIVE_UP_MS = process.env["INTERCELL_KERNEL_ROOT"] === undefined ? 10_000 : 50_000;

/** The values of the entries of that name which begin with these values. */
export function heard(
  cell: Cell,
  event: string,
  ...first: readonly (string | number)[]
): readonly (string | number)[][] {
  return cell.entries
    .filter(([name, ...values]) => name === event && first.every((value, index) => values[index] === value))
    .map(([, ...values]) => values.slice(first.length));
}

/** Waits until something happened `count` times. */
export async function hears(
  cell: Cell,
  event: string,
  first: readonly (string | number)[] = [],
  count = 1,
): Promise<readonly (string | number)[][]> {
  await waitUntil(
    () => heard(cell, event, ...first).length >= count,
    () =>
      `peer ${cell.peer} in ${cell.language} told ${count} times of ${[event, ...first].join(" ")}: ` +
      JSON.stringify(cell.entries.slice(-20)),
  );
  return heard(cell, event, ...first);
}

export async function waitUntil(condition: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  const giveUpAtMs = performance.now() + GIVE_UP_MS;
  while (!(await condition())) {
    if (performance.now() > giveUpAtMs) throw new Error(`Waited in vain until ${what()}`);
    await wait(1);
  }
}

/** Languages of the two cells. */
export type Languages = readonly [left: Language, right: Language];

const LEFT = 0;
const RIGHT = 1;

/** Starts a cell with channel 0 open. */
export async function enter(stage: Stage, language: Language, peer: number): Promise<Cell> {
  const cell = await stage.start(language, peer);
  await cell.tell("open", 0, 0);
  return cell;
}

/** Two cells whose channel 0 is open to each other. */
export async function meet(stage: Stage, [left, right]: Languages): Promise<[Cell, Cell]> {
  const cells: [Cell, Cell] = [await enter(stage, left, LEFT), await enter(stage, right, RIGHT)];
  await hears(cells[0], "matched", [0, RIGHT]);
  await hears(cells[1], "matched", [0, LEFT]);
  return cells;
}
