import { ErrorCode, IntercellError } from "../errors.js";

/** A value of a configuration file with the place where it stands, so that each complaint can name it. */
export class ConfigValue {
  readonly value: unknown;
  readonly #path: string;
  /** Such as `links.inmate.peer`; empty for the whole. */
  readonly #place: string;

  constructor(path: string, value: unknown, place = "") {
    this.#path = path;
    this.value = value;
    this.#place = place;
  }

  get isMissing(): boolean {
    return this.value === undefined;
  }

  /** The error of a value that is not as it is wanted. */
  wanted(what: string): IntercellError {
    const found = this.isMissing ? "but it is missing" : `not ${JSON.stringify(this.value)}`;
    return this.error(`${this.#place === "" ? "it" : this.#place} must be ${what}, ${found}`);
  }

  error(message: string, cause?: unknown): IntercellError {
    return new IntercellError(ErrorCode.CONFIG, `${this.#path}: ${message}`, { path: this.#path, cause });
  }

  get place(): string {
    return this.#place;
  }

  /** The values of an object that has no other keys than these. */
  object<K extends string>(keys: readonly K[]): Readonly<Record<K, ConfigValue>> {
    const entries = this.#entries();
    for (const [key] of entries) {
      if (keys.includes(key as K)) continue;
      const where = this.#place === "" ? "" : ` in ${this.#place}`;
      throw this.error(`${JSON.stringify(key)}${where} is not known: the keys are ${keys.join(", ")}`);
    }
    const values = new Map(entries);
    return Object.fromEntries(keys.map((key) => [key, this.#at(`.${key}`, values.get(key))])) as Record<K, ConfigValue>;
  }

  /** The values of an object with keys of the user's choice. */
  entries(): readonly (readonly [string, ConfigValue])[] {
    return this.#entries().map(([key, value]) => [key, this.#at(`.${key}`, value)]);
  }

  items(): readonly ConfigValue[] {
    if (!Array.isArray(this.value)) throw this.wanted("an array");
    return this.value.map((value, index) => this.#at(`[${index}]`, value));
  }

  text(what = "a text"): string {
    if (typeof this.value !== "string" || this.value === "") throw this.wanted(what);
    return this.value;
  }

  boolean(): boolean {
    if (typeof this.value !== "boolean") throw this.wanted("true or false");
    return this.value;
  }

  integer(least: number, most: number): number {
    const { value } = this;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.wanted(`an integer from ${least} to ${most}`);
  }

  choice<T extends string>(choices: readonly T[]): T {
    if (choices.includes(this.value as T)) return this.value as T;
    const quoted = choices.map((choice) => JSON.stringify(choice));
    throw this.wanted(quoted.length > 1 ? `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}` : `${quoted[0]}`);
  }

  /** What `read` makes of it, unless it is missing. */
  optional<T>(read: (value: ConfigValue) => T): T | undefined {
    return this.isMissing ? undefined : read(this);
  }

  #entries(): readonly [string, unknown][] {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.wanted("an object");
    return Object.entries(value);
  }

  #at(step: string, value: unknown): ConfigValue {
    return new ConfigValue(this.#path, value, `${this.#place}${step}`.replace(/^\./, ""));
  }
}
