import { spawnSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openChannel } from "../../src/channel/index.js";
import { generateHeaders } from "../../src/gen/c-header.js";
import { openShm } from "../../src/shm/index.js";
import { startMachine } from "../../src/sim/index.js";
import { arbitraryValue } from "../schema/arbitrary.js";
import { readSeed } from "../support/seed.js";
import { Workshop } from "./compiler.js";
import { Everything, everythingProtocol } from "./protocols.js";

const MESSAGES = 50;
const timeoutMs = 10_000;
const client = join(import.meta.dirname, "../../native/sim");

function buildMirror(shop: Workshop): string {
  for (const { name, text } of generateHeaders([everythingProtocol])) shop.write(name, text);
  // A unit of its own, as the stub is held to fewer warnings than generated headers are.
  const options = ["-std=c11", "-O1", "-g", "-fsanitize=undefined", "-fno-sanitize-recover=all", `-I${client}`];
  const stub = shop.compile("gcc", [...options, "-Wno-conversion", "-c"], join(client, "intercell_sim.c"), "sim.o");
  return shop.compile("gcc", [...options, stub], join(import.meta.dirname, "programs/mirror.c"), "mirror");
}

describe("generated C as a cell", () => {
  test("an inmate gives back what TypeScript sends when both speak the protocol over shared memory", async () => {
    expect(spawnSync("gcc", ["--version"]).status).toBe(0);
    using shop = new Workshop();
    const mirror = buildMirror(shop);
    await using machine = await startMachine();
    using node = openShm(await machine.openDevice({ peer: 0 }));
    const channel = openChannel(node.link(1), everythingProtocol, { name: "mirror" });
    const child = await machine.startCell("inmate-demo", { command: [mirror] });
    await channel.ready({ timeoutMs });
    expect(child.exitCode).toBeNull();

    const values = fc.sample(arbitraryValue(Everything) as fc.Arbitrary<never>, {
      numRuns: MESSAGES,
      seed: readSeed(),
    });
    const back = channel.receive("everything");
    for (const value of values) {
      await channel.send("everything", value);
      expect((await back.next()).value).toEqual(value);
      expect(await channel.request("echo", value, { timeoutMs })).toEqual(value);
    }
    expect(channel.latest("state")?.value).toEqual(values.at(-1));

    const log = { atNs: 5n, severity: "class", text: "grüße" } as const;
    const [logs, alarms, pings] = [channel.receive("log"), channel.receive("alarm"), channel.receive("ping")];
    await channel.send("log", log);
    await channel.send("ping", {});
    expect((await logs.next()).value).toEqual(log);
    expect((await alarms.next()).value).toEqual(log);
    expect((await pings.next()).value).toEqual({});
    expect(channel.latest("last")?.value).toEqual(log);

    expect(await channel.request("reset", {}, { timeoutMs })).toEqual({});
    await expect(channel.request("add", { value: 1 }, { timeoutMs })).rejects.toThrow(/error 1.*cannot add/);
    await expect(channel.request("tell", log, { timeoutMs })).rejects.toMatchObject({ code: "ERR_NO_HANDLER" });
    expect(channel.statistics.undecodable).toBe(0);
  });
});
