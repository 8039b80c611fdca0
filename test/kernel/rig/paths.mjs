import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the repository. */
export const root = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "");

/** Where kernels, built modules and what runs leave behind is kept. */
export const cacheFolder = join(root, ".cache", "kernel");
