#ifndef SPEAN_MATCH_TREE_MAKING_H
#define SPEAN_MATCH_TREE_MAKING_H

#include "interner.h"
#include "tree.h"

/* A tree while it is being built. */
struct tree_making {
    const struct model *m;
    const struct layer *layer;
    enum country country;
    const struct tree *home;
    struct tree *t;
    struct interner shapes, classes, fields;
    uint32_t *class_shape; /* shape of each class, as they are numbered here */
    struct raw_record {
        uint32_t entry, field, cell; /* cell: its code */
        uint32_t needs;              /* first; they end where those of the next begin */
        uint8_t size;
    } * raw;
    uint32_t *needs; /* classes, as they are numbered here, then for good */
    size_t need_count, class_cap, shape_cap, field_cap, need_cap;
};

#endif
