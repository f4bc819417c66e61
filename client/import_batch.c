#include "import_batch.h"

#include <stdint.h>
#include <string.h>

size_t json_elements(const json_t *value)
{
    size_t n = 0, i;
    const json_t *item;
    const char *key;

    if (json_is_array(value)) {
        n = json_array_size(value) > 0 ? json_array_size(value) : 1;
        json_array_foreach(value, i, item) n += json_elements(item);
    } else if (json_is_object(value)) {
        n = json_object_size(value) > 0 ? json_object_size(value) : 1;
        json_object_foreach((json_t *)(uintptr_t)value, key, item) n += json_elements(item);
    }
    return n;
}

static size_t company_bytes(const json_t *company)
{
    return json_dumpb(company, NULL, 0, JSON_COMPACT) + 1;
}

bool batch_never(const json_t *company)
{
    return company_bytes(company) > BATCH_BYTES_MAX ||
           json_elements(company) + 1 > BATCH_ELEMENTS_MAX;
}

bool batch_fits(const struct batch *b, const json_t *company)
{
    if (b->n == 0)
        return true;
    return b->n < BATCH_ROWS_MAX && b->bytes + company_bytes(company) <= BATCH_BYTES_MAX &&
           b->elements + json_elements(company) + 1 <= BATCH_ELEMENTS_MAX;
}

int batch_add(struct batch *b, json_t *company, long line)
{
    size_t bytes = company_bytes(company), elements = json_elements(company) + 1;

    if (b->companies == NULL)
        b->companies = json_array();
    if (b->companies == NULL || json_array_append_new(b->companies, company) < 0)
        return -1;
    b->lines[b->n++] = line;
    b->bytes += bytes;
    b->elements += elements;
    return 0;
}

void batch_done(struct batch *b)
{
    json_decref(b->companies);
    memset(b, 0, sizeof(*b));
}
