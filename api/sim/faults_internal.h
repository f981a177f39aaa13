/* The kinds of faults, among the files that know them: the table (sim_faults_kinds.c), the answers
   that lie or are broken (sim_faults_lie.c), the rules (sim_faults.c). */
#ifndef API_SIM_FAULTS_INTERNAL_H
#define API_SIM_FAULTS_INTERNAL_H

#include "sim_internal.h"

enum fault_stage {
    FAULT_FRESH,   /* when the rules are set */
    FAULT_CONNECT, /* at a new connection, before a byte is read */
    FAULT_BEFORE,  /* instead of the execution */
    FAULT_WITHIN,  /* bends the execution */
    FAULT_AFTER    /* executed; does something to the answer */
};
/* What a fault strikes; which members are set depends on the stage. */
struct fault_kind;
struct fault_hit {
    struct sim_request *request;
    struct sim_answer *answer;
    struct sim_welcome *welcome;
    int64_t value;
    uint64_t roll; /* of the seed */
    const struct fault_kind *kind;
};
struct cJSON;
typedef void (*fault_bend)(struct cJSON *object, int64_t value);
struct fault_kind {
    const char *name;
    enum fault_stage stage;
    const char *unit;  /* of the value; NULL: takes none */
    int64_t otherwise; /* the value when the rule gives none */
    void (*strike)(const struct fault_hit *hit);
    size_t place;    /* strike_twist: where in struct sim_twist the value goes */
    fault_bend bend; /* strike_lie: what it does to each object of the answer */
    const char *help;
};
extern const struct fault_kind fault_kinds[];
extern const size_t fault_kind_count;

/* Of finished answers (sim_faults_lie.c). */
void strike_not_utf8(const struct fault_hit *hit);
void strike_too_deep(const struct fault_hit *hit);
void strike_twice_named(const struct fault_hit *hit);
void strike_lie(const struct fault_hit *hit);
void bend_amount(struct cJSON *object, int64_t value);
void bend_currency(struct cJSON *object, int64_t value);
void bend_terminal(struct cJSON *object, int64_t value);
void bend_environment(struct cJSON *object, int64_t value);
void bend_status(struct cJSON *object, int64_t value);
void bend_no_reference(struct cJSON *object, int64_t value);
void bend_no_echo(struct cJSON *object, int64_t value);

#endif
