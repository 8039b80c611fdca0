/* SPDX-License-Identifier: MIT */
/*
 * Tables of 4 KiB granule for 39 bits of address: a first-level table whose entries span 1 GiB, and second-level tables
 * of 2 MiB blocks (Arm Architecture Reference Manual, VMSAv8-64).
 */
#include "mmu.h"

#include <stddef.h>

#define ENTRIES 512u
#define BLOCK_BITS 21
#define BLOCK_BYTES (UINT64_C(1) << BLOCK_BITS)
#define TABLE_BITS 30
/* Memory of the cell, its communication region, and devices lie in three different GiB on most boards. */
#define TABLES 4u

#define DESCRIPTOR_BLOCK UINT64_C(1)
#define DESCRIPTOR_TABLE UINT64_C(3)
#define ATTRIBUTE_INDEX(n) ((uint64_t)(n) << 2)
#define INNER_SHAREABLE (UINT64_C(3) << 8)
#define ACCESS_FLAG (UINT64_C(1) << 10)
#define EXECUTE_NEVER (UINT64_C(3) << 53)

/* MAIR: attribute 0 is Normal write-back, read and write allocate; 1 is Device-nGnRE. */
#define MAIR_VALUE UINT64_C(0x04ff)
/* TCR: 39 bits below TTBR0, write-back tables, inner shareable, 4 KiB granule; no TTBR1; 40-bit physical addresses. */
#define TCR_VALUE                                                                                     \
	(UINT64_C(25) | UINT64_C(1) << 8 | UINT64_C(1) << 10 | UINT64_C(3) << 12 | UINT64_C(1) << 23 | \
	 UINT64_C(2) << 32)
#define SCTLR_MMU (UINT64_C(1) << 0)
#define SCTLR_DATA_CACHE (UINT64_C(1) << 2)
#define SCTLR_INSTRUCTION_CACHE (UINT64_C(1) << 12)

static uint64_t root[ENTRIES] __attribute__((aligned(4096)));
static uint64_t tables[TABLES][ENTRIES] __attribute__((aligned(4096)));
static unsigned int tables_used;

static uint64_t *table_of(uint64_t address)
{
	uint64_t *entry = &root[address >> TABLE_BITS & (ENTRIES - 1u)];

	if (*entry == 0) {
		if (tables_used == TABLES)
			return NULL;
		*entry = (uint64_t)(uintptr_t)tables[tables_used++] | DESCRIPTOR_TABLE;
	}
	return (uint64_t *)(uintptr_t)(*entry & ~DESCRIPTOR_TABLE);
}

static uint64_t attributes_of(enum mmu_kind kind)
{
	uint64_t attributes = ATTRIBUTE_INDEX(kind == MMU_DEVICE ? 1 : 0) | INNER_SHAREABLE | ACCESS_FLAG;

	return kind == MMU_CODE ? attributes : attributes | EXECUTE_NEVER;
}

int mmu_map(uint64_t address, uint64_t bytes, enum mmu_kind kind)
{
	uint64_t end = address + bytes;

	for (address &= ~(BLOCK_BYTES - 1u); address < end; address += BLOCK_BYTES) {
		uint64_t wanted = address | attributes_of(kind) | DESCRIPTOR_BLOCK;
		uint64_t *table = table_of(address);
		uint64_t *entry;

		if (!table)
			return -1;
		entry = &table[address >> BLOCK_BITS & (ENTRIES - 1u)];
		if (*entry != 0 && *entry != wanted)
			return -1;
		*entry = wanted;
	}
	/* Entries are only ever added, so that the table walker needs to see them and has nothing to forget. */
	__asm__ volatile("dsb ish\n\tisb" : : : "memory");
	return 0;
}

void mmu_enable(void)
{
	uint64_t control;

	__asm__ volatile("msr mair_el1, %0" : : "r"(MAIR_VALUE));
	__asm__ volatile("msr tcr_el1, %0" : : "r"(TCR_VALUE));
	__asm__ volatile("msr ttbr0_el1, %0" : : "r"((uint64_t)(uintptr_t)root));
	__asm__ volatile("isb\n\ttlbi vmalle1\n\tdsb ish\n\tisb" : : : "memory");
	__asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
	control |= SCTLR_MMU | SCTLR_DATA_CACHE | SCTLR_INSTRUCTION_CACHE;
	__asm__ volatile("msr sctlr_el1, %0\n\tisb" : : "r"(control) : "memory");
}
