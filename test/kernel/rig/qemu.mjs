import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { requirePrograms } from "./command.mjs";

const KERNEL_PARAMETERS =
  "console=ttyS0 quiet panic=-1 lpj=4000000 mitigations=off tsc=reliable no_timer_check random.trust_cpu=on audit=0 apparmor=0";

/**
 * Boots a kernel in QEMU with the host's root below a layer of memory, and waits until it has powered off. What the command
 * of the guest prints appears on standard output as it comes; what the kernel prints goes to `console` of the exchange folder.
 *
 * No KVM: where CI runs it is absent, and where it is there it may hang a guest.
 *
 * @param {object} guest
 * @param {import("./kernel.mjs").Kernel} guest.kernel
 * @param {string} guest.initramfs
 * @param {string} guest.exchange - Folder that the guest may write to.
 * @param {number} guest.memoryMiB
 * @param {number} guest.timeoutSeconds
 * @param {readonly string[]} [guest.devices]
 * @returns {Promise<void>} However it ended: the exchange folder tells.
 */
export async function bootQemu({ kernel, initramfs, exchange, memoryMiB, timeoutSeconds, devices = [] }) {
  const { timeout, "qemu-system-x86_64": qemu } = requirePrograms({
    timeout: "coreutils",
    "qemu-system-x86_64": "qemu-system-x86",
  });
  const machine = ["-M", "q35", "-cpu", "max", "-smp", "2", "-accel", "tcg,thread=multi", "-m", `${memoryMiB}`];
  const boot = ["-kernel", kernel.image, "-initrd", initramfs, "-append", KERNEL_PARAMETERS];
  const consoles = ["-serial", `file:${join(exchange, "console")}`, "-chardev", "stdio,id=out,signal=off"];
  const files = [
    ...["-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"],
    ...["-device", "virtio-9p-pci,fsdev=root,mount_tag=hostroot"],
    ...["-fsdev", `local,id=exchange,path=${exchange},security_model=none`],
    ...["-device", "virtio-9p-pci,fsdev=exchange,mount_tag=exchange"],
  ];
  const child = spawn(
    timeout,
    [
      ...["--kill-after=10", `${timeoutSeconds}`, qemu, ...machine, ...boot],
      ...["-nodefaults", "-display", "none", "-no-reboot", "-net", "none"],
      ...[...consoles, "-serial", "chardev:out", ...files, "-device", "virtio-rng-pci", ...devices],
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  await once(child, "exit");
}
