/** Counters of an endpoint since it was opened; all u53. What was lost is counted in the `dropped` and `refused` ones. */
export interface IvshmemNetStatistics {
  readonly txFrames: number;
  readonly txBytes: number;
  /** Frames that `trySend` turned down, as the link was not up or the ring full. */
  readonly txRefused: number;
  /** Frames of a batch that were shorter than an Ethernet header or longer than the MTU allows, and passed over. */
  readonly txUnfit: number;
  /** Frames in the ring that the peer had not acknowledged when the link went down. */
  readonly txLost: number;
  readonly rxFrames: number;
  readonly rxBytes: number;
  /** Frames that arrived while nobody listened. */
  readonly rxUnclaimed: number;
  /** Frames that a reader of `frames()` had no room for. */
  readonly rxDropped: number;
  /** Frames longer than the MTU allows, and such shorter than an Ethernet header. */
  readonly rxOversized: number;
  readonly rxRunts: number;
  /** Times that frames were taken out of the ring, each any number at once. */
  readonly rxBatches: number;
  readonly doorbellsRung: number;
  /** Publications and acknowledgements of which the peer did not want to hear. */
  readonly doorbellsSaved: number;
  readonly interrupts: number;
  /** Times that the fallback poll found frames that no interrupt had announced. */
  readonly rescuedByPoll: number;
  /** Times that the link came up, and that it was reset as the peer broke the protocol. */
  readonly ups: number;
  readonly faults: number;
}

/** The same while they are being counted. */
export type NetCounters = { -readonly [Name in keyof IvshmemNetStatistics]: number };

export function zeroCounters(): NetCounters {
  return {
    txFrames: 0,
    txBytes: 0,
    txRefused: 0,
    txUnfit: 0,
    txLost: 0,
    rxFrames: 0,
    rxBytes: 0,
    rxUnclaimed: 0,
    rxDropped: 0,
    rxOversized: 0,
    rxRunts: 0,
    rxBatches: 0,
    doorbellsRung: 0,
    doorbellsSaved: 0,
    interrupts: 0,
    rescuedByPoll: 0,
    ups: 0,
    faults: 0,
  };
}
