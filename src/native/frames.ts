import { addon } from "./addon.js";
import type { Descriptor } from "./types.js";

interface Addon {
  readFrames(fd: Descriptor, bytes: Uint8Array, slots: Uint32Array, maxFrameBytes: number): number;
  writeFrames(fd: Descriptor, bytes: Uint8Array, slots: Uint32Array, count: number): number;
}

/**
 * Reads the frames that wait at a TAP interface or a packet socket, as many as are there and fit.
 *
 * @param slots takes offset and length in `bytes` of each frame in turn.
 * @param maxFrameBytes longest frame; what is longer is cut off, so let it be above the interface's MTU with the header.
 * @returns the number of frames, or `-errno`.
 */
export function readFrames(fd: Descriptor, bytes: Uint8Array, slots: Uint32Array, maxFrameBytes: number): number {
  return addon<Addon>().readFrames(fd, bytes, slots, maxFrameBytes);
}

/**
 * Gives frames to the kernel. One that it does not take (the interface is down, no memory) is passed over.
 *
 * @returns the number of frames that it took, or `-errno` if the descriptor is none of an interface any more.
 */
export function writeFrames(fd: Descriptor, bytes: Uint8Array, slots: Uint32Array, count: number): number {
  return addon<Addon>().writeFrames(fd, bytes, slots, count);
}
