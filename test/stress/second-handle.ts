import { closeDescriptor, createSimRegisters, unmapRegisters, writeRegister } from "../../src/native.js";
import { greetBroker } from "../../src/sim/client.js";
import { ClientKind } from "../../src/sim/wire.js";
import { Register } from "../../src/uio/index.js";

/**
 * Writes the state word of `target` through a second handle on its register page, as a program does on a real machine
 * that opens a device which is in use. The simulated machine gives such a handle to nobody, so it is made of what `guest`,
 * a peer that is free, is given for its own.
 */
export async function writeStateAsStranger(machine: string, guest: number, target: number, value: number) {
  await greetBroker(
    machine,
    { kind: ClientKind.CELL, device: 0, peer: guest },
    {},
    (welcome, descriptors, connection) => {
      const [hypervisor = -1, stateTable = -1] = descriptors;
      const eventfds = descriptors.slice(3, 3 + welcome.geometry.peers);
      const registers = createSimRegisters({ hypervisor, stateTable, peer: target, eventfds });
      writeRegister(registers, Register.STATE, value);
      unmapRegisters(registers);
      for (const descriptor of descriptors) closeDescriptor(descriptor);
      connection.close();
    },
  );
}
