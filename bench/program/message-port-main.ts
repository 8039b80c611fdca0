/** The throughput of a MessagePort between two worker threads of one process. */
import { MessageChannel, type MessagePort, Worker, workerData } from "node:worker_threads";
import { programOptions, report } from "../child.js";
import { countRate, type RivalOptions } from "../rival/options.js";

/** Messages under way at most: a port has no bound of its own, so the receiver gives credit. */
const CREDIT = 4096;
const CREDIT_STEP = 1024;

interface Role {
  readonly role: "send" | "receive";
  readonly port: MessagePort;
  readonly options: RivalOptions;
}

function send(port: MessagePort, sizeBytes: number): void {
  const payload = new Uint8Array(sizeBytes).fill(1);
  const post = (count: number): void => {
    for (let sent = 0; sent < count; sent += 1) port.postMessage(payload);
  };
  port.on("message", () => post(CREDIT_STEP));
  post(CREDIT);
}

async function receive(port: MessagePort, options: RivalOptions): Promise<void> {
  let received = 0;
  port.on("message", () => {
    received += 1;
    if (received % CREDIT_STEP === 0) port.postMessage(0);
  });
  const perSecond = await countRate(options, () => received);
  report({ perSecond });
  port.close();
}

function start(): void {
  const options = programOptions<RivalOptions>();
  const { port1, port2 } = new MessageChannel();
  for (const [role, port] of [["send", port1] as const, ["receive", port2] as const]) {
    new Worker(new URL(import.meta.url), {
      argv: process.argv.slice(2),
      workerData: { role, port, options },
      transferList: [port],
    });
  }
}

const given = workerData as Role | null;
if (given === null) start();
else if (given.role === "send") send(given.port, given.options.sizeBytes);
else await receive(given.port, given.options);
