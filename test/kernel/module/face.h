/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INTERCELL_UIO_TEST_FACE_H
#define INTERCELL_UIO_TEST_FACE_H

struct peer;

/* Registers the bus and the driver named uio_ivshmem. */
int face_init(void);
void face_exit(void);

/* Shows a peer as a function of the bus, which the driver takes at once. */
int face_add(struct peer *peer);
/* Returns when nothing refers to the peer any more. */
void face_remove(struct peer *peer);

#endif
