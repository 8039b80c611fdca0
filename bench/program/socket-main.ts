/** The measurements over node:net on a Unix socket. */
import type { Socket } from "node:net";
import { programOptions, report } from "../child.js";
import { Histogram } from "../histogram.js";
import { countRate, type RivalOptions } from "../rival/options.js";
import { acceptOne, connectTo, makeFrame, readFrames } from "../rival/socket.js";

/** Frames written before the event loop gets a turn. */
const FRAMES_PER_TURN = 256;

async function send(socket: Socket, { sizeBytes, batch }: RivalOptions): Promise<void> {
  const frame = makeFrame(sizeBytes);
  let wake: () => void = () => undefined;
  socket.on("drain", () => wake()).on("close", () => wake());
  while (!socket.destroyed) {
    let hasRoom = true;
    for (let frames = 0; frames < FRAMES_PER_TURN && hasRoom; frames += batch) {
      if (batch > 1) socket.cork();
      for (let index = 0; index < batch; index += 1) hasRoom = socket.write(frame);
      if (batch > 1) socket.uncork();
    }
    if (hasRoom) await new Promise((resolve) => setImmediate(resolve));
    else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}

async function receive(socket: Socket, options: RivalOptions): Promise<void> {
  let received = 0;
  readFrames(socket, () => {
    received += 1;
  });
  const perSecond = await countRate(options, () => received);
  socket.destroy();
  report({ perSecond });
}

async function ping(socket: Socket, { sizeBytes, trips, warmupTrips }: RivalOptions): Promise<void> {
  const frame = makeFrame(sizeBytes);
  let wake: () => void = () => undefined;
  readFrames(socket, () => wake());
  const histogram = new Histogram();
  for (let trip = 0; trip < warmupTrips + trips; trip += 1) {
    const start = performance.now();
    await new Promise<void>((resolve) => {
      wake = resolve;
      socket.write(frame);
    });
    if (trip >= warmupTrips) histogram.record((performance.now() - start) * 1e6);
  }
  socket.destroy();
  report({ histogram: histogram.toJSON() });
}

async function main(options: RivalOptions): Promise<void> {
  const { role, path, sizeBytes } = options;
  const socket = await (role === "receive" || role === "pong" ? acceptOne(path) : connectTo(path));
  // The end that measures leaves when it has enough, in the middle of what the other one writes.
  socket.on("error", () => socket.destroy());
  if (role === "send") await send(socket, options);
  else if (role === "receive") await receive(socket, options);
  else if (role === "ping") await ping(socket, options);
  else {
    const frame = makeFrame(sizeBytes);
    readFrames(socket, () => socket.write(frame));
    await new Promise((resolve) => socket.once("close", resolve));
  }
}

await main(programOptions<RivalOptions>());
