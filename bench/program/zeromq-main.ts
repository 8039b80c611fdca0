/** The throughput of zeromq.js over ipc, from a push socket to a pull socket. */
import { Pull, Push } from "zeromq";
import { programOptions, report } from "../child.js";
import { countRate, type RivalOptions } from "../rival/options.js";

async function send({ path, sizeBytes }: RivalOptions): Promise<void> {
  const socket = new Push({ linger: 0 });
  socket.connect(`ipc://${path}`);
  const payload = Buffer.alloc(sizeBytes, 1);
  let connected = true;
  socket.events.on("disconnect", () => {
    connected = false;
  });
  // A send that waits for a peer that is gone would wait for ever.
  socket.sendTimeout = 1000;
  while (connected) await socket.send(payload).catch(() => undefined);
  socket.close();
}

async function receive(options: RivalOptions): Promise<void> {
  const socket = new Pull({ linger: 0 });
  await socket.bind(`ipc://${options.path}`);
  let received = 0;
  const count = async (): Promise<void> => {
    for await (const _ of socket) received += 1;
  };
  void count();
  report({ perSecond: await countRate(options, () => received) });
}

const options = programOptions<RivalOptions>();
// Neither end waits for what is under way, which is why the process is left rather than ended.
await (options.role === "send" ? send(options) : receive(options));
process.exit(0);
