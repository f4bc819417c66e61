#include "fuzz.h"

#include <dirent.h>
#include <string.h>

#include <spean/file.h>

/* Stands in for libFuzzer: runs every file of the folders named once. */

#define FILE_MAX (2u << 20)

static int replay_folder(const char *folder)
{
    struct dirent *entry;
    DIR *dir = opendir(folder);
    int count = 0;

    if (!dir) {
        perror(folder);
        return -1;
    }
    while ((entry = readdir(dir))) {
        char *data;
        size_t size;

        if (entry->d_name[0] == '.')
            continue;
        if (file_read_at(folder, entry->d_name, FILE_MAX, &data, &size) < 0) {
            fprintf(stderr, "%s/%s: cannot be read\n", folder, entry->d_name);
            count = -1;
            break;
        }
        /* A block of just this size, so that a sanitizer sees one byte too many. */
        uint8_t *exact = malloc(size ? size : 1);
        if (exact) {
            memcpy(exact, data, size);
            LLVMFuzzerTestOneInput(exact, size);
            count++;
        }
        free(exact);
        free(data);
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int count = replay_folder(argv[i]);

        if (count <= 0) {
            fprintf(stderr, "%s: no corpus\n", argv[i]);
            return 1;
        }
        printf("%s: %d inputs\n", argv[i], count);
    }
    return argc > 1 ? 0 : 2;
}
