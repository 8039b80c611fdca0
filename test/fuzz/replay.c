/* SPDX-License-Identifier: MIT */
/*
 * Runs the harness without libFuzzer: `replay FILE...` on the inputs in these files, `replay --random SEED COUNT` on
 * that many random ones.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX 2048

static uint8_t data[INPUT_MAX];

/* Marsaglia's xorshift32. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static int replay_random(uint32_t seed, uint32_t count)
{
	uint32_t state = seed ? seed : 1;

	for (; count > 0; count--) {
		size_t size = next_random(&state) % INPUT_MAX;

		for (size_t i = 0; i < size; i++)
			data[i] = (uint8_t)(next_random(&state) >> 16);
		(void)LLVMFuzzerTestOneInput(data, size);
	}
	return 0;
}

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file) {
		perror(path);
		return 1;
	}
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	return LLVMFuzzerTestOneInput(data, size);
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc == 4 && strcmp(argv[1], "--random") == 0)
		return replay_random((uint32_t)strtoul(argv[2], NULL, 10), (uint32_t)strtoul(argv[3], NULL, 10));
	for (int i = 1; i < argc; i++)
		status |= replay_file(argv[i]);
	return status;
}
