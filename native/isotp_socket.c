// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <linux/can.h>
#include <linux/filter.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Instructions of one filter; the kernel takes more. */
#define MAX_INSTRUCTIONS	64

static napi_value bindIsoTpSocket(napi_env env, napi_callback_info info)
{
	struct sockaddr_can address = { .can_family = AF_CAN };
	int64_t index, rx_id, tx_id;
	struct call call;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_integer(env, call.arguments[1], "index", 1, INT_MAX,
			    &index));
	REQUIRE(get_integer(env, call.arguments[2], "rxId", 0, UINT32_MAX,
			    &rx_id));
	REQUIRE(get_integer(env, call.arguments[3], "txId", 0, UINT32_MAX,
			    &tx_id));
	address.can_ifindex = (int)index;
	address.can_addr.tp.rx_id = (canid_t)rx_id;
	address.can_addr.tp.tx_id = (canid_t)tx_id;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return make_result(env, -errno);
	return make_result(env, 0);
}

static ssize_t send_pdu(int fd, const void *bytes, size_t length)
{
	ssize_t sent;

	do {
		sent = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

static napi_value sendIsoTpPdu(napi_env env, napi_callback_info info)
{
	struct call call;
	size_t length;
	void *bytes;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_bytes(env, call.arguments[1], "pdu", &bytes, &length));
	return make_result(env, send_pdu(fd, bytes, length));
}

/*
 * A PDU of no bytes is looked at only if no other is being sent, and is then
 * refused: the one way to ask whether the socket is idle that all versions of
 * the kernel have, as poll() tells of it from Linux 6.3 on (isotp_sendmsg()
 * and isotp_poll(), net/can/isotp.c).
 */
static napi_value isIsoTpIdle(napi_env env, napi_callback_info info)
{
	ssize_t result;
	struct call call;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	result = send_pdu(fd, "", 0);
	if (result == -EAGAIN)
		return make_result(env, 0);
	return make_result(env, result == -EINVAL ? 1 : result);
}

/*
 * Whether the kernel takes PDUs of so many bytes, without sending one: a size
 * that is too large is EINVAL before the bytes are looked at, and these cannot
 * be read.
 */
static napi_value takesIsoTpPdu(napi_env env, napi_callback_info info)
{
	int64_t length;
	struct call call;
	ssize_t result;
	void *nothing;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_integer(env, call.arguments[1], "length", 1, 1 << 24,
			    &length));
	nothing = mmap(NULL, (size_t)length, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (nothing == MAP_FAILED)
		return make_result(env, -errno);
	result = send_pdu(fd, nothing, (size_t)length);
	munmap(nothing, (size_t)length);
	if (result == -EFAULT)
		return make_result(env, 1);
	return make_result(env, result == -EINVAL ? 0 : result);
}

/* Takes the error that the socket holds, as a positive errno; 0 for none. */
static napi_value takeSocketError(napi_env env, napi_callback_info info)
{
	socklen_t length = sizeof(int);
	struct call call;
	int fd, error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return make_result(env, -errno);
	return make_result(env, error);
}

/* Takes one message, or gives -EAGAIN if none waits. */
static napi_value receiveCanMessage(napi_env env, napi_callback_info info)
{
	struct call call;
	ssize_t received;
	size_t length;
	void *bytes;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_bytes(env, call.arguments[1], "buffer", &bytes, &length));
	do {
		received = recv(fd, bytes, length, MSG_DONTWAIT);
	} while (received < 0 && errno == EINTR);
	return make_result(env, received < 0 ? -errno : received);
}

/*
 * Attaches a classic BPF program to a socket: four numbers for each of its
 * instructions, which are code, jt, jf and k of struct sock_filter.
 */
static napi_value attachSocketFilter(napi_env env, napi_callback_info info)
{
	struct sock_filter instructions[MAX_INSTRUCTIONS];
	struct sock_fprog program = { .filter = instructions };
	napi_typedarray_type type;
	size_t length, index;
	struct call call;
	uint32_t *words;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	if (napi_get_typedarray_info(env, call.arguments[1], &type, &length,
				     (void **)&words, NULL, NULL) != napi_ok ||
	    type != napi_uint32_array || length == 0 || length % 4 != 0 ||
	    length / 4 > MAX_INSTRUCTIONS) {
		napi_throw_type_error(env, NULL,
				      "program must be a Uint32Array of 1 to 64 "
				      "instructions of 4 words");
		return NULL;
	}
	program.len = (unsigned short)(length / 4);
	for (index = 0; index < program.len; index++, words += 4)
		instructions[index] = (struct sock_filter){
			.code = (uint16_t)words[0],
			.jt = (uint8_t)words[1],
			.jf = (uint8_t)words[2],
			.k = words[3],
		};
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)) < 0)
		return make_result(env, -errno);
	return make_result(env, 0);
}

napi_status isotp_socket_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(bindIsoTpSocket),
		EXPORT(sendIsoTpPdu),
		EXPORT(isIsoTpIdle),
		EXPORT(takesIsoTpPdu),
		EXPORT(takeSocketError),
		EXPORT(receiveCanMessage),
		EXPORT(attachSocketFilter),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
