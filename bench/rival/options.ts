/** Options of the programs that do with other means what a channel does. */
export interface RivalOptions {
  readonly role: "send" | "receive" | "ping" | "pong";
  /** Unix socket. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Messages that a sender puts together into one write where it can; 1 leaves that to the library. */
  readonly batch: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  readonly trips: number;
  readonly warmupTrips: number;
}

/** Counts messages a second in a window after a warm-up. */
export async function countRate(options: RivalOptions, received: () => number): Promise<number> {
  const pause = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));
  await pause(options.warmupMs);
  const before = received();
  const begin = performance.now();
  await pause(options.windowMs);
  return (received() - before) / ((performance.now() - begin) / 1000);
}
