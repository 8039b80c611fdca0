#!/bin/sh
# SPDX-License-Identifier: MIT
# build.sh FOLDER [LINKER OPTION ...]: builds jitter.elf and jitter.bin for arm64 into the folder. For a cell whose memory
# lies elsewhere: -Wl,--defsym=INMATE_BASE=0x40200000,--defsym=INMATE_BYTES=0x20000
set -eu
output=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
cross=${CROSS_COMPILE:-aarch64-linux-gnu-}
flags="-std=c11 -Os -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-stack-protector -ffunction-sections -fdata-sections
	-fno-unwind-tables -fno-asynchronous-unwind-tables -mgeneral-regs-only -mstrict-align"
# shellcheck disable=SC2086
"${cross}gcc" $flags -I"$here/../../../../native/include" -nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none \
	-Wl,--no-warn-rwx-segments -T "$here/inmate.lds" "$here/start.S" "$here/main.c" "$here/mmu.c" \
	"$@" "$here/../jitter_inmate.c" -o "$output/jitter.elf"
"${cross}objcopy" -O binary "$output/jitter.elf" "$output/jitter.bin"
