// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel writes as many as there are now, which may be more than before. */
#define SPARE	64

/* What a driver counts, as the two ioctls give it. */
struct statistics {
	uint32_t count;
	struct ethtool_gstrings *names;
	struct ethtool_stats *values;
};

static int ethtool_call(int fd, const char *name, void *command)
{
	struct ifreq request;

	memset(&request, 0, sizeof(request));
	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	request.ifr_data = command;
	return ioctl(fd, SIOCETHTOOL, &request) < 0 ? -errno : 0;
}

static void statistics_free(struct statistics *statistics)
{
	free(statistics->names);
	free(statistics->values);
}

/* Returns 0 or -errno; the caller frees either way. */
static int statistics_read(int fd, const char *name, uint32_t count,
			   struct statistics *statistics)
{
	size_t room = (size_t)count + SPARE;
	int result;

	statistics->names = calloc(
		1, sizeof(*statistics->names) + room * ETH_GSTRING_LEN);
	statistics->values = calloc(
		1, sizeof(*statistics->values) + room * sizeof(uint64_t));
	if (!statistics->names || !statistics->values)
		return -ENOMEM;
	statistics->names->cmd = ETHTOOL_GSTRINGS;
	statistics->names->string_set = ETH_SS_STATS;
	statistics->names->len = count;
	result = ethtool_call(fd, name, statistics->names);
	if (result < 0)
		return result;
	statistics->values->cmd = ETHTOOL_GSTATS;
	statistics->values->n_stats = count;
	result = ethtool_call(fd, name, statistics->values);
	if (result < 0)
		return result;
	if (statistics->names->len != statistics->values->n_stats)
		return -EAGAIN;
	statistics->count = statistics->names->len;
	return 0;
}

static bool set_text(napi_env env, napi_value object, const char *key,
		     const char *text, size_t capacity)
{
	napi_value string;

	if (napi_create_string_utf8(env, text, strnlen(text, capacity),
				    &string) != napi_ok ||
	    napi_set_named_property(env, object, key, string) != napi_ok) {
		addon_fail(env);
		return false;
	}
	return true;
}

static napi_value make_statistics(napi_env env,
				  const struct statistics *statistics)
{
	char name[ETH_GSTRING_LEN + 1];
	napi_value object;
	uint32_t index;

	TRY(env, napi_create_object(env, &object));
	for (index = 0; index < statistics->count; index++) {
		memset(name, 0, sizeof(name));
		memcpy(name, statistics->names->data + index * ETH_GSTRING_LEN,
		       ETH_GSTRING_LEN);
		REQUIRE(set_number(env, object, name,
				   (double)statistics->values->data[index]));
	}
	return object;
}

static napi_value make_driver(napi_env env, const struct ethtool_drvinfo *info,
			      const struct statistics *statistics)
{
	napi_value result, counts;

	TRY(env, napi_create_object(env, &result));
	REQUIRE(set_text(env, result, "driver", info->driver,
			 sizeof(info->driver)));
	REQUIRE(set_text(env, result, "version", info->version,
			 sizeof(info->version)));
	REQUIRE(set_text(env, result, "bus", info->bus_info,
			 sizeof(info->bus_info)));
	counts = make_statistics(env, statistics);
	REQUIRE(counts);
	TRY(env, napi_set_named_property(env, result, "statistics", counts));
	return result;
}

static napi_value readEthtool(napi_env env, napi_callback_info info)
{
	struct ethtool_drvinfo driver = { .cmd = ETHTOOL_GDRVINFO };
	struct statistics statistics = { 0 };
	napi_value result = NULL;
	char name[IFNAMSIZ];
	struct call call;
	int fd, error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_name(env, call.arguments[0], "name", name, sizeof(name)));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return make_result(env, -errno);
	error = ethtool_call(fd, name, &driver);
	if (error == 0 && driver.n_stats > 0)
		error = statistics_read(fd, name, driver.n_stats, &statistics);
	close(fd);
	if (error == 0)
		result = make_driver(env, &driver, &statistics);
	else
		result = make_result(env, error);
	statistics_free(&statistics);
	return result;
}

napi_status ethtool_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(readEthtool),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
