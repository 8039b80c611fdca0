/* SPDX-License-Identifier: MIT */
/*
 * The communication region of a Jailhouse cell on arm64 (include/jailhouse/hypercall.h and
 * include/arch/arm-common/asm/jailhouse_hypercall.h of Jailhouse, revision 0), where the arm64 configurations put it.
 */
#ifndef JITTER_CELL_H
#define JITTER_CELL_H

#include <stddef.h>
#include <stdint.h>

#define CELL_REGION UINT64_C(0x80000000)
#define CELL_REGION_BYTES 0x1000u
#define CELL_REVISION 0u
#define CELL_STATE_FAILED 3u
#define CELL_STATE_WRONG_REVISION 4u

struct cell_region {
	char signature[6]; /* "JHCOMM" */
	uint16_t revision;
	uint32_t state;
	uint32_t message;
	uint32_t reply;
	uint32_t flags;
	uint8_t console[32];
	uint64_t pci_config; /* base of the memory-mapped PCI configuration space */
	uint8_t gic_version;
	uint8_t padding[7];
	uint64_t gic_distributor;
	uint64_t gic_cpu_interface;
	uint64_t gic_redistributor;
	uint32_t vpci_irq_base;
};

_Static_assert(offsetof(struct cell_region, state) == 8, "the cell state is at 8");
_Static_assert(offsetof(struct cell_region, pci_config) == 56, "the base of PCI configuration is at 56");
_Static_assert(offsetof(struct cell_region, vpci_irq_base) == 96, "vpci_irq_base is at 96");

static inline volatile struct cell_region *cell_region(void)
{
	return (volatile struct cell_region *)(uintptr_t)CELL_REGION;
}

#endif
