#ifndef SPEAN_FILE_H
#define SPEAN_FILE_H

#include <stddef.h>

/*
 * Reads a whole regular file of at most max bytes. 0 with a heap string (NUL-terminated, to free)
 * and its length, or a negative errno (-EFBIG when larger) with both untouched.
 */
int file_read(const char *path, size_t max, char **ret_data, size_t *ret_len);
/* dir + "/" + name; same as file_read. */
int file_read_at(const char *dir, const char *name, size_t max, char **ret_data, size_t *ret_len);
/*
 * The directory that the running program lies in, absolute. 0, or a negative errno
 * (-ENAMETOOLONG where size bytes are too few) with ret_dir untouched.
 */
int file_program_dir(char *ret_dir, size_t size);

#endif
