import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";
import { until } from "../channel/until.js";
import { NetStage, needsNamespaces } from "./namespaces.js";

/** Pings of one run. `INTERCELL_PINGS=10000 npx vitest run test/ivshmem-net/network.stress.ts` is the long one. */
const pings = Number(process.env["INTERCELL_PINGS"] ?? 500);

/** Bits per second of UDP: little enough for a machine that does other things too. */
const UDP_RATE = "20M";

/** An iperf3 report, as far as it is looked at. */
interface IperfReport {
  readonly error?: string;
  readonly end: {
    readonly sum_received?: { readonly bytes: number };
    readonly sum?: { readonly packets: number; readonly lost_packets: number };
  };
}

/** Runs iperf3 from side 0 to side 1, for a second. */
async function iperf(stage: NetStage, ...options: readonly string[]): Promise<IperfReport> {
  const [, server] = stage.sides;
  const daemon = spawn("ip", ["netns", "exec", server.namespace, "iperf3", "-s", "-1", "--forceflush"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => daemon.once("close", resolve));
  try {
    await new Promise((resolve) => daemon.stdout.once("data", resolve));
    return JSON.parse(stage.run(0, "iperf3", "-c", server.address, "-t", "1", "-J", ...options)) as IperfReport;
  } finally {
    daemon.kill("SIGKILL");
    await ended;
  }
}

describe.each([1500, 16384])("two namespaces joined over ivshmem-net with MTU %i", needsNamespaces, (mtu) => {
  test(`answer ${pings} pings without a loss, of the largest packets too`, async () => {
    await using stage = await NetStage.create(mtu);
    const report = stage.run(0, "ping", "-q", "-i", "0.002", "-c", String(pings), "192.0.2.2");
    expect(report).toContain(`${pings} packets transmitted, ${pings} received, 0% packet loss`);
    const largest = stage.run(
      1,
      "ping",
      "-q",
      "-M",
      "do",
      "-s",
      String(mtu - 28),
      "-i",
      "0.01",
      "-c",
      "50",
      "192.0.2.1",
    );
    expect(largest).toContain("50 packets transmitted, 50 received, 0% packet loss");
  });

  test("carry TCP and UDP of iperf3 both ways", async () => {
    await using stage = await NetStage.create(mtu);
    for (const direction of [[], ["-R"]]) {
      const tcp = await iperf(stage, ...direction);
      expect(tcp.error).toBeUndefined();
      expect(tcp.end.sum_received?.bytes).toBeGreaterThan(1_000_000);
      const udp = await iperf(stage, "-u", "-b", UDP_RATE, ...direction);
      expect(udp.error).toBeUndefined();
      const { packets = 0, lost_packets: lost = packets } = udp.end.sum ?? {};
      expect(packets).toBeGreaterThan(0);
      expect(lost).toBeLessThan(packets);
    }
  });

  test("keep a TCP connection through restarts of a peer that is killed", async () => {
    await using stage = await NetStage.create(mtu);
    const server = node(stage, 1, echoServer);
    await until(() => server.lines.includes("listening"), "the server listens");
    const client = node(stage, 0, counter);
    const answered = (count: number) => until(() => client.lines.length >= count, `${count} answers arrived`);
    try {
      await answered(20);
      for (let round = 1; round <= 2; round++) {
        await stage.restart(1);
        await answered(client.lines.length + 20);
      }
      // One connection, and not an answer too many or too few.
      expect(client.lines).toEqual(client.lines.map((_, index) => String(index)));
      expect(server.lines.filter((line) => line === "connection")).toHaveLength(1);
    } finally {
      for (const { child } of [server, client]) child.kill("SIGKILL");
    }
  });
});

const echoServer = `
  require("node:net").createServer((socket) => { console.log("connection"); socket.pipe(socket); })
    .listen(5000, "192.0.2.2", () => console.log("listening"));`;

/** Sends numbers, one after the other's echo. */
const counter = `
  const socket = require("node:net").connect(5000, "192.0.2.2");
  let next = 0;
  let text = "";
  socket.setNoDelay(true).on("connect", () => socket.write("0\\n"));
  socket.on("error", (error) => { console.log(String(error)); process.exit(1); });
  socket.on("data", (chunk) => {
    text += chunk;
    if (!text.endsWith("\\n")) return;
    console.log(text.trim());
    text = "";
    next++;
    setTimeout(() => socket.write(next + "\\n"), 5);
  });`;

function node(stage: NetStage, peer: 0 | 1, script: string): { child: ChildProcess; lines: string[] } {
  const { namespace } = stage.sides[peer];
  const child = spawn("ip", ["netns", "exec", namespace, process.execPath, "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  return { child, lines };
}
