import { type Command, Option } from "commander";
import { argument, parseCount } from "./argument.js";
import type { NetAttachOptions } from "./net-attach.js";
import type { NetCaptureOptions } from "./net-capture.js";
import type { NetPingOptions } from "./net-ping.js";

/** What takes the place of the kernel's driver, on a device that `uio_ivshmem` drives or a simulated one. */
export function addNetEndpointCommands(net: Command): void {
  withDevice(net.command("attach").description("make a network device an interface of this kernel; needs root"))
    .option("--name <interface>", "name of the TAP interface (default: ivshm0 or the next that is free)")
    .option("--no-up", "leave the interface down, such as to move it into a namespace first")
    .option("--capture <file>", "write all frames to a file for Wireshark (pcapng)")
    .action(async (options: NetAttachOptions) => {
      const { attachNet } = await import("./net-attach.js");
      await attachNet(options);
    });
  withDevice(net.command("capture").description("answer nothing, and write what the peer sends to a file"))
    .argument("<file>", "for Wireshark or tcpdump; - for the standard output")
    .addOption(new Option("--format <format>", "of the file").choices(["pcapng", "pcap"]).default("pcapng"))
    .option("--snap-length <bytes>", "bytes to keep of each frame (default: all)", argument(parseCount))
    .option("--count <frames>", "end after so many frames", argument(parseCount))
    .action(async (path: string, options: NetCaptureOptions) => {
      const { captureToFile } = await import("./net-capture.js");
      await captureToFile(path, options);
    });
  addNetPingCommand(net);
}

function addNetPingCommand(net: Command): void {
  withDevice(net.command("ping").description("ping the peer, without any address; needs root"))
    .argument("[interface]", "such as eth1: past the IP stack of this side (default: take over a network device)")
    .option("-c, --count <packets>", "end after so many (default: at Ctrl-C)", argument(parseCount))
    .option("-i, --interval <ms>", "time between two; 0 sends each at the answer (default: 1000)", argument(parseCount))
    .option("-s, --size <bytes>", "bytes behind the headers (default: 56)", argument(parseCount))
    .option("-W, --timeout <ms>", "how long to wait for each answer (default: 1000)", argument(parseCount))
    .option("--wait <ms>", "how long to wait until the link is up (default: 5000)", argument(parseCount))
    .option("-q, --quiet", "print the statistics only")
    .option("--json", "print the statistics only, as JSON")
    .action(async (interfaceName: string | undefined, options: NetPingOptions) => {
      const { pingNet } = await import("./net-ping.js");
      await pingNet(interfaceName, options);
    });
}

/** The options that choose the device. */
function withDevice(command: Command): Command {
  return command
    .option("--device <device>", "path or PCI address of a device of uio_ivshmem (default: the only network device)")
    .option("--sim <machine>", "a simulated machine (default: that of INTERCELL_SIM, if it is set)")
    .option("--peer <id>", "peer of the simulated machine, 0 or 1 (default: INTERCELL_PEER)", argument(parseCount))
    .option("--mtu <bytes>", "longest packet (default: 16384, or less with small sections)", argument(parseCount));
}
