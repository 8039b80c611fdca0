// SPDX-License-Identifier: MIT
#include "can_batch.h"

#include <errno.h>
#include <linux/can.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * What linux/net_tstamp.h and asm-generic/socket.h call SCM_TIMESTAMPING:
 * three times, of which the first is the kernel's and the last the device's.
 */
#define TIMES		3

/* Bytes of a struct sockaddr_can up to its end of can_ifindex. */
#define NAME_BYTES							\
	(offsetof(struct sockaddr_can, can_ifindex) + sizeof(int))

/*
 * A message in the buffer that JavaScript reads: this header, in the byte
 * order of the machine, and then the bytes. CanSlot in src/native/can-receiver.ts
 * has the same offsets.
 */
struct slot {
	uint32_t length;
	uint32_t flags;
	uint32_t interface;
	/* SO_RXQ_OVFL as of when the message was queued */
	uint32_t dropped;
	double seconds;
	uint32_t nanoseconds;
	uint32_t hardware_nanoseconds;
	/* 0 without a time of the device */
	double hardware_seconds;
	uint8_t bytes[];
};

_Static_assert(sizeof(struct slot) == CAN_SLOT_HEADER_BYTES, "CanSlot.BYTES");

/* Room for a drop counter and a time of either kind. */
union control {
	char bytes[CMSG_SPACE(sizeof(uint32_t)) +
		   CMSG_SPACE(sizeof(struct timespec)) +
		   CMSG_SPACE(TIMES * sizeof(struct timespec)) + 64];
	struct cmsghdr alignment;
};

/* What recvmmsg() fills for one slot. */
struct can_batch_entry {
	struct iovec part;
	struct sockaddr_can address;
	union control control;
};

static struct slot *batch_slot(const struct can_batch *batch,
			       unsigned int index)
{
	return (struct slot *)(batch->slots + index * batch->slot_bytes);
}

/* Sets up what recvmmsg() has changed, for the first count slots. */
static void batch_prepare(struct can_batch *batch, unsigned int count)
{
	struct msghdr *header;
	unsigned int index;

	for (index = 0; index < count; index++) {
		header = &batch->messages[index].msg_hdr;
		header->msg_namelen = sizeof(struct sockaddr_can);
		header->msg_controllen = sizeof(union control);
		header->msg_flags = 0;
	}
}

static void slot_set_times(struct slot *slot, const void *data, size_t length)
{
	struct timespec times[TIMES];

	if (length < sizeof(times))
		return;
	memcpy(times, data, sizeof(times));
	if (slot->seconds == 0) {
		slot->seconds = (double)times[0].tv_sec;
		slot->nanoseconds = (uint32_t)times[0].tv_nsec;
	}
	slot->hardware_seconds = (double)times[TIMES - 1].tv_sec;
	slot->hardware_nanoseconds = (uint32_t)times[TIMES - 1].tv_nsec;
}

static void slot_set_time(struct slot *slot, const void *data, size_t length)
{
	struct timespec time;

	if (length < sizeof(time))
		return;
	memcpy(&time, data, sizeof(time));
	slot->seconds = (double)time.tv_sec;
	slot->nanoseconds = (uint32_t)time.tv_nsec;
}

/* Writes the header of a slot whose message was received. */
static void batch_describe(struct can_batch *batch, unsigned int index)
{
	struct mmsghdr *message = &batch->messages[index];
	struct slot *slot = batch_slot(batch, index);
	struct cmsghdr *header;
	size_t length;

	slot->length = message->msg_len;
	slot->flags = (uint32_t)message->msg_hdr.msg_flags;
	slot->interface = 0;
	/* The kernel gives no more of the address than this. */
	if (message->msg_hdr.msg_namelen >= NAME_BYTES)
		slot->interface =
			(uint32_t)batch->entries[index].address.can_ifindex;
	slot->seconds = 0;
	slot->nanoseconds = 0;
	slot->hardware_seconds = 0;
	slot->hardware_nanoseconds = 0;
	for (header = CMSG_FIRSTHDR(&message->msg_hdr); header;
	     header = CMSG_NXTHDR(&message->msg_hdr, header)) {
		if (header->cmsg_level != SOL_SOCKET)
			continue;
		length = header->cmsg_len - CMSG_LEN(0);
		if (header->cmsg_type == SO_RXQ_OVFL &&
		    length >= sizeof(batch->dropped))
			memcpy(&batch->dropped, CMSG_DATA(header),
			       sizeof(batch->dropped));
		else if (header->cmsg_type == SCM_TIMESTAMPNS)
			slot_set_time(slot, CMSG_DATA(header), length);
		else if (header->cmsg_type == SCM_TIMESTAMPING)
			slot_set_times(slot, CMSG_DATA(header), length);
	}
	slot->dropped = batch->dropped;
}

int can_batch_fill(struct can_batch *batch, int fd)
{
	int count, index;

	do {
		count = recvmmsg(fd, batch->messages, batch->count,
				 MSG_DONTWAIT, NULL);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return errno == EAGAIN ? 0 : -errno;
	for (index = 0; index < count; index++)
		batch_describe(batch, index);
	batch_prepare(batch, count);
	return count;
}

bool can_batch_allocate(struct can_batch *batch)
{
	struct can_batch_entry *entry;
	struct msghdr *header;
	unsigned int index;

	batch->messages = calloc(batch->count, sizeof(struct mmsghdr));
	batch->entries = calloc(batch->count, sizeof(struct can_batch_entry));
	if (!batch->messages || !batch->entries)
		return false;
	for (index = 0; index < batch->count; index++) {
		entry = &batch->entries[index];
		entry->part.iov_base = batch_slot(batch, index)->bytes;
		entry->part.iov_len = batch->slot_bytes - sizeof(struct slot);
		header = &batch->messages[index].msg_hdr;
		header->msg_iov = &entry->part;
		header->msg_iovlen = 1;
		header->msg_name = &entry->address;
		header->msg_control = entry->control.bytes;
	}
	batch_prepare(batch, batch->count);
	return true;
}

void can_batch_free(struct can_batch *batch)
{
	free(batch->messages);
	free(batch->entries);
}
