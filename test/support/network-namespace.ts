import { closeSync, openSync } from "node:fs";
import ffi from "ffi-napi";

/** linux/sched.h */
const CLONE_NEWNET = 0x4000_0000;

const libc = ffi.Library(null, { unshare: ["int", ["int"]], setns: ["int", ["int", "int"]] });

/**
 * A network namespace of the test's own: sockets that this thread opens while it is entered belong to it. Programs that are
 * started meanwhile run in it, too.
 */
export class TestNamespace {
  readonly #own: number;
  readonly #before: number;

  /** Makes one and enters it. */
  constructor() {
    // The thread's own, as the process's is that of its first thread.
    this.#before = openSync("/proc/thread-self/ns/net", "r");
    if (libc["unshare"]?.(CLONE_NEWNET) !== 0) {
      closeSync(this.#before);
      throw new Error("Cannot make a network namespace: that takes root");
    }
    this.#own = openSync("/proc/thread-self/ns/net", "r");
  }

  /** A file that stands for the namespace, for this process. */
  get path(): string {
    return `/proc/self/fd/${this.#own}`;
  }

  enter(): void {
    this.#go(this.#own);
  }

  leave(): void {
    this.#go(this.#before);
  }

  /** Leaves it; it goes with all that is in it once nothing else uses it. */
  close(): void {
    this.leave();
    closeSync(this.#own);
    closeSync(this.#before);
  }

  #go(namespace: number): void {
    if (libc["setns"]?.(namespace, CLONE_NEWNET) !== 0) throw new Error("Cannot enter a network namespace");
  }
}

/** Whether this process may make network namespaces. */
export function canMakeNamespaces(): boolean {
  try {
    new TestNamespace().close();
    return true;
  } catch {
    return false;
  }
}

export const NO_NAMESPACES = "this process may not make network namespaces: that takes root";

/** A kind of interface that is no pair and needs no options, and which small kernels have, too. */
export const SINGLE = "bridge";
