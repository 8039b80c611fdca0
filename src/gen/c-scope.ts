/** The names that one scope of C holds, each with what it stands for. */
export class CScope {
  readonly #place: string;
  readonly #owners = new Map<string, string>();

  /** @param place for messages, such as `"C"` or `"struct jitter_statistics"`. */
  constructor(place: string) {
    this.#place = place;
  }

  /**
   * Takes a name for `owner`, such as `message "reset" of protocol jitter`, and gives it back.
   *
   * @throws TypeError if the name is taken.
   */
  claim(name: string, owner: string): string {
    const other = this.#owners.get(name);
    if (other !== undefined) {
      throw new TypeError(`Cannot name ${owner} "${name}" in ${this.#place} as ${other} has that name: rename one`);
    }
    this.#owners.set(name, owner);
    return name;
  }
}

/** The scopes of one translation unit: C keeps the tags of structs, unions and enums apart from all other names. */
export interface CUnit {
  readonly tags: CScope;
  readonly names: CScope;
}

/** An empty unit. Headers that may be included together are generated in one. */
export function createUnit(): CUnit {
  return { tags: new CScope("C (tags)"), names: new CScope("C") };
}
