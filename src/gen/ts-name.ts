/** Names of types that a generated one would hide, or that TypeScript keeps for itself. */
const reserved: ReadonlySet<string> = new Set(
  (
    "any as asserts async await bigint boolean break case catch class const continue debugger declare default delete do " +
    "else enum export extends false finally for from function if implements import in infer instanceof interface is keyof " +
    "let module namespace never new null number object of package private protected public readonly require return " +
    "satisfies set static string super switch symbol this throw true try type typeof undefined unique unknown using var " +
    "void while with yield"
  ).split(" "),
);

/** The names that one generated file declares. */
export class TypeNames {
  readonly #taken = new Set<string>();

  /**
   * A name of its own for a type: the wanted one if it is free, else with the suffix, else with a number.
   *
   * @param wanted any text; what no identifier has becomes an underscore.
   */
  claim(wanted: string, suffix: string): string {
    const identifier = toIdentifier(wanted);
    let name = this.#isFree(identifier) ? identifier : identifier + suffix;
    for (let count = 2; !this.#isFree(name); count++) name = `${identifier}${suffix}${count}`;
    this.#taken.add(name);
    return name;
  }

  #isFree(name: string): boolean {
    return !this.#taken.has(name) && !reserved.has(name);
  }
}

/** The text with what no identifier has replaced. */
function toIdentifier(text: string): string {
  const cleaned = text.replace(/[^A-Za-z0-9_]/g, "_");
  return /^[0-9]/.test(cleaned) || cleaned === "" ? `_${cleaned}` : cleaned;
}

/** `engine-data.v2` is `EngineDataV2`. */
export function pascalCase(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

/** A property's name as it is written in a type. */
export function propertyName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}
