// SPDX-License-Identifier: MIT
#include "addon.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

napi_value addon_fail(napi_env env)
{
	const napi_extended_error_info *info = NULL;
	bool pending = false;

	napi_get_last_error_info(env, &info);
	if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
		napi_throw_error(env, NULL,
				 info && info->error_message ?
					 info->error_message :
					 "A Node-API call failed");
	return NULL;
}

__attribute__((format(printf, 3, 4))) static bool
refuse(napi_env env,
       napi_status (*raise)(napi_env, const char *, const char *),
       const char *format, ...)
{
	char message[160];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	raise(env, NULL, message);
	return false;
}

bool call_begin(napi_env env, napi_callback_info info, struct call *call)
{
	/* Arguments that were not given are filled in as undefined. */
	size_t count = sizeof(call->arguments) / sizeof(call->arguments[0]);
	void *addon;

	if (napi_get_cb_info(env, info, &count, call->arguments, NULL, NULL) !=
		    napi_ok ||
	    napi_get_instance_data(env, &addon) != napi_ok) {
		addon_fail(env);
		return false;
	}
	call->addon = addon;
	return true;
}

bool get_integer(napi_env env, napi_value value, const char *name, int64_t low,
		 int64_t high, int64_t *result)
{
	double number;

	if (napi_get_value_double(env, value, &number) != napi_ok)
		return refuse(env, napi_throw_type_error,
			      "%s must be a number", name);
	if (!(number >= (double)low && number <= (double)high) ||
	    number != (double)(int64_t)number)
		return refuse(env, napi_throw_range_error,
			      "%s must be an integer from %lld to %lld but is %g",
			      name, (long long)low, (long long)high, number);
	*result = (int64_t)number;
	return true;
}

bool get_descriptor(napi_env env, napi_value value, int *result)
{
	int64_t number = -1;

	if (!get_integer(env, value, "A descriptor", 0, INT_MAX, &number))
		return false;
	*result = (int)number;
	return true;
}

bool get_descriptors(napi_env env, napi_value array, const char *name,
		     uint32_t max, int *result, uint32_t *count)
{
	napi_value element;
	uint32_t index;

	if (napi_get_array_length(env, array, count) != napi_ok)
		return refuse(env, napi_throw_type_error,
			      "%s must be an array of descriptors", name);
	if (*count > max)
		return refuse(env, napi_throw_range_error,
			      "%s must be at most %u descriptors but are %u",
			      name, max, *count);
	for (index = 0; index < *count; index++) {
		if (napi_get_element(env, array, index, &element) != napi_ok) {
			addon_fail(env);
			return false;
		}
		if (!get_descriptor(env, element, &result[index]))
			return false;
	}
	return true;
}

bool get_bytes(napi_env env, napi_value value, const char *name, void **bytes,
	       size_t *length)
{
	napi_typedarray_type type;

	if (napi_get_typedarray_info(env, value, &type, length, bytes, NULL,
				     NULL) != napi_ok ||
	    type != napi_uint8_array)
		return refuse(env, napi_throw_type_error,
			      "%s must be a Uint8Array", name);
	if (*length == 0)
		return refuse(env, napi_throw_range_error,
			      "%s must not be empty", name);
	return true;
}

bool get_boolean(napi_env env, napi_value value, const char *name,
		 bool *result)
{
	if (napi_get_value_bool(env, value, result) != napi_ok)
		return refuse(env, napi_throw_type_error,
			      "%s must be true or false", name);
	return true;
}

bool get_name(napi_env env, napi_value value, const char *name, char *result,
	      size_t capacity)
{
	size_t length;

	if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok)
		return refuse(env, napi_throw_type_error,
			      "%s must be a string", name);
	if (length < 1 || length >= capacity)
		return refuse(env, napi_throw_range_error,
			      "%s must be 1 to %zu bytes long but has %zu",
			      name, capacity - 1, length);
	if (napi_get_value_string_utf8(env, value, result, capacity, &length) !=
	    napi_ok) {
		addon_fail(env);
		return false;
	}
	if (strlen(result) != length)
		return refuse(env, napi_throw_type_error,
			      "%s must not contain a NUL character", name);
	return true;
}

void *get_handle(napi_env env, napi_value value, const char *name,
		 const napi_type_tag *tag)
{
	napi_valuetype type;
	bool matches = false;
	void *data = NULL;

	if (napi_typeof(env, value, &type) != napi_ok ||
	    type != napi_external ||
	    napi_check_object_type_tag(env, value, tag, &matches) != napi_ok ||
	    !matches || napi_get_value_external(env, value, &data) != napi_ok ||
	    !data) {
		refuse(env, napi_throw_type_error,
		       "The argument must be a handle of %s", name);
		return NULL;
	}
	return data;
}

napi_value make_result(napi_env env, int64_t result)
{
	napi_value value;

	TRY(env, napi_create_int64(env, result, &value));
	return value;
}

bool set_number(napi_env env, napi_value object, const char *key, double value)
{
	napi_value number;

	if (napi_create_double(env, value, &number) != napi_ok ||
	    napi_set_named_property(env, object, key, number) != napi_ok) {
		addon_fail(env);
		return false;
	}
	return true;
}
