#ifndef SPEAN_HOUSE_TLS_H
#define SPEAN_HOUSE_TLS_H

#include "config.h"

struct tls;

/*
 * Loads what section [tls] names. 0 with a reference, or with NULL when it names no certificate; -1
 * with a message.
 */
int house_tls_load(const struct config *c, struct tls **ret, char *err, size_t errlen);

#endif
