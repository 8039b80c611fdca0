import { describe, expect, test } from "vitest";
import { bundleSource } from "../../scripts/bundle-source.mjs";
import { listMachines } from "../../src/sim/index.js";
import { Program, tracesOf } from "../support/processes.js";
import { createRandom, finish, programSource, Stage, sleep, until } from "./stage.js";

const STARTERS = 10;
const AT_ONCE = 2;

describe("machines side by side", () => {
  test("startMachine() keeps two machines apart when both have the same peers", async () => {
    const stages = [await Stage.open({ lives: 1, warm: 1 }), await Stage.open({ lives: 1, warm: 1 })];
    try {
      const sides = await Promise.all(
        stages.map(async (stage, index) => {
          const traffic = { batch: 4, pauseMs: index };
          const local = await stage.openLocal(0, { ...traffic, peers: [1] });
          const cell = await stage.pool.take({ refill: false });
          cell.tell("go", stage.settings(1, 0, { ...traffic, peers: [0] }));
          await Promise.all([cell.next("open"), local.heard("messages", ([event]) => event === "open")]);
          return { stage, local, cell };
        }),
      );
      await sleep(200);
      for (const { stage, local, cell } of sides) {
        await local.traffic.stop();
        await finish([cell]);
        await local.heard("the end", ([event, , reason]) => event === "down" && reason === "peer closed");
        const [own] = local.ledger.sessions;
        const [other] = stage.ledger(0).sessions;
        expect(own?.received).toBe(other?.committed);
        expect(own?.committed).toBe(other?.received);
        expect(own?.received).toBeGreaterThan(0);
        expect(local.reported("fault")).toEqual([]);
      }
    } finally {
      for (const stage of stages) expect(await stage.close()).toEqual({ faults: [], traces: [] });
    }
  });

  test("startMachine() leaves nothing behind when ten starters are killed with their links in use", async () => {
    const random = createRandom("machines");
    const [starter, cell] = await Promise.all([
      bundleSource(programSource("starter")),
      bundleSource(programSource("cell")),
    ]);
    const names: string[] = [];
    for (let started = 0; started < STARTERS; started += AT_ONCE) {
      const programs = Array.from({ length: AT_ONCE }, () => new Program(starter, [cell]));
      for (const program of programs) {
        const [name] = await program.next("up");
        names.push(String(name));
        expect(listMachines()).toContain(name);
        expect(tracesOf(String(name))).not.toEqual([]);
      }
      await sleep(random() * 20);
      for (const program of programs) program.kill();
      await Promise.all(programs.map((program) => program.exited));
    }
    expect(new Set(names).size).toBe(STARTERS);
    await until("no traces of the machines", () => names.every((name) => tracesOf(name).length === 0));
  });
});
