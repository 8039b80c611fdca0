/**
 * A cell on a device of the kernel. It reports `ready`, does nothing until it is told `go` with {@link CellSettings} (numbered
 * messages to a peer) or `echo` with {@link EchoSettings}, and then obeys `stop` (sending) and `close`.
 */
import { createInterface } from "node:readline";
import { openChannel } from "../../../../src/channel/index.js";
import { isIntercellError } from "../../../../src/errors.js";
import { openShm, type ShmNode } from "../../../../src/shm/index.js";
import { type IvshmemDevice, openUio } from "../../../../src/uio/index.js";
import { Ledger } from "../../../stress/ledger.js";
import { Traffic, type TrafficOptions } from "../../../stress/traffic.js";
import { echoProtocol } from "./echo-protocol.js";

export interface CellSettings {
  readonly address: string;
  /** Which part of the R/W section is for this life's ledger. */
  readonly life: number;
  readonly traffic: TrafficOptions;
}

export interface EchoSettings {
  readonly address: string;
  readonly peer: number;
  readonly fallbackPollMs: number;
}

const report = (...event: unknown[]) => process.stdout.write(`${JSON.stringify(event)}\n`);
let traffic: Traffic | undefined;
let node: ShmNode | undefined;

/** The process that this cell follows may be dying. */
async function openWhenFree(address: string, fallbackPollMs: number): Promise<IvshmemDevice> {
  for (;;) {
    try {
      return await openUio(address, { fallbackPollMs });
    } catch (error) {
      if (!isIntercellError(error, "ERR_IN_USE")) throw error;
    }
  }
}

async function go({ address, life, traffic: options }: CellSettings): Promise<void> {
  const device = await openWhenFree(address, 50);
  if (device.rwSection === undefined) throw new TypeError("The machine needs an R/W section for the ledgers");
  node = openShm(device);
  traffic = new Traffic(node, new Ledger(device.rwSection.bytes, life), options, report);
  node.events.on("close", () => process.stdin.destroy());
}

async function echo({ address, peer, fallbackPollMs }: EchoSettings): Promise<void> {
  node = openShm(await openWhenFree(address, fallbackPollMs));
  const channel = openChannel(node.link(peer), echoProtocol);
  channel.handle("echo", (request) => request);
  // It waits for a peer that counts as stalled, as one does on an emulated machine that has pauses.
  channel.messages.on("note", ({ value }) => void channel.send("note", { value: value + 1 }).catch(() => undefined));
  node.events.on("error", (error) => report("nodeError", "code" in error ? error.code : error.message));
  node.events.on("close", () => {
    report("closed");
    process.stdin.destroy();
  });
  await channel.ready();
  report("open");
}

async function obey(command: string, argument: unknown): Promise<void> {
  if (command === "go") await go(argument as CellSettings);
  else if (command === "echo") await echo(argument as EchoSettings);
  else if (command === "close") node?.close();
  else if (command === "rescued") report("rescued", node?.link(argument as number).statistics.rescuedByPoll);
  else if (command === "stop") {
    await traffic?.stop();
    report("stopped");
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const [command, argument] = JSON.parse(line) as [string, unknown];
  void obey(command, argument);
});
report("ready");
