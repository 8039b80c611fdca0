/** Counters of a session and of those that followed it; all u53. */
export interface SessionStatistics {
  readonly sessions: number;
  /** Records that were accepted, and how often one of them was sent again. */
  readonly sentRecords: number;
  readonly resentRecords: number;
  /** Records that were not acknowledged when their session ended. */
  readonly lostRecords: number;
  readonly receivedRecords: number;
  /** Records that had come before, and such that came behind a gap; the latter are sent again. */
  readonly repeatedRecords: number;
  readonly earlyRecords: number;
  readonly sentDatagrams: number;
  /** Datagrams for which there was no room or no session. */
  readonly unsentDatagrams: number;
  readonly receivedDatagrams: number;
  /** Frames of another session, and such that are none. */
  readonly staleFrames: number;
  readonly invalidFrames: number;
  /** Frames that found no room. */
  readonly blockedFrames: number;
}

/** The same while they are being counted. */
export type SessionCounters = { -readonly [Name in keyof SessionStatistics]: number };

export function createSessionCounters(): SessionCounters {
  return {
    ...{ sessions: 0, sentRecords: 0, resentRecords: 0, lostRecords: 0 },
    ...{ receivedRecords: 0, repeatedRecords: 0, earlyRecords: 0 },
    ...{ sentDatagrams: 0, unsentDatagrams: 0, receivedDatagrams: 0 },
    ...{ staleFrames: 0, invalidFrames: 0, blockedFrames: 0 },
  };
}
