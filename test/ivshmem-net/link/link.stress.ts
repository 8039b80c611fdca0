import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { bundleSource } from "../../../scripts/bundle-source.mjs";
import type { NetLinkOptions } from "../../../src/ivshmem-net/index.js";
import { seenByAll } from "../../channel/station.js";
import { NetStage, needsNamespaces } from "../namespaces.js";
import { type Life, Lives, type NetPlace, needsVeth, programSource, startProgram, VethPair } from "./netns.js";

/** Longest wait for anything, in milliseconds: reached only if something hangs. */
const WAIT_MS = 30_000;

/** Messages that are to arrive before something happens to a side. */
const SOME = 200;

async function until(what: string, condition: () => boolean): Promise<void> {
  const lateAtMs = performance.now() + WAIT_MS;
  while (!condition()) {
    if (performance.now() > lateAtMs) throw new Error(`Waited in vain until ${what}`);
    await sleep(5);
  }
}

interface Roles {
  readonly listen: NetLinkOptions;
  readonly connect: NetLinkOptions;
}

/** No address at all is told to the links. */
const linkLocal: Roles = { listen: { role: "listen" }, connect: { role: "connect" } };

const ipv4: Roles = {
  listen: { role: "listen", localAddress: "192.0.2.1", peerAddress: "192.0.2.2" },
  connect: { role: "connect", localAddress: "192.0.2.2", peerAddress: "192.0.2.1" },
};

const receivedOf = (life: Life, sender: Life) =>
  life.notes().received.find(({ life: number }) => number === sender.number);

const hasReceived = (life: Life, sender: Life, count: number): Promise<void> => {
  const begin = receivedOf(life, sender)?.next ?? 0;
  return until(`life ${life.number} has ${count} messages more of life ${sender.number}`, () => {
    return (receivedOf(life, sender)?.next ?? 0) >= begin + count;
  });
};

const flows = (one: Life, other: Life, count = SOME) =>
  Promise.all([hasReceived(one, other, count), hasReceived(other, one, count)]);

/** Holds what the killed life knew against what the other one knows of it, and says of its successor. */
function checkKilled(survivor: Life, killed: Life, successor: Life): void {
  const [left, right] = [survivor.notes(), killed.notes()];
  // All that the killed one was told was taken did arrive; and nothing that it had not begun to commit.
  const arrived = receivedOf(survivor, killed)?.next ?? 0;
  expect(arrived).toBeGreaterThanOrEqual(right.acknowledged);
  expect(arrived).toBeLessThanOrEqual(right.committed + 1);
  // What it has taken is not sent again to its successor, and only what the link calls lost is missing in between.
  const taken = receivedOf(killed, survivor)?.next ?? 0;
  const first = receivedOf(successor, survivor)?.first ?? 0;
  expect(taken).toBeGreaterThan(0);
  expect(first).toBeGreaterThanOrEqual(taken);
  expect(first - taken).toBeLessThanOrEqual(left.lost);
  expect(left).toMatchObject({ restarts: 1, sessions: 2 });
}

async function finish(...lives: readonly Life[]): Promise<void> {
  for (const { program } of lives) program.tell("stop");
  for (const { program } of lives) await program.next("stopped");
  for (const { program } of lives) program.tell("close");
  for (const { program } of lives) await program.exited;
}

/** Kills and starts again the side of one role. */
async function surviveKill(
  places: readonly [NetPlace, NetPlace],
  roles: Roles,
  role: "listen" | "connect",
): Promise<void> {
  await using lives = await Lives.open();
  const start = (of: "listen" | "connect") => lives.start(places[of === "listen" ? 0 : 1], roles[of]);
  const survivor = start(role === "listen" ? "connect" : "listen");
  const killed = start(role);
  await flows(survivor, killed);
  killed.program.kill();
  await killed.program.exited;
  const successor = start(role);
  await flows(survivor, successor);
  checkKilled(survivor, killed, successor);
  await finish(survivor, successor);
  expect(lives.faults).toEqual([]);
}

/** Something happens to the way between, after which the session goes on. */
async function surviveBreak(
  places: readonly [NetPlace, NetPlace],
  roles: Roles,
  happen: (stalled: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await using lives = await Lives.open();
  const [one, other] = [lives.start(places[0], roles.listen), lives.start(places[1], roles.connect)];
  await flows(one, other);
  await happen(async () => {
    await Promise.all([one, other].map(({ program }) => program.next("down")));
  });
  await flows(one, other);
  for (const life of [one, other]) expect(life.notes()).toMatchObject({ sessions: 1, restarts: 0, lost: 0 });
  await finish(one, other);
  expect(lives.faults).toEqual([]);
}

/** The application that sees the same on every link. */
async function seeTheSame(places: readonly [NetPlace, NetPlace], roles: Roles): Promise<void> {
  const bundle = await bundleSource(programSource("station"));
  const programs = (["listen", "connect"] as const).map((role, side) => {
    const place = places[side] as NetPlace;
    return startProgram(bundle, place, place.interfaceName, JSON.stringify(roles[role]));
  });
  try {
    const [seen] = (await programs[1]?.next("seen", WAIT_MS)) ?? [];
    const wanted = JSON.stringify(seenByAll, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
    expect(seen).toEqual(JSON.parse(wanted));
  } finally {
    for (const program of programs) {
      program.kill();
      await program.exited;
    }
  }
}

describe.each([
  ["IPv6 without an address", linkLocal],
  ["IPv4", ipv4],
] as const)("a link over two namespaces that a veth joins, by %s", needsVeth, (_, roles) => {
  test("lets an application see what it sees on every link", async () => {
    using veth = new VethPair();
    await seeTheSame(veth.sides, roles);
  });

  test.each(["listen", "connect"] as const)(
    "loses and doubles nothing that was taken when the process with the role %s is killed and starts again",
    async (role) => {
      using veth = new VethPair();
      await surviveKill(veth.sides, roles, role);
    },
  );

  test.each([0, 1] as const)("goes on in the same session when interface %i goes down and comes up", async (side) => {
    using veth = new VethPair();
    await surviveBreak(veth.sides, roles, async (stalled) => {
      veth.set(side, "down");
      await stalled();
      veth.set(side, "up");
      // IPv4 addresses stay; those that are link-local come back by themselves.
    });
  });
});

describe("a link over two TAPs that endpoints over ivshmem join", needsNamespaces, () => {
  test("lets an application see what it sees on every link", async () => {
    await using stage = await NetStage.create(1500);
    await seeTheSame(stage.sides, linkLocal);
  });

  test.each(["listen", "connect"] as const)(
    "loses and doubles nothing that was taken when the process with the role %s is killed and starts again",
    async (role) => {
      await using stage = await NetStage.create(16_384);
      await surviveKill(stage.sides, role === "listen" ? linkLocal : ipv4, role);
    },
  );

  test("goes on in the same session when an endpoint is killed, and its interface is another one after it", async () => {
    await using stage = await NetStage.create(1500);
    await surviveBreak(stage.sides, linkLocal, async (stalled) => {
      await stage.restart(0);
      await stalled();
      await stage.restart(1);
    });
  });
});
