// SPDX-License-Identifier: MIT
#include "registers.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Beside libuv's own event bits; PollEvent.ERROR in TypeScript. */
#define POLLER_ERROR	16

static const napi_type_tag poller_tag = { 0x1c6fb5de02a74e8f,
					  0xb7e05194d3ca4d6a };

/*
 * Freed when both the JavaScript handle and libuv have let go. While it
 * polls it holds its own handle, so that dropping the handle in JavaScript
 * does not stop it.
 */
struct poller {
	struct node node;
	uv_poll_t poll;
	struct addon *addon;
	napi_env env;
	napi_ref callback;
	napi_ref self;
	int fd;
	size_t count_bytes;
	struct registers *rearm;
	uint32_t rearm_offset;
	uint32_t rearm_value;
	bool open;
	bool poll_gone;
	bool handle_gone;
};

bool poller_watches(const struct addon *addon, int fd)
{
	const struct node *node;

	for (node = addon->pollers.next; node != &addon->pollers;
	     node = node->next)
		if (((const struct poller *)node)->fd == fd)
			return true;
	return false;
}

static void poller_free_if_gone(struct poller *poller)
{
	if (poller->poll_gone && poller->handle_gone)
		free(poller);
}

static void poller_on_close(uv_handle_t *handle)
{
	struct poller *poller = handle->data;
	struct addon *addon = poller->addon;

	poller->poll_gone = true;
	poller_free_if_gone(poller);
	addon_handle_closed(addon);
}

static void poller_close(struct poller *poller)
{
	if (!poller->open)
		return;
	poller->open = false;
	node_remove(&poller->node);
	uv_poll_stop(&poller->poll);
	poller->addon->closing++;
	uv_close((uv_handle_t *)&poller->poll, poller_on_close);
	if (poller->rearm)
		registers_unuse(poller->rearm);
	poller->rearm = NULL;
	if (poller->callback)
		napi_delete_reference(poller->env, poller->callback);
	if (poller->self)
		napi_delete_reference(poller->env, poller->self);
	poller->callback = NULL;
	poller->self = NULL;
}

void poller_close_all(struct addon *addon)
{
	while (!node_is_empty(&addon->pollers))
		poller_close((struct poller *)addon->pollers.next);
}

static void poller_finalize(napi_env env, void *data, void *hint)
{
	struct poller *poller = data;

	(void)env;
	(void)hint;
	poller_close(poller);
	poller->handle_gone = true;
	poller_free_if_gone(poller);
}

/* Reads the counter, little-endian as its writer's. Count or -errno. */
static int64_t poller_read_count(const struct poller *poller)
{
	uint64_t wide = 0;
	uint32_t narrow = 0;
	ssize_t length;

	do {
		length = read(poller->fd,
			      poller->count_bytes == 8 ? (void *)&wide :
							 (void *)&narrow,
			      poller->count_bytes);
	} while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	if ((size_t)length != poller->count_bytes)
		return -EIO;
	/* An eventfd that was written -2 at once would look like an error. */
	return wide > INT64_MAX ? INT64_MAX : (int64_t)(wide + narrow);
}

/* Why the kernel reports an error on the descriptor, as -errno. */
static int64_t poller_find_fault(const struct poller *poller)
{
	socklen_t length = sizeof(int);
	int64_t count;
	int error = 0;

	if (poller->count_bytes > 0) {
		count = poller_read_count(poller);
		return count < 0 && count != -EAGAIN ? count : -EIO;
	}
	if (getsockopt(poller->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ||
	    error == 0)
		return -EIO;
	return -error;
}

static void poller_throw(napi_env env)
{
	napi_value error;

	/* Both fail if the thread is being terminated, which is as well. */
	if (napi_get_and_clear_last_exception(env, &error) == napi_ok)
		napi_fatal_exception(env, error);
}

static void poller_call(napi_env env, napi_value callback, int events,
			int64_t count)
{
	napi_value global, arguments[2];

	if (napi_get_global(env, &global) != napi_ok ||
	    napi_create_int32(env, events, &arguments[0]) != napi_ok ||
	    napi_create_int64(env, count, &arguments[1]) != napi_ok ||
	    napi_make_callback(env, NULL, global, callback, 2, arguments,
			       NULL) != napi_ok)
		poller_throw(env);
}

static void poller_on_event(uv_poll_t *poll, int status, int events)
{
	struct poller *poller = poll->data;
	napi_env env = poller->env;
	napi_handle_scope scope;
	napi_value callback;
	int64_t count = 0;

	if (status < 0) {
		events |= POLLER_ERROR;
		count = poller_find_fault(poller);
	} else if (poller->count_bytes > 0) {
		count = poller_read_count(poller);
		if (count == -EAGAIN)
			return;
		if (count < 0)
			events |= POLLER_ERROR;
		else if (poller->rearm)
			/* -EBADF if the page was unmapped: nothing to arm */
			registers_write(poller->rearm, poller->rearm_offset,
					poller->rearm_value);
	} else if (events & UV_DISCONNECT) {
		count = -ECONNRESET;
	}
	if (napi_open_handle_scope(env, &scope) != napi_ok)
		return;
	if (napi_get_reference_value(env, poller->callback, &callback) ==
	    napi_ok) {
		if (count < 0)
			poller_close(poller);
		poller_call(env, callback, events, count);
	}
	napi_close_handle_scope(env, scope);
}

/* Takes the optional re-arming write from three arguments. */
static bool poller_get_rearm(napi_env env, const napi_value *arguments,
			     struct poller *poller)
{
	struct registers *registers;
	napi_valuetype type;
	int64_t value;

	if (napi_typeof(env, arguments[0], &type) != napi_ok ||
	    type == napi_undefined)
		return true;
	registers = get_handle(env, arguments[0], "registers", &registers_tag);
	if (!registers ||
	    !get_register_offset(env, arguments[1], registers,
				 &poller->rearm_offset) ||
	    !get_integer(env, arguments[2], "value", 0, UINT32_MAX, &value))
		return false;
	poller->rearm_value = value;
	poller->rearm = registers;
	return true;
}

static bool poller_get_events(napi_env env, napi_value value,
			      size_t count_bytes, int *events)
{
	int64_t number;

	if (!get_integer(env, value, "events", 1,
			 count_bytes > 0 ? UV_READABLE :
					   UV_READABLE | UV_WRITABLE |
						   UV_DISCONNECT,
			 &number))
		return false;
	*events = number;
	return true;
}

/* Checks the arguments of createPoller and notes them. */
static bool poller_get_arguments(napi_env env, const struct call *call,
				 struct poller *poller, int *events)
{
	napi_valuetype type;
	int64_t count_bytes;

	if (!get_descriptor(env, call->arguments[0], &poller->fd) ||
	    !get_integer(env, call->arguments[1], "countBytes", 0, 8,
			 &count_bytes))
		return false;
	if (count_bytes != 0 && count_bytes != 4 && count_bytes != 8) {
		napi_throw_range_error(env, NULL,
				       "countBytes must be 0, 4 or 8");
		return false;
	}
	poller->count_bytes = count_bytes;
	if (!poller_get_events(env, call->arguments[2], count_bytes, events))
		return false;
	if (napi_typeof(env, call->arguments[3], &type) != napi_ok ||
	    type != napi_function) {
		napi_throw_type_error(env, NULL, "callback must be a function");
		return false;
	}
	return poller_get_rearm(env, &call->arguments[4], poller);
}

/* Returns the handle of a running poller, or NULL with it closed. */
static napi_value poller_wrap(napi_env env, struct poller *poller,
			      napi_value callback)
{
	napi_value handle;

	if (napi_create_reference(env, callback, 1, &poller->callback) !=
	    napi_ok)
		goto fail;
	if (napi_create_external(env, poller, poller_finalize, NULL, &handle) !=
	    napi_ok)
		goto fail;
	poller->handle_gone = false;
	if (napi_type_tag_object(env, handle, &poller_tag) != napi_ok ||
	    napi_create_reference(env, handle, 1, &poller->self) != napi_ok)
		goto fail;
	return handle;
fail:
	addon_fail(env);
	poller_close(poller);
	return NULL;
}

static napi_value createPoller(napi_env env, napi_callback_info info)
{
	struct poller *poller, start = { 0 };
	struct call call;
	int events, error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(poller_get_arguments(env, &call, &start, &events));
	poller = malloc(sizeof(*poller));
	if (!poller)
		return make_result(env, -ENOMEM);
	*poller = start;
	poller->addon = call.addon;
	poller->env = env;
	poller->handle_gone = true;
	error = uv_poll_init(call.addon->loop, &poller->poll, poller->fd);
	if (error) {
		free(poller);
		return make_result(env, error);
	}
	poller->poll.data = poller;
	poller->open = true;
	if (poller->rearm)
		poller->rearm->users++;
	node_add(&call.addon->pollers, &poller->node);
	error = uv_poll_start(&poller->poll, events, poller_on_event);
	if (error) {
		poller_close(poller);
		return make_result(env, error);
	}
	return poller_wrap(env, poller, call.arguments[3]);
}

static struct poller *get_poller(napi_env env, napi_callback_info info,
				 struct call *call)
{
	REQUIRE(call_begin(env, info, call));
	return get_handle(env, call->arguments[0], "a poller", &poller_tag);
}

static napi_value setPollerEvents(napi_env env, napi_callback_info info)
{
	struct poller *poller;
	struct call call;
	int events;

	poller = get_poller(env, info, &call);
	REQUIRE(poller);
	REQUIRE(poller_get_events(env, call.arguments[1], poller->count_bytes,
				  &events));
	if (!poller->open)
		return make_result(env, -EBADF);
	return make_result(env, uv_poll_start(&poller->poll, events,
					      poller_on_event));
}

static napi_value pollerRef(napi_env env, napi_callback_info info)
{
	struct poller *poller;
	struct call call;

	poller = get_poller(env, info, &call);
	REQUIRE(poller);
	if (poller->open)
		uv_ref((uv_handle_t *)&poller->poll);
	return NULL;
}

static napi_value pollerUnref(napi_env env, napi_callback_info info)
{
	struct poller *poller;
	struct call call;

	poller = get_poller(env, info, &call);
	REQUIRE(poller);
	if (poller->open)
		uv_unref((uv_handle_t *)&poller->poll);
	return NULL;
}

static napi_value closePoller(napi_env env, napi_callback_info info)
{
	struct poller *poller;
	struct call call;

	poller = get_poller(env, info, &call);
	REQUIRE(poller);
	poller_close(poller);
	return NULL;
}

napi_status poller_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(createPoller),
		EXPORT(setPollerEvents),
		EXPORT(pollerRef),
		EXPORT(pollerUnref),
		EXPORT(closePoller),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
