// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <linux/can.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Batches that are handed out before other handles get their turn. */
#define MAX_ROUNDS	8

#define MAX_SLOTS	1024
#define MAX_SLOT_BYTES	65536

/*
 * What linux/net_tstamp.h and asm-generic/socket.h call SCM_TIMESTAMPING:
 * three times, of which the first is the kernel's and the last the device's.
 */
#define TIMES		3

/* Bytes of a struct sockaddr_can up to its end of can_ifindex. */
#define NAME_BYTES							\
	(offsetof(struct sockaddr_can, can_ifindex) + sizeof(int))

static const napi_type_tag receiver_tag = { 0x5ad0c6b5d1e84f02,
					    0x94c1f0be6a7d2e31 };

/*
 * A message in the buffer that JavaScript reads: this header, in the byte
 * order of the machine, and then the bytes. CanSlot in src/native/can-socket.ts
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

_Static_assert(sizeof(struct slot) == 40, "CanSlot.BYTES");

/* Room for a drop counter and a time of either kind. */
union control {
	char bytes[CMSG_SPACE(sizeof(uint32_t)) +
		   CMSG_SPACE(sizeof(struct timespec)) +
		   CMSG_SPACE(TIMES * sizeof(struct timespec)) + 64];
	struct cmsghdr alignment;
};

/* What recvmmsg() fills for one slot. */
struct entry {
	struct iovec part;
	struct sockaddr_can address;
	union control control;
};

/*
 * Freed when both the JavaScript handle and libuv have let go, as a poller
 * is. It holds the buffer and its own handle while it is open.
 */
struct receiver {
	struct node node;
	uv_poll_t poll;
	struct addon *addon;
	napi_env env;
	napi_ref callback;
	napi_ref buffer;
	napi_ref self;
	struct mmsghdr *messages;
	struct entry *entries;
	uint8_t *slots;
	size_t slot_bytes;
	unsigned int count;
	uint32_t dropped;
	int fd;
	int events;
	bool open;
	bool poll_gone;
	bool handle_gone;
};

bool can_receiver_watches(const struct addon *addon, int fd)
{
	const struct node *node;

	for (node = addon->can_receivers.next; node != &addon->can_receivers;
	     node = node->next)
		if (((const struct receiver *)node)->fd == fd)
			return true;
	return false;
}

static void receiver_free_if_gone(struct receiver *receiver)
{
	if (!receiver->poll_gone || !receiver->handle_gone)
		return;
	free(receiver->messages);
	free(receiver->entries);
	free(receiver);
}

static void receiver_on_close(uv_handle_t *handle)
{
	struct receiver *receiver = handle->data;
	struct addon *addon = receiver->addon;

	receiver->poll_gone = true;
	receiver_free_if_gone(receiver);
	addon_handle_closed(addon);
}

static void receiver_drop(struct receiver *receiver, napi_ref *reference)
{
	if (*reference)
		napi_delete_reference(receiver->env, *reference);
	*reference = NULL;
}

static void receiver_close(struct receiver *receiver)
{
	if (!receiver->open)
		return;
	receiver->open = false;
	node_remove(&receiver->node);
	uv_poll_stop(&receiver->poll);
	receiver->addon->closing++;
	uv_close((uv_handle_t *)&receiver->poll, receiver_on_close);
	receiver_drop(receiver, &receiver->callback);
	receiver_drop(receiver, &receiver->buffer);
	receiver_drop(receiver, &receiver->self);
}

void can_receiver_close_all(struct addon *addon)
{
	while (!node_is_empty(&addon->can_receivers))
		receiver_close((struct receiver *)addon->can_receivers.next);
}

static void receiver_finalize(napi_env env, void *data, void *hint)
{
	struct receiver *receiver = data;

	(void)env;
	(void)hint;
	receiver_close(receiver);
	receiver->handle_gone = true;
	receiver_free_if_gone(receiver);
}

static struct slot *receiver_slot(const struct receiver *receiver,
				  unsigned int index)
{
	return (struct slot *)(receiver->slots + index * receiver->slot_bytes);
}

/* Sets up what recvmmsg() has changed, for the first count slots. */
static void receiver_prepare(struct receiver *receiver, unsigned int count)
{
	struct msghdr *header;
	unsigned int index;

	for (index = 0; index < count; index++) {
		header = &receiver->messages[index].msg_hdr;
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
static void receiver_describe(struct receiver *receiver, unsigned int index)
{
	struct mmsghdr *message = &receiver->messages[index];
	struct slot *slot = receiver_slot(receiver, index);
	struct cmsghdr *header;
	size_t length;

	slot->length = message->msg_len;
	slot->flags = (uint32_t)message->msg_hdr.msg_flags;
	slot->interface = 0;
	/* The kernel gives no more of the address than this. */
	if (message->msg_hdr.msg_namelen >= NAME_BYTES)
		slot->interface =
			(uint32_t)receiver->entries[index].address.can_ifindex;
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
		    length >= sizeof(receiver->dropped))
			memcpy(&receiver->dropped, CMSG_DATA(header),
			       sizeof(receiver->dropped));
		else if (header->cmsg_type == SCM_TIMESTAMPNS)
			slot_set_time(slot, CMSG_DATA(header), length);
		else if (header->cmsg_type == SCM_TIMESTAMPING)
			slot_set_times(slot, CMSG_DATA(header), length);
	}
	slot->dropped = receiver->dropped;
}

/* Fills slots. Returns how many, 0 for none, or -errno. */
static int receiver_fill(struct receiver *receiver)
{
	int count, index;

	do {
		count = recvmmsg(receiver->fd, receiver->messages,
				 receiver->count, MSG_DONTWAIT, NULL);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return errno == EAGAIN ? 0 : -errno;
	for (index = 0; index < count; index++)
		receiver_describe(receiver, index);
	receiver_prepare(receiver, count);
	return count;
}

static void receiver_call(struct receiver *receiver, int count, bool writable)
{
	napi_value global, callback, error, arguments[2];
	napi_env env = receiver->env;
	napi_handle_scope scope;

	if (napi_open_handle_scope(env, &scope) != napi_ok)
		return;
	if (napi_get_reference_value(env, receiver->callback, &callback) !=
		    napi_ok ||
	    napi_get_global(env, &global) != napi_ok ||
	    napi_create_int32(env, count, &arguments[0]) != napi_ok ||
	    napi_get_boolean(env, writable, &arguments[1]) != napi_ok ||
	    napi_make_callback(env, NULL, global, callback, 2, arguments,
			       NULL) != napi_ok) {
		/* Both fail if the thread is being terminated. */
		if (napi_get_and_clear_last_exception(env, &error) == napi_ok)
			napi_fatal_exception(env, error);
	}
	napi_close_handle_scope(env, scope);
}

static void receiver_on_event(uv_poll_t *poll, int status, int events)
{
	struct receiver *receiver = poll->data;
	bool writable = events & UV_WRITABLE;
	unsigned int round;
	napi_handle_scope scope;
	napi_value self;
	int count;

	/* The callback may close the receiver: its handle outlives the loop. */
	if (napi_open_handle_scope(receiver->env, &scope) != napi_ok)
		return;
	if (napi_get_reference_value(receiver->env, receiver->self, &self) !=
	    napi_ok)
		goto out;
	for (round = 0; round < MAX_ROUNDS && receiver->open; round++) {
		count = receiver_fill(receiver);
		if (count != 0 || writable)
			receiver_call(receiver, count, writable);
		writable = false;
		if (count >= 0 && (unsigned int)count < receiver->count)
			break;
	}
	/*
	 * libuv stops at an error, such as that the interface went down. The
	 * read has taken it from the socket, which works on.
	 */
	if (status < 0 && receiver->open)
		uv_poll_start(poll, receiver->events, receiver_on_event);
out:
	napi_close_handle_scope(receiver->env, scope);
}

static bool receiver_allocate(struct receiver *receiver)
{
	struct msghdr *header;
	struct entry *entry;
	unsigned int index;

	receiver->messages = calloc(receiver->count, sizeof(struct mmsghdr));
	receiver->entries = calloc(receiver->count, sizeof(struct entry));
	if (!receiver->messages || !receiver->entries)
		return false;
	for (index = 0; index < receiver->count; index++) {
		entry = &receiver->entries[index];
		entry->part.iov_base = receiver_slot(receiver, index)->bytes;
		entry->part.iov_len =
			receiver->slot_bytes - sizeof(struct slot);
		header = &receiver->messages[index].msg_hdr;
		header->msg_iov = &entry->part;
		header->msg_iovlen = 1;
		header->msg_name = &entry->address;
		header->msg_control = entry->control.bytes;
	}
	receiver_prepare(receiver, receiver->count);
	return true;
}

/* Returns the handle of a receiver that polls, or NULL with it closed. */
static napi_value receiver_wrap(napi_env env, struct receiver *receiver,
				const struct call *call)
{
	napi_value handle;

	if (napi_create_reference(env, call->arguments[1], 1,
				  &receiver->buffer) != napi_ok ||
	    napi_create_reference(env, call->arguments[3], 1,
				  &receiver->callback) != napi_ok ||
	    napi_create_external(env, receiver, receiver_finalize, NULL,
				 &handle) != napi_ok)
		goto fail;
	receiver->handle_gone = false;
	if (napi_type_tag_object(env, handle, &receiver_tag) != napi_ok ||
	    napi_create_reference(env, handle, 1, &receiver->self) != napi_ok)
		goto fail;
	return handle;
fail:
	addon_fail(env);
	receiver_close(receiver);
	return NULL;
}

/* Checks the arguments of createCanReceiver and notes them. */
static bool receiver_get_arguments(napi_env env, const struct call *call,
				   struct receiver *receiver)
{
	napi_typedarray_type array;
	napi_valuetype type;
	size_t length;
	int64_t bytes;

	if (!get_descriptor(env, call->arguments[0], &receiver->fd))
		return false;
	if (napi_get_typedarray_info(env, call->arguments[1], &array, &length,
				     (void **)&receiver->slots, NULL,
				     NULL) != napi_ok ||
	    array != napi_uint8_array) {
		napi_throw_type_error(env, NULL, "buffer must be a Uint8Array");
		return false;
	}
	if (!get_integer(env, call->arguments[2], "slotBytes",
			 sizeof(struct slot) + 1, MAX_SLOT_BYTES, &bytes))
		return false;
	receiver->slot_bytes = bytes;
	receiver->count = length / receiver->slot_bytes;
	if (bytes % 8 != 0 || (uintptr_t)receiver->slots % 8 != 0 ||
	    receiver->count < 1 || length / receiver->slot_bytes > MAX_SLOTS) {
		napi_throw_range_error(env, NULL,
				       "buffer must be 1 to 1024 slots of a "
				       "multiple of 8 bytes");
		return false;
	}
	if (napi_typeof(env, call->arguments[3], &type) != napi_ok ||
	    type != napi_function) {
		napi_throw_type_error(env, NULL, "callback must be a function");
		return false;
	}
	return true;
}

static napi_value createCanReceiver(napi_env env, napi_callback_info info)
{
	struct receiver *receiver, start = { 0 };
	struct call call;
	int error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(receiver_get_arguments(env, &call, &start));
	receiver = malloc(sizeof(*receiver));
	if (!receiver)
		return make_result(env, -ENOMEM);
	*receiver = start;
	receiver->addon = call.addon;
	receiver->env = env;
	receiver->events = UV_READABLE;
	receiver->handle_gone = true;
	error = receiver_allocate(receiver) ? 0 : -ENOMEM;
	if (!error)
		error = uv_poll_init(call.addon->loop, &receiver->poll,
				     receiver->fd);
	if (error) {
		receiver->poll_gone = true;
		receiver_free_if_gone(receiver);
		return make_result(env, error);
	}
	receiver->poll.data = receiver;
	receiver->open = true;
	node_add(&call.addon->can_receivers, &receiver->node);
	error = uv_poll_start(&receiver->poll, receiver->events,
			      receiver_on_event);
	if (error) {
		receiver_close(receiver);
		return make_result(env, error);
	}
	return receiver_wrap(env, receiver, &call);
}

static struct receiver *get_receiver(napi_env env, napi_callback_info info,
				     struct call *call)
{
	REQUIRE(call_begin(env, info, call));
	return get_handle(env, call->arguments[0], "a CAN receiver",
			  &receiver_tag);
}

static napi_value watchCanWritable(napi_env env, napi_callback_info info)
{
	struct receiver *receiver;
	struct call call;
	bool writable;

	receiver = get_receiver(env, info, &call);
	REQUIRE(receiver);
	REQUIRE(get_boolean(env, call.arguments[1], "writable", &writable));
	if (!receiver->open)
		return make_result(env, -EBADF);
	receiver->events = UV_READABLE | (writable ? UV_WRITABLE : 0);
	return make_result(env, uv_poll_start(&receiver->poll, receiver->events,
					      receiver_on_event));
}

static napi_value closeCanReceiver(napi_env env, napi_callback_info info)
{
	struct receiver *receiver;
	struct call call;

	receiver = get_receiver(env, info, &call);
	REQUIRE(receiver);
	receiver_close(receiver);
	return NULL;
}

napi_status can_receiver_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(createCanReceiver),
		EXPORT(watchCanWritable),
		EXPORT(closeCanReceiver),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
