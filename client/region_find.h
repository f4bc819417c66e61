#ifndef SPEAN_CLIENT_REGION_FIND_H
#define SPEAN_CLIENT_REGION_FIND_H

#include <stddef.h>

struct table;

/*
 * Finds the province that a postal address means. places: names of provinces and, with "town" as
 * extra, of towns that stand for theirs. A name that is called a province ("Kandal Province",
 * "ខេត្តកណ្តាល") counts more than one that stands alone, that more than a town; a name that is called
 * a village, commune or district is no province. Of equals the last wins, as addresses go from the
 * small to the large. The table's value, or NULL.
 */
const char *region_find(const struct table *places, const char *address, size_t len);

#endif
