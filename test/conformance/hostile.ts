import { expect, test } from "vitest";
import { FaultCode } from "../../src/shm/fault.js";
import { Control, DIRECTORY_ENTRY_BYTES, DIRECTORY_OFFSET, DirectoryEntry, Header } from "../../src/shm/layout.js";
import { type Cell, enter, heard, hears, type Languages, meet, type Stage, waitUntil } from "./cell.js";

const VICTIM = 0;
const LIAR = 1;
const WITNESS = 2;

/** Where a cell keeps what it shows another. */
interface Place {
  readonly entry: number;
  readonly control: number;
  readonly ring: number;
  readonly capacity: number;
  readonly epoch: number;
}

interface Lie {
  readonly fault: keyof typeof FaultCode;
  readonly what: string;
  tell(liar: Cell, place: Place, victim: Cell): Promise<void>;
}

async function peek(cell: Cell, offset: number): Promise<number> {
  await cell.tell("peek", offset);
  return Number((await hears(cell, "word", [offset])).at(-1)?.[0]);
}

async function placeOf(cell: Cell, peer: number): Promise<Place> {
  const entry = DIRECTORY_OFFSET + DIRECTORY_ENTRY_BYTES * peer;
  return {
    entry,
    control: await peek(cell, entry + DirectoryEntry.control),
    ring: await peek(cell, entry + DirectoryEntry.ring),
    capacity: await peek(cell, entry + DirectoryEntry.capacity),
    epoch: await peek(cell, entry + DirectoryEntry.epoch),
  };
}

/** Commits these words behind what the liar has committed. */
async function commit(liar: Cell, place: Place, words: readonly number[], bytes = 4 * words.length): Promise<void> {
  const tail = await peek(liar, place.control + Control.tail);
  for (const [index, word] of words.entries()) await liar.tell("poke", place.ring + tail + 4 * index, word);
  await liar.tell("poke", place.control + Control.tail, (tail + bytes) >>> 0);
}

/** Shows another epoch, as after a restart, once `offset` of the section holds `value`. */
async function restartWith(liar: Cell, place: Place, offset: number, value: number): Promise<void> {
  await liar.tell("poke", offset, value);
  await liar.tell("poke", place.entry + DirectoryEntry.epoch, place.epoch + 1000);
}

const DATA = 1;
/** Behind the sequence numbers of what the cells said to each other when they met. */
const SEQUENCE = 1;

const record = (length: number, kind: number, sequence = SEQUENCE, rest = 0) => [length, kind, sequence, rest];

/** A lie that is one record at the wrong. */
function lie(fault: Lie["fault"], what: string, words: readonly number[], bytes?: number): Lie {
  return { fault, what, tell: (liar, place) => commit(liar, place, words, bytes) };
}

const lies: readonly Lie[] = [
  lie("cursor", "a tail that is no multiple of 8", record(16, DATA), 20),
  lie("cursor", "a tail beyond the capacity", record(16, DATA), 4096),
  lie("length", "a record shorter than its header", record(8, DATA)),
  lie("length", "a record longer than half the ring", record(0x7fffffff, DATA)),
  lie("length", "a record that runs beyond the tail", record(64, DATA)),
  lie("length", "a pad that does not end at the wrap", record(16, 0)),
  lie("kind", "an unknown kind", record(16, 9)),
  lie("kind", "a reply without its sequence", record(16, 3)),
  lie("sequence", "a sequence that is not the next", record(16, DATA | (1 << 16), 777)),
  lie("reserved", "flags that are not zero", record(16, DATA | 0x100)),
  lie("reserved", "a zero field that is not zero", record(16, DATA | (1 << 16), SEQUENCE, 0x10000)),
  lie("announce", "a channel that was never announced", record(16, DATA | (77 << 16))),
  lie("announce", "the withdrawal of a channel that was never announced", record(16, 6 | (77 << 16))),
  {
    fault: "acknowledgement",
    what: "an acknowledgement of what was never sent",
    tell: async (liar, place, victim) => {
      // The liar's own program goes on to acknowledge, so that the word has to be written anew.
      await waitUntil(
        async () => {
          await liar.tell("poke", place.control + Control.head, 0x10000004);
          await victim.tell("send", 0, LIAR, 0, 900);
          return heard(victim, "fault", LIAR).length > 0;
        },
        () => "the victim looks at the acknowledgement",
      );
    },
  },
  {
    fault: "geometry",
    what: "a capacity that is no power of two",
    tell: (liar, place) => restartWith(liar, place, place.entry + DirectoryEntry.capacity, 300),
  },
  {
    fault: "geometry",
    what: "a ring that ends behind the section",
    tell: (liar, place) => restartWith(liar, place, place.entry + DirectoryEntry.ring, 0x1f80),
  },
  {
    fault: "geometry",
    what: "a control block in the header",
    tell: (liar, place) => restartWith(liar, place, place.entry + DirectoryEntry.control, 0),
  },
  {
    fault: "version",
    what: "another version",
    tell: (liar, place) => restartWith(liar, place, Header.version, 2 | (LIAR << 16)),
  },
  {
    fault: "version",
    what: "the id of another peer",
    tell: (liar, place) => restartWith(liar, place, Header.version, 1 | (WITNESS << 16)),
  },
];

export type HowManyLies = "all" | "few" | "one";

/** Places in the list. The few are one for each place where a lie is found: at the tail, in a record, while sending, at accept. */
const chosen: Readonly<Record<HowManyLies, readonly number[]>> = {
  all: [...lies.keys()],
  few: [0, 8, 13, 14],
  one: [8],
};

/** A cell that breaks the rules costs its own link and nothing else. */
export function describeHostilePeer(stage: () => Stage, languages: Languages, howMany: HowManyLies): void {
  test.each(lies.filter((_, index) => chosen[howMany].includes(index)))(
    "a peer is refused for its $fault and can come back when it showed $what",
    async (one) => {
      const [victim, liar] = await meet(stage(), languages);
      const witness = await enter(stage(), languages[1], WITNESS);
      await hears(victim, "matched", [0, WITNESS]);
      await hears(witness, "matched", [0, VICTIM]);
      await one.tell(liar, await placeOf(liar, VICTIM), victim);
      await liar.tell("ring", VICTIM);
      expect(await hears(victim, "fault", [LIAR])).toEqual([[FaultCode[one.fault]]]);
      const { control } = await placeOf(victim, LIAR);
      expect((await peek(victim, control + Control.fault)) & 0xff).toBe(FaultCode[one.fault]);
      expect(await victim.tell("send", 0, LIAR, 1, 1)).toBeLessThan(0);
      await victim.tell("send", 0, WITNESS, 41, 10);
      await witness.tell("send", 0, VICTIM, 42, 10);
      await hears(witness, "blob", [0, VICTIM, 41]);
      await hears(victim, "blob", [0, WITNESS, 42]);
      expect(heard(victim, "down", WITNESS)).toEqual([]);
      await liar.kill();
      const again = await enter(stage(), languages[1], LIAR);
      await hears(victim, "matched", [0, LIAR], 2);
      await hears(again, "matched", [0, VICTIM]);
      await again.tell("send", 0, VICTIM, 43, 10);
      await hears(victim, "blob", [0, LIAR, 43]);
      expect(heard(victim, "fault").length).toBe(1);
    },
  );
}
