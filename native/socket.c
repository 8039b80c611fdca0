// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_DESCRIPTORS		32
#define MAX_MESSAGE_BYTES	(1 << 20)
#define BACKLOG			16

union control {
	char bytes[CMSG_SPACE(sizeof(int) * MAX_DESCRIPTORS)];
	struct cmsghdr alignment;
};

/*
 * An abstract name, see unix(7): a NUL, then the name, which ends with the
 * address length. Returns that length, or 0 with an exception pending.
 */
static socklen_t get_address(napi_env env, napi_value value,
			     struct sockaddr_un *address)
{
	char name[sizeof(address->sun_path)];

	if (!get_name(env, value, "name", name, sizeof(name)))
		return 0;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path + 1, name, strlen(name));
	return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
}

static int socket_open(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);

	return fd < 0 ? -errno : fd;
}

/* Returns the descriptor if it is well, else closes it and gives -errno. */
static int socket_settle(int fd, int result)
{
	int error = -errno;

	if (result == 0)
		return fd;
	close(fd);
	return error;
}

static napi_value listenUnix(napi_env env, napi_callback_info info)
{
	struct sockaddr_un address;
	struct call call;
	socklen_t length;
	int fd, result;

	REQUIRE(call_begin(env, info, &call));
	length = get_address(env, call.arguments[0], &address);
	REQUIRE(length);
	fd = socket_open();
	if (fd < 0)
		return make_result(env, fd);
	result = bind(fd, (struct sockaddr *)&address, length);
	if (result == 0)
		result = listen(fd, BACKLOG);
	fd = socket_settle(fd, result);
	return make_result(env, descriptor_own(call.addon, fd));
}

static napi_value connectUnix(napi_env env, napi_callback_info info)
{
	struct sockaddr_un address;
	struct call call;
	socklen_t length;
	int fd, result;

	REQUIRE(call_begin(env, info, &call));
	length = get_address(env, call.arguments[0], &address);
	REQUIRE(length);
	fd = socket_open();
	if (fd < 0)
		return make_result(env, fd);
	result = connect(fd, (struct sockaddr *)&address, length);
	fd = socket_settle(fd, result);
	return make_result(env, descriptor_own(call.addon, fd));
}

static napi_value acceptUnix(napi_env env, napi_callback_info info)
{
	struct call call;
	int fd, result;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	do {
		result = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (result < 0 && errno == EINTR);
	result = result < 0 ? -errno : result;
	return make_result(env, descriptor_own(call.addon, result));
}

static napi_value sendMessage(napi_env env, napi_callback_info info)
{
	int fd, descriptors[MAX_DESCRIPTORS];
	struct cmsghdr *header;
	union control control;
	struct msghdr message;
	struct iovec part;
	struct call call;
	uint32_t count;
	ssize_t sent;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_bytes(env, call.arguments[1], "bytes", &part.iov_base,
			  &part.iov_len));
	REQUIRE(get_descriptors(env, call.arguments[2], "descriptors",
				MAX_DESCRIPTORS, descriptors, &count));
	memset(&message, 0, sizeof(message));
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	if (count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
	}
	do {
		sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	return make_result(env, sent < 0 ? -errno : sent);
}

static uint32_t take_descriptors(struct msghdr *message, int *descriptors)
{
	struct cmsghdr *header;
	uint32_t count = 0;
	size_t length;

	for (header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		length = header->cmsg_len - CMSG_LEN(0);
		memcpy(descriptors + count, CMSG_DATA(header), length);
		count += length / sizeof(int);
	}
	return count;
}

static void close_descriptors(const int *descriptors, uint32_t count)
{
	while (count > 0)
		close(descriptors[--count]);
}

/* Waits for a message. Returns 0, or -EAGAIN when the time has passed. */
static int wait_readable(int fd, int64_t timeout_ms)
{
	struct pollfd watch = { .fd = fd, .events = POLLIN };
	struct timespec start, now;
	int64_t left_ms = timeout_ms;
	int ready;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		ready = poll(&watch, 1, (int)left_ms);
		if (ready >= 0)
			return ready > 0 ? 0 : -EAGAIN;
		if (errno != EINTR)
			return -errno;
		clock_gettime(CLOCK_MONOTONIC, &now);
		left_ms = timeout_ms - (now.tv_sec - start.tv_sec) * 1000 -
			  (now.tv_nsec - start.tv_nsec) / 1000000;
		if (left_ms < 0)
			left_ms = 0;
	}
}

static napi_value make_message(napi_env env, const void *bytes, size_t length,
			       const int *descriptors, uint32_t count)
{
	napi_value message, buffer, view, array, number;
	uint32_t index;
	void *copy;

	TRY(env, napi_create_arraybuffer(env, length, &copy, &buffer));
	if (length > 0)
		memcpy(copy, bytes, length);
	TRY(env, napi_create_typedarray(env, napi_uint8_array, length, buffer,
					0, &view));
	TRY(env, napi_create_array_with_length(env, count, &array));
	for (index = 0; index < count; index++) {
		TRY(env, napi_create_int32(env, descriptors[index], &number));
		TRY(env, napi_set_element(env, array, index, number));
	}
	TRY(env, napi_create_object(env, &message));
	TRY(env, napi_set_named_property(env, message, "bytes", view));
	TRY(env, napi_set_named_property(env, message, "descriptors", array));
	return message;
}

/* Returns a length, or -errno; descriptors of a faulty message are closed. */
static ssize_t receive(int fd, void *bytes, size_t capacity, int *descriptors,
		       uint32_t *count)
{
	struct iovec part = { .iov_base = bytes, .iov_len = capacity };
	union control control;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t length;

	do {
		length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	*count = take_descriptors(&message, descriptors);
	if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return length;
	close_descriptors(descriptors, *count);
	return message.msg_flags & MSG_CTRUNC ? -ETOOMANYREFS : -EMSGSIZE;
}

static napi_value receiveMessage(napi_env env, napi_callback_info info)
{
	int fd, error = 0, descriptors[MAX_DESCRIPTORS];
	int64_t capacity, timeout_ms;
	uint32_t count = 0;
	napi_value message;
	struct call call;
	ssize_t length;
	void *bytes;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_integer(env, call.arguments[1], "maxBytes", 1,
			    MAX_MESSAGE_BYTES, &capacity));
	REQUIRE(get_integer(env, call.arguments[2], "timeoutMs", 0, INT_MAX,
			    &timeout_ms));
	if (timeout_ms > 0) {
		error = wait_readable(fd, timeout_ms);
		if (error)
			return make_result(env, error);
	}
	bytes = malloc(capacity);
	if (!bytes)
		return make_result(env, -ENOMEM);
	length = receive(fd, bytes, capacity, descriptors, &count);
	if (length < 0) {
		free(bytes);
		return make_result(env, length);
	}
	message = make_message(env, bytes, length, descriptors, count);
	free(bytes);
	if (!message) {
		close_descriptors(descriptors, count);
		return NULL;
	}
	while (count > 0)
		if (descriptor_own(call.addon, descriptors[--count]) < 0)
			error = -ENOMEM;
	return error ? make_result(env, error) : message;
}

static napi_value peerCredentials(napi_env env, napi_callback_info info)
{
	struct ucred credentials;
	socklen_t length = sizeof(credentials);
	napi_value result;
	struct call call;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
		return make_result(env, -errno);
	TRY(env, napi_create_object(env, &result));
	REQUIRE(set_number(env, result, "pid", credentials.pid));
	REQUIRE(set_number(env, result, "uid", credentials.uid));
	REQUIRE(set_number(env, result, "gid", credentials.gid));
	return result;
}

napi_status socket_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(listenUnix),
		EXPORT(connectUnix),
		EXPORT(acceptUnix),
		EXPORT(sendMessage),
		EXPORT(receiveMessage),
		EXPORT(peerCredentials),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
