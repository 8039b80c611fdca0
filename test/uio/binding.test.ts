import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { applyBinding, type BindingMethod, planBinding } from "../../src/uio/index.js";
import { Tree } from "./tree.js";

const ADDRESS = "ffffffff:00:01.0";

let tree: Tree;
let folder: string;

beforeEach(() => {
  tree = new Tree();
  tree.addDriver("uio_ivshmem");
  folder = tree.addFunction(ADDRESS, 0x4001);
});
afterEach(() => tree[Symbol.dispose]());

/** Paths below the tree, and values. */
function stepsOf(method?: BindingMethod): readonly (readonly [string, string])[] {
  const { steps } = planBinding(ADDRESS, { sysfsRoot: tree.roots.sysfsRoot, method });
  return steps.map(({ path, value }) => [path.slice(tree.root.length), value]);
}

describe("planBinding()", () => {
  test("planBinding() names the driver for the device alone, and has it probed", () => {
    expect(stepsOf()).toEqual([
      [`${folder}/driver_override`, "uio_ivshmem"],
      ["/sys/bus/pci/drivers_probe", ADDRESS],
    ]);
  });

  test("planBinding() teaches the driver the protocol when that is asked for", () => {
    expect(stepsOf("new_id")).toEqual([
      ["/sys/bus/pci/drivers/uio_ivshmem/new_id", "110a 4106 110a 4106 ff4001 ffffff"],
    ]);
  });

  test.each<BindingMethod>(["driver_override", "new_id"])(
    "planBinding() unbinds first when another driver has the device: %s",
    (method) => {
      const free = stepsOf(method);
      tree.bind(ADDRESS, "ivshmem-net");
      expect(stepsOf(method)).toEqual([[`${folder}/driver/unbind`, ADDRESS], ...free]);
    },
  );

  test("planBinding() writes nothing", () => {
    tree.bind(ADDRESS, "ivshmem-net");
    const plan = planBinding(ADDRESS, { sysfsRoot: tree.roots.sysfsRoot });
    expect(plan.previousDriver).toBe("ivshmem-net");
    expect(tree.read(`${folder}/driver/unbind`)).toBe("");
    expect(tree.read(`${folder}/driver_override`)).toBe("(null)\n");
  });

  test("planBinding() has nothing to do when the driver has the device", () => {
    tree.bind(ADDRESS, "uio_ivshmem");
    expect(stepsOf()).toEqual([]);
  });

  test("planBinding() takes the network device of the Raspberry Pi 4 from its driver", () => {
    using pi = Tree.fromFixture("raspberry-pi-4");
    const { previousDriver, steps } = planBinding(ADDRESS, { sysfsRoot: pi.roots.sysfsRoot, method: "new_id" });
    expect(previousDriver).toBe("ivshmem-net");
    expect(steps.map(({ value }) => value)).toEqual([ADDRESS, "110a 4106 110a 4106 ff0001 ffffff"]);
  });

  test("planBinding() says what to load when the driver is not there", () => {
    tree.remove("/sys/bus/pci/drivers/uio_ivshmem");
    expect(() => stepsOf()).toThrow(/uio_ivshmem is not loaded.*modprobe uio_ivshmem/);
  });

  test("planBinding() names what there is when the address is another", () => {
    const { sysfsRoot } = tree.roots;
    expect(() => planBinding("0001:00:00.0", { sysfsRoot })).toThrow(/0001:00:00.0; the machine has: ffffffff:00:01.0/);
  });

  test("planBinding() throws TypeError when address, method or option are none", () => {
    const { sysfsRoot } = tree.roots;
    expect(() => planBinding("uio0", { sysfsRoot })).toThrow(TypeError);
    expect(() => planBinding(ADDRESS, { sysfsRoot, method: "bind" as BindingMethod })).toThrow(TypeError);
    expect(() => planBinding(ADDRESS, { sysfsRoot, dryRun: true } as object)).toThrow(TypeError);
  });
});

describe("applyBinding()", () => {
  const plan = (method?: BindingMethod) => planBinding(ADDRESS, { sysfsRoot: tree.roots.sysfsRoot, method });

  test("applyBinding() writes the values without a line end", () => {
    tree.file(`${folder}/driver_override`, "");
    const planned = plan();
    tree.bind(ADDRESS, "uio_ivshmem");
    applyBinding(planned);
    expect(tree.read(`${folder}/driver_override`)).toBe("uio_ivshmem");
    expect(tree.read("/sys/bus/pci/drivers_probe")).toBe(ADDRESS);
  });

  test("applyBinding() throws ERR_CONFIG when the driver does not have the device afterwards", () => {
    expect(() => applyBinding(plan("new_id"))).toThrow(/bound to no driver and not to uio_ivshmem\. Look into dmesg/);
    const planned = plan();
    tree.bind(ADDRESS, "vfio-pci");
    expect(() => applyBinding(planned)).toThrow(/bound to vfio-pci and not/);
  });

  test("applyBinding() stops at the write that fails, and tells which were done", () => {
    const planned = plan();
    tree.remove("/sys/bus/pci/drivers_probe");
    expect(() => applyBinding(planned)).toThrow(
      expect.objectContaining({
        code: "ENOENT",
        message: expect.stringMatching(/let the driver take it.*Written before: \S+driver_override\./),
      }),
    );
  });

  test("applyBinding() makes no file where there is none", () => {
    const planned = plan("new_id");
    tree.remove("/sys/bus/pci/drivers/uio_ivshmem/new_id");
    expect(() => applyBinding(planned)).toThrow(/ENOENT.*Nothing was written before/);
    expect(() => tree.read("/sys/bus/pci/drivers/uio_ivshmem/new_id")).toThrow(/ENOENT/);
  });
});
