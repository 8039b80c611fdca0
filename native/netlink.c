// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ?
		       -errno :
		       0;
}

/* Beyond net.core.rmem_max the kernel asks for CAP_NET_ADMIN. */
static int set_receive_buffer(int fd, int size)
{
	if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, size) == 0)
		return 0;
	return set_option(fd, SOL_SOCKET, SO_RCVBUF, size);
}

/* Returns 0 or -errno. The options are of Linux 4.12, 4.3 and 4.20. */
static int netlink_prepare(int fd, uint32_t groups, int receive_buffer)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = groups };
	int result;

	result = set_option(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	if (result == 0)
		result = set_option(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	/* Without it a kernel ignores what narrows a dump. */
	if (result == 0)
		set_option(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
	if (result == 0 && receive_buffer > 0)
		result = set_receive_buffer(fd, receive_buffer);
	if (result == 0 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		result = -errno;
	return result;
}

static napi_value openNetlink(napi_env env, napi_callback_info info)
{
	int64_t protocol, groups, receive_buffer;
	struct call call;
	int fd, result;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_integer(env, call.arguments[0], "protocol", 0, 255,
			    &protocol));
	REQUIRE(get_integer(env, call.arguments[1], "groups", 0, UINT32_MAX,
			    &groups));
	REQUIRE(get_integer(env, call.arguments[2], "receiveBufferBytes", 0,
			    INT_MAX / 2, &receive_buffer));
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    (int)protocol);
	if (fd < 0)
		return make_result(env, -errno);
	result = netlink_prepare(fd, (uint32_t)groups, (int)receive_buffer);
	if (result < 0) {
		close(fd);
		return make_result(env, result);
	}
	return make_result(env, descriptor_own(call.addon, fd));
}

/* Sends to the kernel, which has acted on it when this returns. */
static napi_value sendNetlink(napi_env env, napi_callback_info info)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct call call;
	ssize_t sent;
	size_t length;
	void *bytes;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_bytes(env, call.arguments[1], "bytes", &bytes, &length));
	do {
		sent = sendto(fd, bytes, length, 0, (struct sockaddr *)&kernel,
			      sizeof(kernel));
	} while (sent < 0 && errno == EINTR);
	return make_result(env, sent < 0 ? -errno : sent);
}

/*
 * Takes one datagram of the kernel. Gives its length, which is more than the
 * buffer holds if it was cut. Other processes may send here too: such a
 * datagram is dropped.
 */
static napi_value receiveNetlink(napi_env env, napi_callback_info info)
{
	struct sockaddr_nl sender;
	socklen_t sender_length;
	struct call call;
	ssize_t received;
	size_t length;
	void *bytes;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_bytes(env, call.arguments[1], "buffer", &bytes, &length));
	do {
		memset(&sender, 0, sizeof(sender));
		sender_length = sizeof(sender);
		received = recvfrom(fd, bytes, length, MSG_DONTWAIT | MSG_TRUNC,
				    (struct sockaddr *)&sender, &sender_length);
	} while ((received < 0 && errno == EINTR) ||
		 (received >= 0 && sender.nl_pid != 0));
	return make_result(env, received < 0 ? -errno : received);
}

napi_status netlink_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(openNetlink),
		EXPORT(sendNetlink),
		EXPORT(receiveNetlink),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
