/* SPDX-License-Identifier: MIT */
/*
 * Results. Functions return a value of zero or more, or one of these; the numbers are Linux errno values, so that a
 * hosted program can print them.
 */
#ifndef INTERCELL_STATUS_H
#define INTERCELL_STATUS_H

#define INTERCELL_OK 0
/* From a receive callback: leave this message where it is and offer it again in a later poll. */
#define INTERCELL_HOLD 1

#define INTERCELL_ENOENT (-2)       /* there is nothing of that kind */
#define INTERCELL_EAGAIN (-11)      /* try again after a poll */
#define INTERCELL_EBUSY (-16)       /* the object is in use */
#define INTERCELL_ENODEV (-19)      /* no such device */
#define INTERCELL_EINVAL (-22)      /* an argument is wrong */
#define INTERCELL_ENOSPC (-28)      /* the section or a table has no room left */
#define INTERCELL_EPROTO (-71)      /* the peer broke the wire's rules */
#define INTERCELL_EMSGSIZE (-90)    /* the message is larger than the ring can ever take */
#define INTERCELL_EPROTOTYPE (-91)  /* the two sides give the channel different types */
#define INTERCELL_ECONNRESET (-104) /* the session with the peer ended */
#define INTERCELL_ENOBUFS (-105)    /* the ring is full: poll, then try again */
#define INTERCELL_ENOTCONN (-107)   /* the peer is not there, or has not opened the channel */
#define INTERCELL_ETIMEDOUT (-110)  /* the time allowed has passed, or the peer is stalled */
#define INTERCELL_EREMOTEIO (-121)  /* the peer answered with an error */
#define INTERCELL_ECANCELED (-125)  /* given up by this side */

#endif
