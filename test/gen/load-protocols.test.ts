import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { loadProtocols } from "../../src/gen/load-protocols.js";
import { typeHash } from "../../src/schema/index.js";

const folder = mkdtempSync(join(tmpdir(), "intercell-load-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What defineProtocol() of another copy of the package gives, as far as it can be told. */
function protocolText(name: string, hash = typeHash(`protocol ${name}{}`)): string {
  const lists = "messages: [], broadcasts: [], requests: [], topics: []";
  return `{ name: "${name}", ${lists}, description: "protocol ${name}{}", typeHash: ${hash}n }`;
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const names = async (path: string, name?: string) => (await loadProtocols(path, name)).map((protocol) => protocol.name);

describe("loadProtocols()", () => {
  const two = write(
    "two.mjs",
    `export const zebra = ${protocolText("ape")};
export const other = ${protocolText("zoo")};
export const again = zebra;
export default zebra;
export const number = 5, nothing = null, shape = { name: "x" }, wrong = ${protocolText("bad", 1n)};
`,
  );

  test("loadProtocols() gives each protocol once, by name, when a module exports several", async () => {
    expect(await names(two)).toEqual(["ape", "zoo"]);
  });

  test("loadProtocols() gives one protocol when an export is named", async () => {
    expect(await names(two, "other")).toEqual(["zoo"]);
  });

  test.each(["missing", "number", "wrong"])(
    "loadProtocols() refuses the export %s when it is no protocol",
    async (name) => {
      await expect(loadProtocols(two, name)).rejects.toThrow(/exports default, again, other, zebra|exports .*zebra/);
      await expect(loadProtocols(two, name)).rejects.toBeInstanceOf(TypeError);
    },
  );

  test.each([
    ["exports none", write("none.mjs", "export const a = 1;\n")],
    ["does not parse", write("syntax.mjs", "export const = 1;\n")],
    ["throws", write("throws.mjs", 'throw new Error("no luck");\n')],
    ["is missing", join(folder, "missing.mjs")],
  ])("loadProtocols() rejects with ERR_CONFIG when the module %s", async (_, path) => {
    await expect(loadProtocols(path)).rejects.toMatchObject({ code: "ERR_CONFIG", path });
  });

  test("loadProtocols() says that Node takes JavaScript only when it cannot load TypeScript", async () => {
    const path = write("typed.mts", `export const p: object = ${protocolText("typed")};\n`);
    const { typescript } = process.features as { readonly typescript?: unknown };
    if (typescript) expect(await names(path)).toEqual(["typed"]);
    else await expect(loadProtocols(path)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED", path });
  });

  test("loadProtocols() knows what defineProtocol() gives when a module uses it", async () => {
    const source = pathToFileURL(join(import.meta.dirname, "../../src/channel/index.ts")).href;
    const path = write(
      "real.mjs",
      `import { defineProtocol } from "${source}";\nexport const p = defineProtocol("real", {});\n`,
    );
    expect(await names(path)).toEqual(["real"]);
  });
});
