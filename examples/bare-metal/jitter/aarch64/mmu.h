/* SPDX-License-Identifier: MIT */
/* The MMU: what is not mapped faults, and what is mapped lies where it lies physically in the cell. */
#ifndef JITTER_MMU_H
#define JITTER_MMU_H

#include <stdint.h>

enum mmu_kind {
	MMU_CODE,  /* Normal, write-back, executable */
	MMU_DATA,  /* Normal, write-back: what other cells share must be mapped like this */
	MMU_DEVICE /* registers */
};

/*
 * Maps a range, in blocks of 2 MiB; before mmu_enable() or after it. Returns 0, or -1 if a block is mapped as another
 * kind already or there are no tables left.
 */
int mmu_map(uint64_t address, uint64_t bytes, enum mmu_kind kind);

/* Turns the MMU and the caches on. */
void mmu_enable(void);

#endif
