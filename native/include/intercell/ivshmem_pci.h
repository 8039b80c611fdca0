/* SPDX-License-Identifier: MIT */
/*
 * Finds an ivshmem v2 device by PCI configuration access (Jailhouse, Documentation/ivshmem-v2-specification.md). Maps
 * nothing: it says what to map. The sections and the state table are Normal, write-back, cacheable memory, as in the
 * other cells, so an inmate's MMU and caches are on; the registers are device memory.
 *
 * Vendor capability (id 0x09), from its start:
 *
 * 0x02 | u8 length | u8 privileged control, bit 0: one-shot interrupts |
 * 0x04 | u32 state table size |
 * 0x08 | u64 read/write section size |
 * 0x10 | u64 output section size |
 * 0x18 | u64 base address, if length is 0x20; else BAR 2 holds the memory |
 */
#ifndef INTERCELL_IVSHMEM_PCI_H
#define INTERCELL_IVSHMEM_PCI_H

#include "status.h"
#include "platform.h"

#define INTERCELL_PCI_ID 0x4106110au /* device 4106 of vendor 110a */
#define INTERCELL_PCI_COMMAND 0x04u
#define INTERCELL_PCI_COMMAND_MEMORY 0x02u
#define INTERCELL_PCI_COMMAND_MASTER 0x04u
#define INTERCELL_PCI_STATUS_CAPABILITIES 0x00100000u
#define INTERCELL_PCI_CLASS 0x08u
#define INTERCELL_PCI_BAR0 0x10u
#define INTERCELL_PCI_BAR1 0x14u
#define INTERCELL_PCI_BAR2 0x18u
#define INTERCELL_PCI_CAPABILITIES 0x34u
#define INTERCELL_PCI_CAPABILITY_VENDOR 0x09u
#define INTERCELL_PCI_CAPABILITY_MSIX 0x11u
/* The configuration space has room for this many capabilities behind the header. */
#define INTERCELL_PCI_CAPABILITIES_MAX 48u
#define INTERCELL_PCI_FUNCTIONS 0x10000u

/* Configuration access: @function is bus << 8 | device << 3 | function; @offset is a multiple of 4. */
struct intercell_pci {
	uint32_t (*read)(void *context, uint32_t function, uint32_t offset);
	void (*write)(void *context, uint32_t function, uint32_t offset, uint32_t value);
	void *context;
};

struct intercell_ivshmem {
	uint32_t function;   /* bus << 8 | device << 3 | function */
	uint32_t protocol;   /* bits 15..0 of the class code; 0x4000 to 0x7fff are free for use */
	uint32_t capability; /* offset of the vendor capability */
	uint32_t vectors;    /* 1 with INTx, else the entries of the MSI-X table */
	bool msix;
	uint64_t registers;        /* BAR 0 as assigned; map 4 KiB as device memory */
	uint64_t state_table;      /* guest-physical; map read only */
	uint64_t state_table_size; /* bytes */
	uint64_t shared;           /* the read/write section */
	uint64_t shared_size;
	uint64_t outputs; /* the output section of peer 0; the others follow */
	uint64_t output_size;
};

INTERCELL_COLD uint64_t intercell_pci_read64(const struct intercell_pci *pci, uint32_t function, uint32_t offset)
{
	uint32_t low = pci->read(pci->context, function, offset);

	return low | (uint64_t)pci->read(pci->context, function, offset + 4u) << 32;
}

/* A memory BAR's address, 32 or 64 bits. */
INTERCELL_COLD uint64_t intercell_pci_bar(const struct intercell_pci *pci, uint32_t function, uint32_t offset)
{
	uint32_t low = pci->read(pci->context, function, offset);
	uint64_t high = (low & 0x6u) == 0x4u ? pci->read(pci->context, function, offset + 4u) : 0;

	return (low & ~0xfu) | high << 32;
}

/* Takes sizes and places from the vendor capability at @at. Returns false if it is too short. */
INTERCELL_COLD bool intercell_ivshmem_take(const struct intercell_pci *pci, struct intercell_ivshmem *device,
                                           uint32_t at)
{
	uint32_t length = pci->read(pci->context, device->function, at) >> 16 & 0xffu;

	if (length < 0x18u || at + length > 0x100u)
		return false;
	device->capability = at;
	device->state_table_size = pci->read(pci->context, device->function, at + 4u);
	device->shared_size = intercell_pci_read64(pci, device->function, at + 8u);
	device->output_size = intercell_pci_read64(pci, device->function, at + 0x10u);
	device->state_table = length >= 0x20u ? intercell_pci_read64(pci, device->function, at + 0x18u)
	                                      : intercell_pci_bar(pci, device->function, INTERCELL_PCI_BAR2);
	device->shared = device->state_table + device->state_table_size;
	device->outputs = device->shared + device->shared_size;
	return true;
}

/*
 * Finds the ivshmem device at or after function number @first, by reading the configuration space of each function.
 * Bounded by 65536 functions and 48 capabilities. Returns 0 with @device filled in, or INTERCELL_ENODEV.
 */
INTERCELL_COLD int intercell_ivshmem_find(const struct intercell_pci *pci, uint32_t first,
                                          struct intercell_ivshmem *device)
{
	uint32_t function, at, word, steps;

	for (function = first; function < INTERCELL_PCI_FUNCTIONS; function++) {
		bool found = false;

		if (pci->read(pci->context, function, 0) != INTERCELL_PCI_ID)
			continue;
		device->function = function;
		device->protocol = pci->read(pci->context, function, INTERCELL_PCI_CLASS) >> 8 & 0xffffu;
		device->registers = intercell_pci_bar(pci, function, INTERCELL_PCI_BAR0);
		device->vectors = 1;
		device->msix = false;
		if ((pci->read(pci->context, function, INTERCELL_PCI_COMMAND) & INTERCELL_PCI_STATUS_CAPABILITIES) == 0)
			continue;
		at = pci->read(pci->context, function, INTERCELL_PCI_CAPABILITIES) & 0xfcu;
		for (steps = 0; at >= 0x40u && steps < INTERCELL_PCI_CAPABILITIES_MAX; steps++) {
			word = pci->read(pci->context, function, at);
			if ((word & 0xffu) == INTERCELL_PCI_CAPABILITY_VENDOR && !found)
				found = intercell_ivshmem_take(pci, device, at);
			if ((word & 0xffu) == INTERCELL_PCI_CAPABILITY_MSIX) {
				device->msix = true;
				device->vectors = (word >> 16 & 0x7ffu) + 1u;
			}
			at = word >> 8 & 0xfcu;
		}
		if (found)
			return INTERCELL_OK;
	}
	return INTERCELL_ENODEV;
}

/*
 * Places the registers at @registers (and the MSI-X table behind them, if there is one), chooses one-shot or continuous
 * interrupts, and turns memory access on. @registers must lie in the bridge's window of the cell's configuration.
 */
INTERCELL_COLD void intercell_ivshmem_enable(const struct intercell_pci *pci, struct intercell_ivshmem *device,
                                             uint32_t registers, bool one_shot)
{
	uint32_t word = pci->read(pci->context, device->function, device->capability) & ~(1u << 24);
	uint32_t command = pci->read(pci->context, device->function, INTERCELL_PCI_COMMAND) & 0xffffu;

	pci->write(pci->context, device->function, INTERCELL_PCI_BAR0, registers);
	if (device->msix)
		pci->write(pci->context, device->function, INTERCELL_PCI_BAR1, registers + 0x1000u);
	pci->write(pci->context, device->function, device->capability, word | (one_shot ? 1u << 24 : 0u));
	pci->write(pci->context, device->function, INTERCELL_PCI_COMMAND,
	           command | INTERCELL_PCI_COMMAND_MEMORY | INTERCELL_PCI_COMMAND_MASTER);
	device->registers = registers;
}

#endif
