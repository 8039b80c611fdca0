/**
 * Connects to the socket named by its argument, as whoever runs it, says hello as a cell and prints the errno that the
 * broker answers with.
 */
import { closeDescriptor, connectUnix, receiveMessageBlocking, sendMessage } from "../../../src/native.js";
import { ClientKind, decodeWelcome, encodeHello, MAX_MESSAGE_BYTES } from "../../../src/sim/wire.js";

const descriptor = connectUnix(process.argv[2] ?? "");
sendMessage(descriptor, encodeHello({ kind: ClientKind.CELL, device: 0, peer: 2 }), []);
const message = receiveMessageBlocking(descriptor, MAX_MESSAGE_BYTES, 10_000);
if (message === undefined) throw new Error("The broker did not answer");
process.stdout.write(`${JSON.stringify([decodeWelcome(message.bytes).errno, message.descriptors.length])}\n`);
closeDescriptor(descriptor);
