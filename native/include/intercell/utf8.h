/* SPDX-License-Identifier: MIT */
/* Checks names that a peer announced. */
#ifndef INTERCELL_UTF8_H
#define INTERCELL_UTF8_H

#include "platform.h"

/*
 * The length of the well-formed sequence at @text with @left bytes, or 0. Follows table 3-7 of the Unicode standard: no
 * overlong form, no surrogate, nothing above U+10FFFF.
 */
INTERCELL_COLD uint32_t intercell_utf8_sequence(const unsigned char *text, uint32_t left)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	uint32_t length, i;

	if (text[0] < 0x80)
		return 1;
	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	length = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	if (length > left)
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (i = 2; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* True if all @length bytes are well-formed UTF-8. */
INTERCELL_COLD bool intercell_utf8_valid(const unsigned char *text, uint32_t length)
{
	uint32_t at = 0;
	uint32_t step;

	while (at < length) {
		step = intercell_utf8_sequence(text + at, length - at);
		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

#endif
