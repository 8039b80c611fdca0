/**
 * Becomes the user that its second argument names, connects to the socket named by the first, says hello as a cell and prints the
 * errno that the broker answers with.
 */
import {
  closeDescriptor,
  connectUnix,
  createEventfd,
  receiveMessageBlocking,
  sendMessage,
} from "../../../src/native.js";
import { ClientKind, decodeWelcome, encodeHello, MAX_MESSAGE_BYTES } from "../../../src/sim/wire.js";

const [name = "", user = ""] = process.argv.slice(2);
// The addon is loaded before, as the other user may not see this clone.
closeDescriptor(createEventfd());
process.setuid?.(Number(user));
const descriptor = connectUnix(name);
sendMessage(descriptor, encodeHello({ kind: ClientKind.CELL, device: 0, peer: 2 }), []);
const message = receiveMessageBlocking(descriptor, MAX_MESSAGE_BYTES, 10_000);
if (message === undefined) throw new Error("The broker did not answer");
process.stdout.write(`${JSON.stringify([decodeWelcome(message.bytes).errno, message.descriptors.length])}\n`);
closeDescriptor(descriptor);
