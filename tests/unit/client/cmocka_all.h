#ifndef SPEAN_TEST_CLIENT_H
#define SPEAN_TEST_CLIENT_H

/* cmocka wants these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
