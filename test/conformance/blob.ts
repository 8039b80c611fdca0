import { defineProtocol } from "../../src/channel/index.js";
import { bytes, struct, u32 } from "../../src/schema/index.js";

/** Bytes that can be told from any others by their number and size. */
const Blob = struct("Blob", { id: u32, data: bytes(900) });
const Mark = struct("Mark", { id: u32, data: bytes(300) });

/** What the cells of the conformance tests say to each other; probe.h says the same in C. */
export const Probe = defineProtocol("probe", {
  messages: { blob: Blob },
  broadcasts: { news: Blob },
  requests: { ask: { request: Blob, reply: Blob } },
  topics: { mark: Mark },
});

/** Another protocol, for channels that must not be joined. */
export const Stranger = defineProtocol("stranger", { messages: { blob: struct("Blob", { id: u32 }) } });

export interface BlobValue {
  readonly id: number;
  readonly data: Uint8Array;
}

function byteAt(id: number, index: number): number {
  return (id * 31 + index * 7) & 0xff;
}

export function makeBlob(id: number, size: number): BlobValue {
  return { id, data: Uint8Array.from({ length: size }, (_, index) => byteAt(id, index)) };
}

/** Whether the data is what {@link makeBlob} makes for the number. */
export function isWhole({ id, data }: BlobValue): boolean {
  return data.every((byte, index) => byte === byteAt(id, index));
}
