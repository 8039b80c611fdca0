import { expect, test } from "vitest";
import { chooseInmate, type InmateProgram, inmatePrograms } from "../../src/cli/inmate-program.js";

function inmate(name: string, obstacle?: string): InmateProgram {
  const prepare = () => Promise.resolve({ command: [name] });
  return { name, description: name, obstacle: () => obstacle, prepare };
}

test("chooseInmate() takes the first that can run when no name is given", () => {
  const programs = [inmate("a", "gcc is missing"), inmate("b"), inmate("c")];
  expect(chooseInmate(programs).name).toBe("b");
});

test("chooseInmate() takes the one of that name when a name is given", () => {
  expect(chooseInmate([inmate("a"), inmate("b")], "b").name).toBe("b");
});

test("chooseInmate() says what is in the way when none can run", () => {
  const programs = [inmate("a", "gcc is missing"), inmate("b", "it is not built")];
  expect(() => chooseInmate(programs)).toThrow(
    expect.objectContaining({
      code: "ERR_UNSUPPORTED",
      message: "Cannot run an inmate of the demo here. a: gcc is missing; b: it is not built",
    }),
  );
});

test("chooseInmate() does not take another one when the one named cannot run", () => {
  expect(() => chooseInmate([inmate("a", "gcc is missing"), inmate("b")], "a")).toThrow(/a: gcc is missing/);
});

test("chooseInmate() lists the names when there is none of that name", () => {
  expect(() => chooseInmate([inmate("a"), inmate("b")], "c")).toThrow(
    new TypeError('There is no inmate "c": the demo has a, b'),
  );
});

test("inmatePrograms can all be prepared when nothing is in their way", async () => {
  for (const program of inmatePrograms.filter((each) => each.obstacle() === undefined)) {
    const { command } = await program.prepare(AbortSignal.timeout(10_000));
    expect(command.length).toBeGreaterThan(0);
  }
});
