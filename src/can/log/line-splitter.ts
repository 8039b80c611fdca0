import { StringDecoder } from "node:string_decoder";

/** A line, or what is left of one that was too long to be kept. */
export interface Line {
  /** Without its end, `\n` or `\r\n`; empty if `tooLong`. */
  readonly text: string;
  readonly tooLong: boolean;
}

/** Cuts a stream of text into lines. Keeps at most one line, and of a line that is too long nothing. */
export class LineSplitter {
  readonly #maxLength: number;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #tooLong = false;

  /** @param maxLength of a line, in characters. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** The lines that end in this piece of the stream. */
  *push(piece: Uint8Array | string): IterableIterator<Line> {
    const text = typeof piece === "string" ? piece : this.#decoder.write(piece);
    let begin = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", begin)) {
      this.#keep(text.slice(begin, end));
      begin = end + 1;
      yield this.#take();
    }
    this.#keep(text.slice(begin));
  }

  /** What is left at the end of the stream, unless it is empty. */
  end(): Line | undefined {
    this.#keep(this.#decoder.end());
    return this.#rest === "" && !this.#tooLong ? undefined : this.#take();
  }

  #keep(text: string): void {
    if (!this.#tooLong) this.#rest += text;
    if (this.#rest.length <= this.#maxLength) return;
    this.#rest = "";
    this.#tooLong = true;
  }

  #take(): Line {
    const text = this.#rest.endsWith("\r") ? this.#rest.slice(0, -1) : this.#rest;
    const line = { text, tooLong: this.#tooLong };
    this.#rest = "";
    this.#tooLong = false;
    return line;
  }
}
