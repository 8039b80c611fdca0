/* SPDX-License-Identifier: MIT */
/*
 * Typed channels between the cells of a Jailhouse machine over ivshmem, for a bare-metal inmate: see README.md in the
 * folder above. This header includes all the others.
 */
#ifndef INTERCELL_INTERCELL_H
#define INTERCELL_INTERCELL_H

#include "channel.h"
#include "ivshmem_pci.h"
#include "sleep.h"

#endif
