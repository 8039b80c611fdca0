// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <linux/can.h>
#include <linux/net_tstamp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Most frames of one sendCanFrames(); SEND_BATCH_FRAMES in TypeScript. */
#define SEND_BATCH	64

/* Most bytes of an option: 512 filters of 8. */
#define MAX_OPTION_BYTES	4096

/* A result of sendCanFrames() is frames taken times this, plus the errno. */
#define SEND_RESULT_BASE	4096

static napi_value openCanSocket(napi_env env, napi_callback_info info)
{
	int64_t type, protocol;
	struct call call;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_integer(env, call.arguments[0], "type", 1, 10, &type));
	REQUIRE(get_integer(env, call.arguments[1], "protocol", 1, CAN_NPROTO,
			    &protocol));
	fd = socket(PF_CAN, (int)type | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    (int)protocol);
	return make_result(env, descriptor_own(call.addon, fd < 0 ? -errno : fd));
}

static napi_value attach_socket(napi_env env, napi_callback_info info,
				int (*attach)(int, const struct sockaddr *,
					      socklen_t))
{
	struct sockaddr_can address = { .can_family = AF_CAN };
	struct call call;
	int64_t index;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_integer(env, call.arguments[1], "index", 0, INT_MAX,
			    &index));
	address.can_ifindex = (int)index;
	if (attach(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return make_result(env, -errno);
	return make_result(env, 0);
}

static napi_value bindCanSocket(napi_env env, napi_callback_info info)
{
	return attach_socket(env, info, bind);
}

static napi_value connectCanSocket(napi_env env, napi_callback_info info)
{
	return attach_socket(env, info, connect);
}

/* Takes descriptor, level and name from the first three arguments. */
static bool get_option(napi_env env, const struct call *call, int *fd,
		       int *level, int *name)
{
	int64_t number;

	if (!get_descriptor(env, call->arguments[0], fd) ||
	    !get_integer(env, call->arguments[1], "level", 0, INT_MAX, &number))
		return false;
	*level = (int)number;
	if (!get_integer(env, call->arguments[2], "name", 0, INT_MAX, &number))
		return false;
	*name = (int)number;
	return true;
}

static napi_value setSocketOption(napi_env env, napi_callback_info info)
{
	napi_typedarray_type type;
	int fd, level, name;
	struct call call;
	size_t length;
	void *bytes;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_option(env, &call, &fd, &level, &name));
	if (napi_get_typedarray_info(env, call.arguments[3], &type, &length,
				     &bytes, NULL, NULL) != napi_ok ||
	    type != napi_uint8_array) {
		napi_throw_type_error(env, NULL, "bytes must be a Uint8Array");
		return NULL;
	}
	if (length > MAX_OPTION_BYTES)
		return make_result(env, -EINVAL);
	/* No filter at all is no bytes, of which V8 may give no address. */
	if (setsockopt(fd, level, name, length ? bytes : &length, length) < 0)
		return make_result(env, -errno);
	return make_result(env, 0);
}

/* Fills the bytes and returns how many the option has. */
static napi_value getSocketOption(napi_env env, napi_callback_info info)
{
	int fd, level, name;
	struct call call;
	socklen_t size;
	size_t length;
	void *bytes;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_option(env, &call, &fd, &level, &name));
	REQUIRE(get_bytes(env, call.arguments[3], "bytes", &bytes, &length));
	size = length > MAX_OPTION_BYTES ? MAX_OPTION_BYTES : length;
	if (getsockopt(fd, level, name, bytes, &size) < 0)
		return make_result(env, -errno);
	return make_result(env, size);
}

/*
 * Sends messages until one is refused. sendmmsg() tells the errno only if
 * the first is, so that it is asked once more after a part was taken.
 */
static unsigned int send_messages(int fd, struct mmsghdr *messages,
				  unsigned int count, int *error)
{
	unsigned int taken = 0;
	int result;

	*error = 0;
	while (taken < count) {
		result = sendmmsg(fd, messages + taken, count - taken,
				  MSG_DONTWAIT | MSG_NOSIGNAL);
		if (result > 0) {
			taken += result;
		} else if (errno != EINTR) {
			*error = errno;
			break;
		}
	}
	return taken;
}

static napi_value sendCanFrames(napi_env env, napi_callback_info info)
{
	struct mmsghdr messages[SEND_BATCH];
	struct iovec parts[SEND_BATCH];
	napi_typedarray_type type;
	size_t length, sizes_length;
	int64_t stride, count, index;
	struct call call;
	uint32_t *sizes;
	unsigned int taken;
	uint8_t *bytes;
	int fd, error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_bytes(env, call.arguments[1], "bytes", (void **)&bytes,
			  &length));
	REQUIRE(get_integer(env, call.arguments[2], "stride", 1, 65536,
			    &stride));
	if (napi_get_typedarray_info(env, call.arguments[3], &type,
				     &sizes_length, (void **)&sizes, NULL,
				     NULL) != napi_ok ||
	    type != napi_uint32_array) {
		napi_throw_type_error(env, NULL, "sizes must be a Uint32Array");
		return NULL;
	}
	REQUIRE(get_integer(env, call.arguments[4], "count", 0, SEND_BATCH,
			    &count));
	if ((size_t)count > sizes_length || (size_t)(count * stride) > length) {
		napi_throw_range_error(env, NULL,
				       "count is more than there are frames");
		return NULL;
	}
	memset(messages, 0, count * sizeof(*messages));
	for (index = 0; index < count; index++) {
		if (sizes[index] > stride) {
			napi_throw_range_error(env, NULL,
					       "a size is more than stride");
			return NULL;
		}
		parts[index].iov_base = bytes + index * stride;
		parts[index].iov_len = sizes[index];
		messages[index].msg_hdr.msg_iov = &parts[index];
		messages[index].msg_hdr.msg_iovlen = 1;
	}
	taken = send_messages(fd, messages, count, &error);
	return make_result(env, (int64_t)taken * SEND_RESULT_BASE + error);
}

/* Asks for times with each message, of the kernel or also of the device. */
static napi_value enableTimestamps(napi_env env, napi_callback_info info)
{
	int fd, value, result;
	struct call call;
	bool hardware;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_boolean(env, call.arguments[1], "hardware", &hardware));
	if (hardware) {
		value = SOF_TIMESTAMPING_RX_SOFTWARE |
			SOF_TIMESTAMPING_SOFTWARE |
			SOF_TIMESTAMPING_RX_HARDWARE |
			SOF_TIMESTAMPING_RAW_HARDWARE;
		result = setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &value,
				    sizeof(value));
	} else {
		value = 1;
		result = setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &value,
				    sizeof(value));
	}
	return make_result(env, result < 0 ? -errno : 0);
}

napi_status can_socket_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(openCanSocket),
		EXPORT(bindCanSocket),
		EXPORT(connectCanSocket),
		EXPORT(setSocketOption),
		EXPORT(getSocketOption),
		EXPORT(enableTimestamps),
		EXPORT(sendCanFrames),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
