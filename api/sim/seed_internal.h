/* References and seeded objects: what the simulator can work out from a seed alone. Shared only
   among api/sim/, included by sim_internal.h. */
#ifndef API_SIM_SEED_INTERNAL_H
#define API_SIM_SEED_INTERNAL_H

#include "sim.h"

enum sim_env { SIM_LIVE, SIM_TEST, SIM_ENVS };
enum sim_kind { SIM_SESSION, SIM_PAYMENT, SIM_MODIFICATION, SIM_KINDS };

/* Numbers of stored rows start here (plus their rowid); seeded ones are below. */
#define SIM_STORED         (INT64_C(1) << 33)
#define SIM_ZONE_MS        INT64_C(3600000) /* SIM_ZONE of sim.h */
#define SIM_AMOUNT_MAX     INT64_C(1000000000000)
#define SIM_REFERENCE_SIZE 160
#define SIM_ATTEMPTS       4
#define SIM_FOREVER        INT64_MAX

struct sim_attempt {
    char reference[SIM_REFERENCE_SIZE];
    const char *status;
    int64_t created_ms;
};

/* One object of any kind, seeded or stored. Texts belong to the arena it was read into; NULL is
   absent. Times are UTC ms for display, 0 absent. */
struct sim_row {
    enum sim_kind kind;
    int64_t number;
    char reference[SIM_REFERENCE_SIZE];         /* its own: session, POS payment, modification */
    char payment_reference[SIM_REFERENCE_SIZE]; /* "" when there is no payment */
    const char *status, *type;
    int64_t amount; /* minor units; 0: no amount (cancel, extend) */
    char currency[4];
    bool preauth;
    const char *description, *custom_reference, *poi_id, *reason, *failure_reason;
    const char *country, *locale, *deliver_at, *url_ok, *url_ko;
    int64_t created_ms, completed_ms, updated_ms;
    struct sim_attempt attempts[SIM_ATTEMPTS];
    size_t attempt_count;
};

/* What a list is asked for; NULL leaves a part out. Times are UTC ms, half open. */
struct sim_filter {
    enum sim_env env;
    enum sim_kind kind;
    const char *status, *custom_reference, *poi_id;
    const char *payment_reference; /* modifications of this payment only */
    int64_t from_ms, to_ms;
    int64_t now_ms;
    bool hidden_too; /* also what lists do not show yet */
    bool past;       /* now_ms is past: nothing that came after it */
};
/* Where the rows of a page go: row is called for matches skip … skip+want-1, newest first. The row
   is the callee's to copy from, not to keep; its texts live in arena. */
struct sim_sink {
    int64_t skip, want;
    struct arena *arena;
    void (*row)(void *ctx, const struct sim_row *row);
    void *ctx;
};

/* --- references: WEBCODE-TAG-CODE (sim_reference.c) ---------------------------------------- */

enum sim_tag {
    TAG_SESSION,
    TAG_ONLINE,
    TAG_POS,
    TAG_REFUND,
    TAG_CAPTURE,
    TAG_CANCEL,
    TAG_EXTEND,
    TAG_COUNT
};
struct sim_codes {
    const char *webcode;
    uint64_t salt; /* of seed and base time: another data set never repeats a reference */
};
/* sub tells apart what belongs to one number (attempts, modifications): 0-7. */
void reference_write(const struct sim_codes *codes, enum sim_env env, enum sim_tag tag,
                     int64_t number, int sub, char out[SIM_REFERENCE_SIZE]);
/* Leaves the code alone, without webcode and tag, as some payment references have it. */
void reference_strip(char reference[SIM_REFERENCE_SIZE]);
enum reference_verdict {
    REFERENCE_OURS,
    REFERENCE_DENIED /* other webcode or environment */,
    REFERENCE_UNKNOWN
};
enum reference_verdict reference_read(const struct sim_codes *codes, enum sim_env env,
                                      const char *text, enum sim_tag *tag, int64_t *number);

/* --- seeded objects: a pure function of seed, base time and index (sim_seed*.c) ------------- */

struct seed_cache; /* per-row bytes for filters, built when first needed */
struct sim_seed {
    uint64_t seed;
    int64_t base_ms;
    uint32_t counts[2]; /* sessions, payments */
    struct sim_codes codes;
    int64_t hours[25]; /* share of a day that has passed at each full hour, of SEED_DAY */
    int64_t base_weight;
    struct seed_cache *cache[SIM_ENVS];
};
/* The little that decides everything else about a seeded object. */
struct seed_facts {
    uint8_t status; /* index into seed_statuses */
    uint8_t story;  /* index into the modification stories */
    bool preauth;
    int64_t created_ms, completed_ms;
};
extern const char *const seed_statuses[];
enum {
    SEED_PENDING,
    SEED_COMPLETED,
    SEED_EXPIRED,
    SEED_CANCELLED,
    SEED_FAILED,
    SEED_SUCCESS,
    SEED_REFUSED,
    SEED_RECEIVED,
    SEED_STATUSES
};

void seed_init(struct sim_seed *seed);
void seed_done(struct sim_seed *seed);
uint64_t seed_mix(uint64_t value); /* a good 64-bit scrambler */
uint64_t seed_roll(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind, int64_t index,
                   unsigned purpose);
int64_t seed_created_ms(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind,
                        int64_t index);
struct seed_facts seed_facts_of(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind,
                                int64_t index);
/* kind is SIM_SESSION or SIM_PAYMENT. */
void seed_row(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind, int64_t index,
              struct arena *arena, struct sim_row *out);
/* The customReference alone, "" for none. */
#define SEED_TEXT_SIZE 96
void seed_custom_reference(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind,
                           int64_t index, char out[SEED_TEXT_SIZE]);
/* The three terminals (sim_pos.c). */
const char *terminal_poi(int index);
int terminal_index(const char *poi_id); /* -1: no such terminal */
const char *seed_poi(const struct sim_seed *seed, enum sim_env env, int64_t index);
/* Which story a payment of that age has; 0 is the one without steps. */
uint8_t seed_story(uint64_t roll, bool hold, int64_t age_ms);
/* Sets what certain positions always show. */
#define SEED_SPAN_DAYS 60 /* up to 24,000 objects lie within so many days */
void seed_showcase(int64_t index, int64_t count, struct seed_facts *facts);
/* SEED_PENDING: may have resolved by now. age_ms: of the step, at the base time. */
uint8_t seed_step_status(uint8_t story, size_t part, int64_t age_ms);
/* When each step of its story began; returns how many there are. */
#define SEED_STEPS 3
size_t seed_step_times(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind,
                       int64_t index, const struct seed_facts *facts, int64_t out[SEED_STEPS]);
/* The modifications of one seeded object, oldest first; returns how many (at most SEED_STEPS). */
size_t seed_modifications(const struct sim_seed *seed, enum sim_env env,
                          const struct sim_row *owner, const struct seed_facts *facts,
                          int64_t now_ms, struct sim_row out[SEED_STEPS]);
/* Hands a page to sink; returns how many rows match in all. */
int64_t seed_list(struct sim_seed *seed, const struct sim_filter *filter,
                  const struct sim_sink *sink);

/* Words for seeded objects (sim_words.c). scale tells what a text is about: cents of EUR. */
struct words_item {
    const char *text;   /* %u: a room, %s: a guest */
    unsigned low, high; /* EUR, whole units */
};
extern const struct words_item words_online[], words_hold[], words_pos[];
extern const size_t words_online_count, words_hold_count, words_pos_count;
extern const char *const words_guests[];
extern const size_t words_guest_count;
struct words_country {
    const char *country, *locale;
};
extern const struct words_country words_countries[];
extern const size_t words_country_count;

#endif
