import { readdirSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { bundleSource } from "../../scripts/bundle-source.mjs";
import type { Report } from "../support/processes.js";
import { programSource, Stage } from "./stage.js";

const LIVES = 5;

test("ShmNode leaves its peer with all that it committed and state 0 when its worker thread is terminated", async () => {
  const stage = await Stage.open({ lives: LIVES, warm: 0 });
  const program = await bundleSource(programSource("worker"));
  try {
    const local = await stage.openLocal(0, { peers: [1], batch: 1, pauseMs: 0 });
    const { device } = local.traffic.node;
    let openDescriptors = 0;
    for (let life = 0; life < LIVES; life += 1) {
      const heardSoFar = local.reports.length;
      const faults: Report[] = [];
      const settings = stage.settings(1, life, { peers: [0], batch: 1, pauseMs: 0 });
      const worker = new Worker(program, { workerData: settings });
      worker.on("message", (report: Report) => {
        if (report[0] === "fault") faults.push(report);
      });
      worker.on("error", (error) => faults.push(["fault", String(error)]));
      await local.heard("messages", ([event]) => event === "open", heardSoFar);
      expect(device.stateTable.get(1)).not.toBe(0);
      await worker.terminate();
      await local.heard("the peer away", ([event, , reason]) => event === "down" && reason === "away", heardSoFar);
      expect(device.stateTable.get(1)).toBe(0);
      const committed = stage.ledger(life).sessions[0]?.committed ?? 0;
      expect([committed, committed + 1]).toContain(local.ledger.sessions[life]?.received);
      expect(faults).toEqual([]);
      const open = readdirSync("/proc/self/fd").length;
      if (life > 0) expect(open).toBe(openDescriptors);
      openDescriptors = open;
    }
    expect(local.reported("up")).toHaveLength(LIVES);
    expect(local.reported("fault")).toEqual([]);
  } finally {
    expect(await stage.close()).toEqual({ faults: [], traces: [] });
  }
});
