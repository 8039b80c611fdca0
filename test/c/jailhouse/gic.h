/* SPDX-License-Identifier: MIT */
/* Stands in for <gic.h> of a Jailhouse source tree: see inmate.h. */
#ifndef TEST_JAILHOUSE_GIC_H
#define TEST_JAILHOUSE_GIC_H

#include <inmate.h>

/* The virtual timer's private peripheral interrupt. */
#define TIMER_IRQ 27

#endif
