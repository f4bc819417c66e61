#ifndef SPEAN_CLIENT_EDITOR_H
#define SPEAN_CLIENT_EDITOR_H

#include <stddef.h>

/* A file that only its owner can read, for $VISUAL or $EDITOR. */

#define EDITOR_PATH 4096
/* Most that is read back. */
#define EDITOR_MAX (1024 * 1024)

/* Makes the file with this text. 0 with its path, or -1 with a message in err. */
int editor_file(const char *text, char path[EDITOR_PATH], char *err, size_t errlen);
/*
 * Runs the editor on it and waits; Ctrl-C goes to the editor alone. 0, or -1 with a message in err
 * (it could not be run, or ended saying that it failed).
 */
int editor_run(const char *path, char *err, size_t errlen);

#endif
