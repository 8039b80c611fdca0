import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ErrorCode, IntercellError, type SystemFault, systemError } from "../errors.js";

let loaded: object | undefined;

/**
 * The addon's own face, where a fault of the world comes back as `-errno`. It is loaded at its first use, so that the
 * parts of the package that need no device run anywhere.
 *
 * @typeParam Part the functions that the calling file wraps, which is where they are typed.
 */
export function addon<Part extends object>(): Part {
  loaded ??= loadAddon();
  return loaded as Part;
}

function loadAddon(): object {
  const require = createRequire(import.meta.url);
  const root = packageRoot(dirname(fileURLToPath(import.meta.url)));
  try {
    return require("node-gyp-build")(root) as object;
  } catch (cause) {
    const machine = `${process.platform}-${process.arch}`;
    throw new IntercellError(
      ErrorCode.ADDON,
      `Cannot load the native addon for ${machine} with Node ${process.versions.node}: ${root}. ` +
        "Devices and the simulator need Linux; on Linux run: npm rebuild intercell",
      { path: root, cause },
    );
  }
}

/** The source and the bundle lie at different depths, so the root is the first folder upwards with a package.json. */
function packageRoot(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? folder : packageRoot(parent);
}

/** What was wanted of a native call, for the message if it fails. */
export type Fault = Omit<SystemFault, "errno">;

/** The result of a native call, or an {@link IntercellError} thrown if it is `-errno`. */
export function checked(result: number, fault: Fault): number;
export function checked<T extends object>(result: T | number, fault: Fault): T;
export function checked<T extends object>(result: T | number, fault: Fault): T | number {
  if (typeof result === "number" && result < 0) throw systemError({ ...fault, errno: result });
  return result;
}
