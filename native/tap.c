// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* After net/if.h, which has the same structures for programs. */
#include <linux/if_tun.h>

static int open_tap(const char *name, char *chosen)
{
	struct ifreq request = { 0 };
	int fd, error;

	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	request.ifr_flags = IFF_TAP | IFF_NO_PI;
	memcpy(request.ifr_name, name, IFNAMSIZ);
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	memcpy(chosen, request.ifr_name, IFNAMSIZ);
	return fd;
}

static napi_value openTap(napi_env env, napi_callback_info info)
{
	char name[IFNAMSIZ] = "", chosen[IFNAMSIZ] = "";
	napi_value result, text;
	struct call call;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_name(env, call.arguments[0], "name", name, sizeof(name)));
	fd = descriptor_own(call.addon, open_tap(name, chosen));
	if (fd < 0)
		return make_result(env, fd);
	TRY(env, napi_create_object(env, &result));
	REQUIRE(set_number(env, result, "descriptor", fd));
	TRY(env, napi_create_string_utf8(env, chosen, NAPI_AUTO_LENGTH, &text));
	TRY(env, napi_set_named_property(env, result, "name", text));
	return result;
}

/* An ioctl on an interface by its name. Returns 0 or -errno. */
static int interface_ioctl(unsigned long number, struct ifreq *request)
{
	int fd, error = 0;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, number, request) < 0)
		error = -errno;
	close(fd);
	return error;
}

static napi_value setTapMtu(napi_env env, napi_callback_info info)
{
	struct ifreq request = { 0 };
	struct call call;
	int64_t mtu;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_name(env, call.arguments[0], "name", request.ifr_name,
			 sizeof(request.ifr_name)));
	REQUIRE(get_integer(env, call.arguments[1], "mtu", 68, 65535, &mtu));
	request.ifr_mtu = (int)mtu;
	return make_result(env, interface_ioctl(SIOCSIFMTU, &request));
}

static napi_value setTapUp(napi_env env, napi_callback_info info)
{
	struct ifreq request = { 0 };
	struct call call;
	int error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_name(env, call.arguments[0], "name", request.ifr_name,
			 sizeof(request.ifr_name)));
	error = interface_ioctl(SIOCGIFFLAGS, &request);
	if (error)
		return make_result(env, error);
	request.ifr_flags |= IFF_UP;
	return make_result(env, interface_ioctl(SIOCSIFFLAGS, &request));
}

static napi_value setTapCarrier(napi_env env, napi_callback_info info)
{
	struct call call;
	bool carrier;
	int fd, value;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_boolean(env, call.arguments[1], "carrier", &carrier));
	value = carrier;
	return make_result(env,
			   ioctl(fd, TUNSETCARRIER, &value) < 0 ? -errno : 0);
}

napi_status tap_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(openTap),
		EXPORT(setTapMtu),
		EXPORT(setTapUp),
		EXPORT(setTapCarrier),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
