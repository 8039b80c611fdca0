/**
 * A cell with traffic to its peers. It reports `ready`, does nothing until it is told `go` with {@link CellSettings},
 * and then obeys `stop` (sending), `close` and `block` (milliseconds without event loop). An argument stands for the
 * first command.
 */
import { createInterface } from "node:readline";
import { isIntercellError } from "../../../src/errors.js";
import { openShm, type ShmNodeOptions } from "../../../src/shm/index.js";
import { type OpenSimOptions, openSim } from "../../../src/sim/index.js";
import type { IvshmemDevice } from "../../../src/uio/index.js";
import { Ledger } from "../ledger.js";
import { Traffic, type TrafficOptions } from "../traffic.js";

export interface CellSettings {
  readonly machine: string;
  readonly peer: number;
  /** Which part of the R/W section is for this life's ledger. */
  readonly life: number;
  readonly traffic: TrafficOptions;
  readonly node?: ShmNodeOptions;
}

const report = (...event: unknown[]) => process.stdout.write(`${JSON.stringify(event)}\n`);
let traffic: Traffic | undefined;

/** The peer that this cell follows may be dying. */
async function openWhenFree(options: OpenSimOptions): Promise<IvshmemDevice> {
  for (;;) {
    try {
      return await openSim(options);
    } catch (error) {
      if (!isIntercellError(error, "EBUSY")) throw error;
    }
  }
}

async function go({ machine, peer, life, traffic: options, node }: CellSettings): Promise<void> {
  const device = await openWhenFree({ machine, peer });
  if (device.rwSection === undefined) throw new TypeError("The machine needs an R/W section for the ledgers");
  traffic = new Traffic(openShm(device, node), new Ledger(device.rwSection.bytes, life), options, report);
  traffic.node.events.on("close", () => process.stdin.destroy());
}

async function obey(command: string, argument: unknown): Promise<void> {
  if (command === "go") await go(argument as CellSettings);
  else if (command === "block") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, argument as number);
  else if (command === "close") traffic?.node.close();
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
const [, , settings] = process.argv;
if (settings !== undefined) void obey("go", JSON.parse(settings));
