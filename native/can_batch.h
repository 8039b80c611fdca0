/* SPDX-License-Identifier: MIT */
#ifndef INTERCELL_CAN_BATCH_H
#define INTERCELL_CAN_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Bytes before the message in a slot. */
#define CAN_SLOT_HEADER_BYTES	40

#define CAN_BATCH_MAX_SLOTS	1024

struct can_batch_entry;

/*
 * Slots in the buffer that JavaScript reads, and what recvmmsg() needs to fill
 * them.
 */
struct can_batch {
	/* 8-aligned; the buffer is the caller's */
	uint8_t *slots;
	/* a multiple of 8 */
	size_t slot_bytes;
	unsigned int count;
	struct mmsghdr *messages;
	struct can_batch_entry *entries;
	/* the last SO_RXQ_OVFL that a message told */
	uint32_t dropped;
};

/* Sets up what the caller has given slots, slot_bytes and count. */
bool can_batch_allocate(struct can_batch *batch);

/* Leaves the slots alone. */
void can_batch_free(struct can_batch *batch);

/* Receives without waiting. Returns how many slots it filled, or -errno. */
int can_batch_fill(struct can_batch *batch, int fd);

#endif
