// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A request about an interface by ioctl. Returns 0 or -errno. */
static int ask_interface(unsigned long request, struct ifreq *interface)
{
	/* Any socket will do, and this kind every kernel has. */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	error = ioctl(fd, request, interface) < 0 ? -errno : 0;
	close(fd);
	return error;
}

static napi_value describeInterface(napi_env env, napi_callback_info info)
{
	struct ifreq interface = { 0 };
	napi_value result;
	struct call call;
	int error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_name(env, call.arguments[0], "name", interface.ifr_name,
			 sizeof(interface.ifr_name)));
	error = ask_interface(SIOCGIFINDEX, &interface);
	if (error)
		return make_result(env, error);
	TRY(env, napi_create_object(env, &result));
	REQUIRE(set_number(env, result, "index", interface.ifr_ifindex));
	error = ask_interface(SIOCGIFHWADDR, &interface);
	if (error)
		return make_result(env, error);
	REQUIRE(set_number(env, result, "type",
			   interface.ifr_hwaddr.sa_family));
	error = ask_interface(SIOCGIFMTU, &interface);
	if (error)
		return make_result(env, error);
	REQUIRE(set_number(env, result, "mtu", interface.ifr_mtu));
	error = ask_interface(SIOCGIFFLAGS, &interface);
	if (error)
		return make_result(env, error);
	REQUIRE(set_number(env, result, "flags",
			   (unsigned short)interface.ifr_flags));
	return result;
}

static napi_value interfaceName(napi_env env, napi_callback_info info)
{
	struct ifreq interface = { 0 };
	struct call call;
	napi_value name;
	int64_t index;
	int error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_integer(env, call.arguments[0], "index", 0, INT_MAX,
			    &index));
	interface.ifr_ifindex = (int)index;
	error = ask_interface(SIOCGIFNAME, &interface);
	if (error)
		return make_result(env, error);
	TRY(env, napi_create_string_utf8(env, interface.ifr_name,
					 NAPI_AUTO_LENGTH, &name));
	return name;
}

/*
 * Makes the device note when it received each frame. Returns whether it
 * does, as linux/net_tstamp.h calls it, or -errno.
 */
static napi_value startHardwareTimestamps(napi_env env,
					  napi_callback_info info)
{
	struct ethtool_ts_info kinds = { .cmd = ETHTOOL_GET_TS_INFO };
	struct hwtstamp_config config = { .tx_type = HWTSTAMP_TX_ON,
					  .rx_filter = HWTSTAMP_FILTER_ALL };
	const unsigned int wanted = SOF_TIMESTAMPING_RX_HARDWARE |
				    SOF_TIMESTAMPING_RAW_HARDWARE;
	struct ifreq interface = { 0 };
	struct call call;
	int error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_name(env, call.arguments[0], "name", interface.ifr_name,
			 sizeof(interface.ifr_name)));
	interface.ifr_data = (void *)&kinds;
	error = ask_interface(SIOCETHTOOL, &interface);
	if (error)
		return make_result(env, error == -EOPNOTSUPP ? 0 : error);
	if ((kinds.so_timestamping & wanted) != wanted)
		return make_result(env, 0);
	/* Only some drivers have a switch for it. */
	interface.ifr_data = (void *)&config;
	ask_interface(SIOCSHWTSTAMP, &interface);
	return make_result(env, 1);
}

napi_status can_interface_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(describeInterface),
		EXPORT(interfaceName),
		EXPORT(startHardwareTimestamps),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
