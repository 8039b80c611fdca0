/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INTERCELL_UIO_TEST_TRAP_H
#define INTERCELL_UIO_TEST_TRAP_H

#include <linux/mm_types.h>

struct peer;

/* Makes each access to the mapping a trap that acts on the peer's registers. */
int trap_mmap(struct peer *peer, struct vm_area_struct *vma);

#endif
