import { expect } from "vitest";
import { bundleSource } from "../../scripts/bundle-source.mjs";
import { root } from "../architecture/source.js";
import { Companion } from "../kernel/can/process.js";

/** The command of a Pi's program: the program and what is before and after its path. */
export type PiCommand = (pi: "pi-a" | "pi-b", program: string) => readonly [file: string, ...words: string[]];

/** Runs the two programs of examples/can/two-pis until Pi B has ended, and holds what they print against what they promise. */
export async function playTwoPis(command: PiCommand): Promise<void> {
  const start = async (pi: "pi-a" | "pi-b"): Promise<Companion> => {
    const [file, ...words] = command(pi, await bundleSource(`${root}/examples/can/two-pis/${pi}.ts`));
    return new Companion(file, words);
  };
  const piB = await start("pi-b");
  const piA = await start("pi-a");
  try {
    expect(await piB.end()).toBe(0);
    await piA.line("Pi B is gone: peer closed");
    piA.kill("SIGINT");
    expect(await piA.end()).toBe(0);
  } finally {
    piA.kill("SIGKILL");
    piB.kill("SIGKILL");
  }
  const [waits, ...said] = piB.lines;
  expect(waits).toMatch(/^Pi B waits for Pi A on /);
  expect(said.pop()).toMatch(/^Pi A has \d+ more, the worst of all was \d+ µs late$/);
  const numbers = said.map((line) => Number(/^reading (\d+): \d+ µs late$/.exec(line)?.[1]));
  expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  expect(piA.lines.slice(0, 2)).toEqual([
    expect.stringMatching(/^Pi A measures its timer and sends to Pi B on /),
    "Pi B is there",
  ]);
  expect(piA.lines.at(-1)).toMatch(/^\d+ readings, 0 of them not sent$/);
}
