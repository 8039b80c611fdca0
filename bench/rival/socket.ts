import { connect, createServer, type Socket } from "node:net";

/** Each frame has a u32 with the length of its payload before it. */
const HEADER_BYTES = 4;

/** Listens on a Unix socket for one connection. */
export function acceptOne(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      server.close();
      resolve(socket);
    });
    server.on("error", reject).listen(path);
  });
}

/** Connects to a Unix socket as soon as somebody listens on it. */
export async function connectTo(path: string): Promise<Socket> {
  for (;;) {
    const socket = await tryConnect(path);
    if (socket !== undefined) return socket;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A frame around a payload of `sizeBytes` bytes. */
export function makeFrame(sizeBytes: number): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + sizeBytes, 1);
  frame.writeUInt32LE(sizeBytes, 0);
  return frame;
}

/** Calls `listener` with each payload that arrives, however the stream is cut into pieces. */
export function readFrames(socket: Socket, listener: (payload: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (piece) => {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      listener(bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    rest = bytes.subarray(at);
  });
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(socket)).once("error", () => resolve(undefined));
  });
}
