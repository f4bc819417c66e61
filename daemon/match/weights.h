#ifndef SPEAN_MATCH_WEIGHTS_H
#define SPEAN_MATCH_WEIGHTS_H

#include <stdint.h>

/*
 * Every number of the score: member, name in conf/model/weights.tsv, least and greatest value.
 * docs/SCORING.md and the comments of the table say what each does.
 */
#define WEIGHTS(X)                                                                                 \
    X(total_need, "total.need", 0, 10000)                                                          \
    X(total_sector, "total.sector", 0, 10000)                                                      \
    X(total_language, "total.language", 0, 10000)                                                  \
    X(total_practical, "total.practical", 0, 10000)                                                \
    X(gate_full, "gate.full", 1, 10000)                                                            \
    X(gate_floor, "gate.floor", 0, 10000)                                                          \
    X(close_group, "close.group", 0, 1000)                                                         \
    X(close_group_capital, "close.group-capital", 0, 1000)                                         \
    X(close_finance, "close.finance", 0, 1000)                                                     \
    X(close_refined, "close.refined", 0, 1000)                                                     \
    X(close_beside, "close.beside", 0, 1000)                                                       \
    X(close_sibling, "close.sibling", 0, 1000)                                                     \
    X(close_field, "close.field", 0, 1000)                                                         \
    X(fit_text, "fit.text", 0, 1000)                                                               \
    X(fit_text_both, "fit.text-both", 0, 1000)                                                     \
    X(fit_text_loose, "fit.text-loose", 0, 1000)                                                   \
    X(fit_hs6, "fit.hs6", 0, 1000)                                                                 \
    X(fit_hs4, "fit.hs4", 0, 1000)                                                                 \
    X(fit_hs2, "fit.hs2", 0, 1000)                                                                 \
    X(fit_hs_none, "fit.hs-none", 0, 1000)                                                         \
    X(fit_hs_silent, "fit.hs-silent", 0, 1000)                                                     \
    X(fit_topic1, "fit.topic1", 0, 1000)                                                           \
    X(fit_topic2, "fit.topic2", 0, 1000)                                                           \
    X(fit_topic_none, "fit.topic-none", 0, 1000)                                                   \
    X(fit_topic_silent, "fit.topic-silent", 0, 1000)                                               \
    X(fit_field_strange, "fit.field-strange", 0, 1000)                                             \
    X(fit_broad, "fit.broad", 0, 1000)                                                             \
    X(fit_vague, "fit.vague", 0, 1000)                                                             \
    X(fit_vague_company, "fit.vague-company", 0, 1000)                                             \
    X(fit_least, "fit.least", 0, 1000)                                                             \
    X(need_wish, "need.wish", 0, 1000)                                                             \
    X(need_next1, "need.next1", 0, 1000)                                                           \
    X(need_next2, "need.next2", 0, 1000)                                                           \
    X(need_next3, "need.next3", 0, 1000)                                                           \
    X(need_better, "need.better", 500, 1000)                                                       \
    X(own_goods, "own.goods", 0, 1000)                                                             \
    X(own_services, "own.services", 0, 1000)                                                       \
    X(own_technology, "own.technology", 0, 1000)                                                   \
    X(own_training, "own.training", 0, 1000)                                                       \
    X(own_joint, "own.joint-venture", 0, 1000)                                                     \
    X(serve_offer, "serve.offer", 0, 1000)                                                         \
    X(serve_capital, "serve.capital", 0, 1000)                                                     \
    X(serve_described, "serve.described", 0, 1000)                                                 \
    X(sector_main, "sector.main", 0, 1000)                                                         \
    X(sector_other, "sector.other", 0, 1000)                                                       \
    X(sector_sought, "sector.sought", 0, 1000)                                                     \
    X(language_none, "language.none", 0, 10000)                                                    \
    X(language_unknown, "language.unknown", 0, 10000)                                              \
    X(language_basic, "language.basic", 0, 10000)                                                  \
    X(language_working, "language.working", 0, 10000)                                              \
    X(language_fluent, "language.fluent", 0, 10000)                                                \
    X(language_french, "language.french", 0, 10000)                                                \
    X(practical_size, "practical.size", 0, 10000)                                                  \
    X(practical_export, "practical.export", 0, 10000)                                              \
    X(practical_checked, "practical.checked", 0, 10000)                                            \
    X(practical_certified, "practical.certified", 0, 10000)                                        \
    X(size_step, "size.step", 0, 10000)                                                            \
    X(size_free, "size.free", 0, 12)                                                               \
    X(size_unknown, "size.unknown", 0, 10000)                                                      \
    X(export_target, "export.target", 0, 10000)                                                    \
    X(export_some, "export.some", 0, 10000)                                                        \
    X(export_none, "export.none", 0, 10000)                                                        \
    X(checked_fresh, "checked.fresh-days", 1, 3650)                                                \
    X(checked_old, "checked.old-days", 2, 3650)                                                    \
    X(certified_neutral, "certified.neutral", 0, 10000)                                            \
    X(certified_missing, "certified.missing", 0, 10000)

struct weights {
#define WEIGHT_MEMBER(member, name, least, most) int32_t member;
    WEIGHTS(WEIGHT_MEMBER)
#undef WEIGHT_MEMBER
};

#endif
