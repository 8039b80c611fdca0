// SPDX-License-Identifier: MIT
#include "addon.h"
#include "can_batch.h"

#include <errno.h>
#include <stdlib.h>

/* Batches that are handed out before other handles get their turn. */
#define MAX_ROUNDS	8

/* The largest PDU of ISO-TP that a kernel can be set up for, and a header. */
#define MAX_SLOT_BYTES	(1025 * 1024 + 64)

#define MAX_GATHER_MS	1000

static const napi_type_tag receiver_tag = { 0x5ad0c6b5d1e84f02,
					    0x94c1f0be6a7d2e31 };

/*
 * Freed when both the JavaScript handle and libuv have let go, as a poller
 * is. It holds the buffer and its own handle while it is open.
 */
struct receiver {
	struct node node;
	uv_poll_t poll;
	/* Runs while frames gather, in which the socket is not polled. */
	uv_timer_t timer;
	struct addon *addon;
	napi_env env;
	napi_ref callback;
	napi_ref buffer;
	napi_ref self;
	struct can_batch batch;
	int fd;
	int events;
	unsigned int gather_ms;
	/* Of libuv, until they are closed. */
	unsigned int uv_handles;
	bool open;
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
	if (receiver->uv_handles || !receiver->handle_gone)
		return;
	can_batch_free(&receiver->batch);
	free(receiver);
}

static void receiver_on_close(uv_handle_t *handle)
{
	struct receiver *receiver = handle->data;
	struct addon *addon = receiver->addon;

	receiver->uv_handles--;
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
	receiver->addon->closing += receiver->uv_handles;
	uv_close((uv_handle_t *)&receiver->poll, receiver_on_close);
	uv_close((uv_handle_t *)&receiver->timer, receiver_on_close);
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

/* Takes the error of a socket that is not to be read. 0 or -errno. */
static int receiver_take_error(const struct receiver *receiver)
{
	socklen_t length = sizeof(int);
	int error;

	if (getsockopt(receiver->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return -errno;
	return -error;
}

/* Fills slots. Returns how many, 0 for none, or -errno. */
static int receiver_fill(struct receiver *receiver)
{
	if (!(receiver->events & UV_READABLE))
		return receiver_take_error(receiver);
	return can_batch_fill(&receiver->batch, receiver->fd);
}

/* Hands out what has come. Returns whether that was something, and all. */
static bool receiver_read(struct receiver *receiver, bool writable)
{
	unsigned int round;
	bool any = false;
	bool all = false;
	int count;

	for (round = 0; round < MAX_ROUNDS && receiver->open; round++) {
		count = receiver_fill(receiver);
		any = any || count > 0;
		if (count != 0 || writable)
			receiver_call(receiver, count, writable);
		writable = false;
		all = count >= 0 && (unsigned int)count < receiver->batch.count;
		if (all)
			break;
	}
	return any && all;
}

static void receiver_on_event(uv_poll_t *poll, int status, int events);
static void receiver_on_gathered(uv_timer_t *timer);

/* libuv takes no events at all for an end; errors it tells in any case. */
static int receiver_watch(struct receiver *receiver)
{
	return uv_poll_start(&receiver->poll,
			     receiver->events ? receiver->events :
						UV_DISCONNECT,
			     receiver_on_event);
}

/* Waits for frames, or lets them gather first. */
static void receiver_wait(struct receiver *receiver, bool gather)
{
	int events = receiver->events & ~UV_READABLE;

	if (!gather) {
		receiver_watch(receiver);
		return;
	}
	uv_timer_start(&receiver->timer, receiver_on_gathered,
		       receiver->gather_ms, 0);
	if (events)
		uv_poll_start(&receiver->poll, events, receiver_on_event);
	else
		uv_poll_stop(&receiver->poll);
}

/* Reads with the handle held, as the callback may close the receiver. */
static void receiver_turn(struct receiver *receiver, bool writable, bool wait)
{
	napi_handle_scope scope;
	napi_value self;
	bool gather;

	if (napi_open_handle_scope(receiver->env, &scope) != napi_ok)
		return;
	if (napi_get_reference_value(receiver->env, receiver->self, &self) ==
	    napi_ok) {
		gather = receiver_read(receiver, writable) &&
			 receiver->gather_ms;
		if (receiver->open && (wait || gather))
			receiver_wait(receiver, gather);
	}
	napi_close_handle_scope(receiver->env, scope);
}

static void receiver_on_gathered(uv_timer_t *timer)
{
	receiver_turn(timer->data, false, true);
}

static void receiver_on_event(uv_poll_t *poll, int status, int events)
{
	/*
	 * libuv stops at an error, such as that the interface went down. The
	 * read takes it from the socket, which works on.
	 */
	receiver_turn(poll->data, events & UV_WRITABLE, status < 0);
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
	int64_t bytes, gather;

	if (!get_descriptor(env, call->arguments[0], &receiver->fd))
		return false;
	if (napi_get_typedarray_info(env, call->arguments[1], &array, &length,
				     (void **)&receiver->batch.slots, NULL,
				     NULL) != napi_ok ||
	    array != napi_uint8_array) {
		napi_throw_type_error(env, NULL, "buffer must be a Uint8Array");
		return false;
	}
	if (!get_integer(env, call->arguments[2], "slotBytes",
			 CAN_SLOT_HEADER_BYTES + 1, MAX_SLOT_BYTES, &bytes))
		return false;
	receiver->batch.slot_bytes = bytes;
	length /= receiver->batch.slot_bytes;
	if (bytes % 8 != 0 || (uintptr_t)receiver->batch.slots % 8 != 0 ||
	    length < 1 || length > CAN_BATCH_MAX_SLOTS) {
		napi_throw_range_error(env, NULL,
				       "buffer must be 1 to 1024 slots of a "
				       "multiple of 8 bytes");
		return false;
	}
	receiver->batch.count = length;
	if (napi_typeof(env, call->arguments[3], &type) != napi_ok ||
	    type != napi_function) {
		napi_throw_type_error(env, NULL, "callback must be a function");
		return false;
	}
	if (!get_integer(env, call->arguments[4], "gatherMs", 0, MAX_GATHER_MS,
			 &gather))
		return false;
	receiver->gather_ms = gather;
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
	error = can_batch_allocate(&receiver->batch) ? 0 : -ENOMEM;
	if (!error)
		error = uv_poll_init(call.addon->loop, &receiver->poll,
				     receiver->fd);
	if (error) {
		receiver_free_if_gone(receiver);
		return make_result(env, error);
	}
	uv_timer_init(call.addon->loop, &receiver->timer);
	receiver->uv_handles = 2;
	receiver->poll.data = receiver;
	receiver->timer.data = receiver;
	receiver->open = true;
	node_add(&call.addon->can_receivers, &receiver->node);
	error = receiver_watch(receiver);
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

static napi_value watchCanReceiver(napi_env env, napi_callback_info info)
{
	struct receiver *receiver;
	bool readable, writable;
	struct call call;

	receiver = get_receiver(env, info, &call);
	REQUIRE(receiver);
	REQUIRE(get_boolean(env, call.arguments[1], "readable", &readable));
	REQUIRE(get_boolean(env, call.arguments[2], "writable", &writable));
	if (!receiver->open)
		return make_result(env, -EBADF);
	receiver->events = (readable ? UV_READABLE : 0) |
			   (writable ? UV_WRITABLE : 0);
	return make_result(env, receiver_watch(receiver));
}

static napi_value unrefCanReceiver(napi_env env, napi_callback_info info)
{
	struct receiver *receiver;
	struct call call;

	receiver = get_receiver(env, info, &call);
	REQUIRE(receiver);
	if (receiver->open) {
		uv_unref((uv_handle_t *)&receiver->poll);
		uv_unref((uv_handle_t *)&receiver->timer);
	}
	return NULL;
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
		EXPORT(watchCanReceiver),
		EXPORT(unrefCanReceiver),
		EXPORT(closeCanReceiver),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
