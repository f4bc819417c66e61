#include "complete.h"

#include <stdbool.h>
#include <string.h>

#include "command.h"

/* Gathers the candidates that begin with what stands there. */
struct completion {
    json_t *found;
    const char *begun;
    bool failed;
};

static void offer(struct completion *c, const char *word)
{
    if (strncmp(word, c->begun, strlen(c->begun)) != 0)
        return;
    for (size_t i = 0; i < json_array_size(c->found); i++)
        if (strcmp(json_string_value(json_array_get(c->found, i)), word) == 0)
            return;
    if (json_array_append_new(c->found, json_string(word)) < 0)
        c->failed = true;
}

static const struct option_entry *option_named(const struct option_entry *table, const char *word)
{
    for (; table && table->name; table++) {
        if (word[0] == '-' && word[1] == '-' && strcmp(word + 2, table->name) == 0)
            return table;
        if (word[0] == '-' && table->letter && word[1] == table->letter && word[2] == '\0')
            return table;
    }
    return NULL;
}

static void offer_options(struct completion *c, const struct option_entry *table)
{
    char word[64];

    for (; table && table->name; table++) {
        snprintf(word, sizeof(word), "--%s", table->name);
        offer(c, word);
    }
}

static void offer_nouns(struct completion *c)
{
    const struct command *k;

    for (size_t i = 0; (k = command_at(i)); i++)
        offer(c, k->noun);
}

static void offer_verbs(struct completion *c, const char *noun)
{
    const struct command *k;

    for (size_t i = 0; (k = command_at(i)); i++)
        if (strcmp(k->noun, noun) == 0 && k->verb)
            offer(c, k->verb);
}

/* What the words before the last come to. */
struct context {
    const char *noun, *verb;
    const struct option_entry *own;
    const struct option_entry *open; /* an option that waits for its value */
};

static struct context read_words(size_t n, char *const *words)
{
    struct context x = {0};

    for (size_t i = 0; i < n; i++) {
        const struct option_entry *o = option_named(common_options, words[i]);

        if (x.open) {
            x.open = NULL;
            continue;
        }
        if (!o)
            o = option_named(x.own, words[i]);
        if (o && o->value)
            x.open = o;
        if (words[i][0] == '-')
            continue;
        if (!x.noun)
            x.noun = words[i];
        else if (!x.verb && command_takes_verb(x.noun))
            x.verb = words[i];
        else
            continue;
        const struct command *c = command_find(x.noun, x.verb);
        x.own = c ? c->options : NULL;
    }
    return x;
}

json_t *complete_words(size_t n, char *const *words)
{
    struct completion c = {.found = json_array(), .begun = n > 0 ? words[n - 1] : ""};
    struct context x = read_words(n > 0 ? n - 1 : 0, words);

    if (!c.found)
        return NULL;
    if (x.open) {
        for (size_t i = 0; x.open->words && x.open->words[i]; i++)
            offer(&c, x.open->words[i]);
    } else if (c.begun[0] == '-') {
        offer_options(&c, x.own);
        offer_options(&c, common_options);
    } else if (!x.noun) {
        offer_nouns(&c);
    } else if (!x.verb && command_takes_verb(x.noun)) {
        offer_verbs(&c, x.noun);
    }
    if (c.failed) {
        json_decref(c.found);
        return NULL;
    }
    return c.found;
}

int complete_print(FILE *f, int argc, char **argv)
{
    json_t *found = complete_words(argc > 0 ? (size_t)argc : 0, argv);

    for (size_t i = 0; i < json_array_size(found); i++)
        fprintf(f, "%s\n", json_string_value(json_array_get(found, i)));
    json_decref(found);
    return fflush(f) == 0 ? EXIT_DONE : EXIT_FAILED;
}
