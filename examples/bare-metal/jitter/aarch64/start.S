/* SPDX-License-Identifier: MIT */
/* Jailhouse starts a cell's first CPU here, in EL1, with the MMU and the caches off and nothing set up. */
	.section .boot, "ax"
	.globl _start
_start:
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	adrp	x0, stack_top
	add	x0, x0, :lo12:stack_top
	mov	sp, x0
	/* The flat binary ends before .bss, and the cell's memory holds what its last run left. */
	adrp	x0, bss_start
	add	x0, x0, :lo12:bss_start
	adrp	x1, bss_end
	add	x1, x1, :lo12:bss_end
1:	cmp	x0, x1
	b.hs	2f
	stp	xzr, xzr, [x0], #16
	b	1b
2:	bl	inmate_main
park:	wfi
	b	park

	/* Interrupts stay masked, so that what comes here is a mistake of the program: it stops where a debugger sees it. */
	.balign	2048
vectors:
	.rept	16
	.balign	128
	b	.
	.endr
