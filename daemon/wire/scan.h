#ifndef SPEAN_WIRE_SCAN_H
#define SPEAN_WIRE_SCAN_H

#include <spean/rpc.h>

/*
 * Looks over JSON text before a parser allocates anything for it: how deep, how many values, and
 * whether an escaped U+0000 stands in it. Needs no well-formed JSON; what it counts is right for
 * well-formed text and harmless for the rest, which the parser refuses.
 */
enum scan_result { SCAN_OK, SCAN_DEEP, SCAN_MANY };

/* *ret_nul: the text has \u0000 in a string. */
enum scan_result scan_json(const char *text, size_t len, const struct rpc_limits *limits,
                           bool *ret_nul);

#endif
