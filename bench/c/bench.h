/* SPDX-License-Identifier: MIT */
/* What the C programs of the benchmarks share: a clock, placing on CPUs, and the histogram of bench/histogram.ts. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The buckets are those of bench/histogram.ts: one each below 64, then 64 for each octave up to 2^31. */
#define BENCH_SUB_BITS 6
#define BENCH_BUCKETS ((31 - BENCH_SUB_BITS + 1) << BENCH_SUB_BITS)

struct bench_histogram {
	uint64_t counts[BENCH_BUCKETS];
	uint64_t max;
};

static inline uint64_t bench_now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Ends the program unless @condition holds; @what completes "Cannot". */
static inline void bench_check(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "Cannot %s\n", what);
		exit(1);
	}
}

/* Puts the calling process on one CPU, where there are enough of them. */
static inline void bench_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static inline void bench_histogram_record(struct bench_histogram *histogram, uint64_t value)
{
	unsigned shift = 0;

	if (value > 0x7fffffffu)
		value = 0x7fffffffu;
	if (value > histogram->max)
		histogram->max = value;
	if (value >= 1u << BENCH_SUB_BITS)
		shift = 31u - BENCH_SUB_BITS - (unsigned)__builtin_clz((unsigned)value);
	histogram->counts[(shift << BENCH_SUB_BITS) + (value >> shift)]++;
}

/* Prints the histogram as the JSON that Histogram.from() takes. */
static inline void bench_histogram_print(const struct bench_histogram *histogram)
{
	const char *separator = "";
	unsigned bucket;

	printf("{ \"buckets\": [");
	for (bucket = 0; bucket < BENCH_BUCKETS; bucket++) {
		if (histogram->counts[bucket] == 0)
			continue;
		printf("%s[%u, %llu]", separator, bucket, (unsigned long long)histogram->counts[bucket]);
		separator = ", ";
	}
	printf("], \"max\": %llu }", (unsigned long long)histogram->max);
}

#endif
