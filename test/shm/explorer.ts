/** The run has come to a state that another run has been in. */
const PRUNED = Symbol("pruned");

/** One run of the system under test, as the explorer steers it. */
export interface Run {
  /** Picks one of `count` ways to go on; every way is taken in some run. */
  choose(count: number): number;
  /** Names the state the system is in. Ends the run if a run has been there before. */
  visit(key: number): void;
}

export interface Exploration {
  readonly runs: number;
  readonly states: number;
  readonly deepest: number;
  /** False if the limit of runs was met first. */
  readonly complete: boolean;
}

/**
 * Runs `system` in every way that its choices allow: depth first, each run from the start (so that the system may hold
 * any state), and no further than to a state that was seen. Yields to the event loop now and then.
 *
 * @param mostRuns where to give up.
 */
export async function explore(system: (run: Run) => void, mostRuns: number): Promise<Exploration> {
  const seen = new Set<number>();
  const path: number[] = [];
  const counts: number[] = [];
  let runs = 0;
  let deepest = 0;
  do {
    const replayed = path.length;
    let depth = 0;
    const run: Run = {
      choose(count) {
        if (count < 2) return 0;
        if (depth === path.length) {
          path.push(0);
          counts.push(count);
        }
        return path[depth++] as number;
      },
      visit(key) {
        if (depth < replayed) return;
        if (seen.has(key)) throw PRUNED;
        seen.add(key);
      },
    };
    try {
      system(run);
    } catch (error) {
      if (error !== PRUNED) throw error;
    }
    runs += 1;
    deepest = Math.max(deepest, depth);
    if (runs % 256 === 0) await new Promise(setImmediate);
  } while (advance(path, counts) && runs < mostRuns);
  return { runs, states: seen.size, deepest, complete: path.length === 0 };
}

/** Turns the path into the next one in depth-first order. Returns false after the last. */
function advance(path: number[], counts: number[]): boolean {
  while (path.length > 0) {
    const next = (path.pop() as number) + 1;
    if (next < (counts[path.length] as number)) {
      path.push(next);
      return true;
    }
    counts.pop();
  }
  return false;
}

/** Two independent 32-bit hashes over words, as one key of 53 bits. */
export class Hasher {
  #a = 0x811c9dc5;
  #b = 0x9e3779b9;

  add(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193);
    this.#a ^= this.#a >>> 15;
    this.#b = Math.imul(this.#b + word, 0x85ebca6b);
    this.#b ^= this.#b >>> 13;
  }

  addAll(words: ArrayLike<number>): void {
    for (let index = 0; index < words.length; index += 1) this.add(words[index] as number);
  }

  get key(): number {
    return (this.#a >>> 0) * 0x200000 + (this.#b >>> 11);
  }
}
