import { defineProtocol, openChannel } from "intercell/channel";
import { struct, text, u32 } from "intercell/schema";
import { openShm, type ShmNode } from "intercell/shm";
import { startMachine } from "intercell/sim";

const ROOT_CELL = 0;
const WORKERS = [1, 2];

const Job = struct("Job", { number: u32, what: text(32) });
const Result = struct("Result", { number: u32, words: u32 });
const Notice = struct("Notice", { text: text(48) });
const pool = defineProtocol("pool", {
  requests: { work: { request: Job, reply: Result } },
  broadcasts: { notice: Notice },
});

// Each cell has one node on the device, and on it a link to each peer that it talks to.
await using machine = await startMachine();
using root = openShm(await machine.openDevice({ peer: ROOT_CELL }));

const nodes: ShmNode[] = [];
const heard = WORKERS.map(async (peer) => {
  const node = openShm(await machine.openDevice({ peer }));
  nodes.push(node);
  const channel = openChannel(node.link(ROOT_CELL), pool);
  channel.handle("work", ({ number, what }) => ({ number, words: what.split(" ").length }));
  for await (const notice of channel.receive("notice")) return `worker ${peer} heard: ${notice.text}`;
  return `worker ${peer} heard nothing`;
});

const channels = WORKERS.map((peer) => openChannel(root.link(peer), pool));
await Promise.all(channels.map((channel) => channel.ready({ timeoutMs: 5000 })));

const texts = ["one job for a worker", "and another one"];
const results = await Promise.all(
  channels.map((channel, number) => channel.request("work", { number, what: texts[number] ?? "" })),
);
for (const { number, words } of results) console.log(`job ${number} has ${words} words`);

// A broadcast goes to all peers at once, on whichever channel it is sent. It waits for nobody: a peer that is far
// behind misses it and counts what it missed.
channels[0]?.broadcast("notice", { text: "that was all" });
for (const line of await Promise.all(heard)) console.log(line);
for (const node of nodes) node.close();
