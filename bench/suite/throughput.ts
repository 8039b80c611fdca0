import { rmSync } from "node:fs";
import { buildC } from "../c-program.js";
import { heapFlags } from "../cell/heap.js";
import type { Mode, ReceiveOptions, ReceiveResult, SendOptions, SendResult, TrafficOptions } from "../cell/traffic.js";
import { nodeProgram, runAlone, runPrograms, socketPath } from "../child.js";
import { createFigure } from "../figure.js";
import { type BenchDevice, LARGE_SECTION_BYTES, runCells } from "../machine.js";
import type { Plan } from "../plan.js";
import type { RivalOptions } from "../rival/options.js";
import { interleave } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";

/** Bytes of the messages that are compared. */
export const MESSAGE_BYTES = 64;

/** Messages of one write of a user of sockets who puts them together by hand. */
const CORKED_BATCH = 64;

/** What differs from 64-byte messages on one channel between two cells that spin. */
export type TrafficChange = Partial<Omit<SendOptions, "warmupMs" | "windowMs">> & {
  readonly outputBytes?: number;
  readonly senders?: number;
};

export interface TrafficResult {
  readonly sent: SendResult;
  readonly received: ReceiveResult;
  /** Of all senders together. */
  readonly perSecond: number;
}

/** Runs senders against one receiver and measures for one window. */
export async function measureTraffic(plan: Plan, mode: Mode, change: TrafficChange = {}): Promise<TrafficResult> {
  const { outputBytes = LARGE_SECTION_BYTES, senders = 1, single = false, ringBytes, ...rest } = change;
  const traffic: TrafficOptions = {
    ...{ mode, sizeBytes: MESSAGE_BYTES, wait: "manual", channels: 1, heapMessages: 0 },
    // Senders compile their code on the one core that they share.
    ...{ warmupMs: plan.warmupMs * senders, windowMs: plan.windowMs },
    ...(ringBytes === undefined ? {} : { ringBytes }),
    ...rest,
  };
  const flags = traffic.heapMessages > 0 ? heapFlags : [];
  const device: BenchDevice = { peers: 1 + senders, outputBytes };
  const ids = Array.from({ length: senders }, (_, index) => index + 1);
  const { ringBytes: _, ...receiving } = traffic;
  const receive: ReceiveOptions = { ...receiving, senders: ids };
  const send: SendOptions = { ...traffic, single };
  const results = await runCells(device, [
    nodeProgram("receive", receive, { core: 0, flags }),
    ...ids.map(() => nodeProgram("send", send, { core: 1, flags })),
  ]);
  const [received, sent] = results as [ReceiveResult, SendResult];
  return { received, sent, perSecond: received.perSecond.reduce((sum, one) => sum + one, 0) };
}

interface RawRates {
  readonly batchedPerSecond: number;
  readonly singlePerSecond: number;
}

/** Raw messages a second between two C programs: with batched publication, and with one for each message. */
export async function measureC(plan: Plan): Promise<RawRates> {
  const args = [LARGE_SECTION_BYTES, plan.windowMs, MESSAGE_BYTES, 0].map(String);
  return await runAlone<RawRates>({ command: [buildC("peer_bench"), ...args] });
}

/** Messages a second by other means. */
async function measureRival(plan: Plan, name: "socket" | "zeromq" | "message-port", batch = 1): Promise<number> {
  const { warmupMs, windowMs } = plan;
  const path = socketPath();
  const options = { path, sizeBytes: MESSAGE_BYTES, batch, warmupMs, windowMs, trips: 0, warmupTrips: 0 };
  const program = (role: RivalOptions["role"], core: number) => nodeProgram(name, { ...options, role }, { core });
  const programs = name === "message-port" ? [nodeProgram(name, options)] : [program("receive", 0), program("send", 1)];
  try {
    const [result] = (await runPrograms(programs)) as [{ readonly perSecond: number }];
    return result.perSecond;
  } finally {
    rmSync(path, { force: true });
  }
}

const rate = async (result: Promise<TrafficResult>): Promise<number> => (await result).perSecond;

async function run(plan: Plan): Promise<Outcome> {
  const rates = await interleave(plan.runs, {
    cBatched: async () => (await measureC(plan)).batchedPerSecond,
    cSingle: async () => (await measureC(plan)).singlePerSecond,
    run: () => rate(measureTraffic(plan, "run")),
    raw: () => rate(measureTraffic(plan, "raw")),
    rawSingle: () => rate(measureTraffic(plan, "raw", { single: true })),
    object: () => rate(measureTraffic(plan, "object")),
    read: () => rate(measureTraffic(plan, "read")),
    view: () => rate(measureTraffic(plan, "view")),
    socket: () => measureRival(plan, "socket"),
    corked: () => measureRival(plan, "socket", CORKED_BATCH),
    zeromq: () => measureRival(plan, "zeromq"),
    messagePort: () => measureRival(plan, "message-port"),
  });
  const figure = (name: string, values: number[], baselines: number[], least?: number) =>
    createFigure({
      name,
      unit: "messages/s",
      values,
      baselines,
      ...(least === undefined ? {} : { target: { least } }),
    });
  return {
    figures: [
      figure("raw by runs of 64, spin / C-C", rates.run, rates.cBatched, 0.5),
      figure("raw, one to a call, spin / C-C", rates.raw, rates.cBatched),
      figure("raw, spin, each published alone / C-C the same", rates.rawSingle, rates.cSingle),
      figure("typed objects, spin / C-C raw", rates.object, rates.cBatched, 0.15),
      figure("typed read through a view, spin / C-C raw", rates.read, rates.cBatched, 0.3),
      figure("typed written and read in place, spin / C-C raw", rates.view, rates.cBatched),
      figure("typed objects, spin / node:net", rates.object, rates.socket, 15),
      figure(`typed objects, spin / node:net corked by ${CORKED_BATCH}`, rates.object, rates.corked),
      figure("typed objects, spin / zeromq.js ipc", rates.object, rates.zeromq, 30),
      figure("typed objects, spin / MessagePort", rates.object, rates.messagePort, 30),
    ],
  };
}

/** Messages a second from one process to another. */
export const throughput: Suite = { name: "throughput", run };
