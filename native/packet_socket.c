// SPDX-License-Identifier: MIT
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Binds the socket to one EtherType of one interface. Until then it has no
 * protocol, so that nothing of another interface is ever queued. Returns 0 or
 * -errno.
 */
static int packet_prepare(int fd, int interface, int ether_type,
			  int receive_buffer)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons((uint16_t)ether_type),
		.sll_ifindex = interface,
	};

	/* Beyond net.core.rmem_max the kernel asks for CAP_NET_ADMIN. */
	if (receive_buffer > 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer,
		       sizeof(receive_buffer)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
		       sizeof(receive_buffer)) < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}

static napi_value openPacketSocket(napi_env env, napi_callback_info info)
{
	int64_t interface, ether_type, receive_buffer;
	struct call call;
	int fd, result;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_integer(env, call.arguments[0], "interfaceIndex", 1,
			    INT_MAX, &interface));
	REQUIRE(get_integer(env, call.arguments[1], "etherType", 0x600, 0xffff,
			    &ether_type));
	REQUIRE(get_integer(env, call.arguments[2], "receiveBufferBytes", 0,
			    INT_MAX / 2, &receive_buffer));
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return make_result(env, -errno);
	result = packet_prepare(fd, (int)interface, (int)ether_type,
				(int)receive_buffer);
	if (result < 0) {
		close(fd);
		return make_result(env, result);
	}
	return make_result(env, descriptor_own(call.addon, fd));
}

/* The kernel begins to count anew each time that it is asked. */
static napi_value readPacketCounts(napi_env env, napi_callback_info info)
{
	struct tpacket_stats counts = { 0 };
	socklen_t length = sizeof(counts);
	struct call call;
	napi_value result;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &counts, &length) < 0)
		return make_result(env, -errno);
	TRY(env, napi_create_object(env, &result));
	REQUIRE(set_number(env, result, "frames", counts.tp_packets));
	REQUIRE(set_number(env, result, "dropped", counts.tp_drops));
	return result;
}

napi_status packet_socket_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(openPacketSocket),
		EXPORT(readPacketCounts),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
