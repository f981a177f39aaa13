/* Seeded objects. Everything about object number index (0 = the newest) follows from the seed, the
   base time and the index, so a million of them cost nothing until they are asked for. Their times
   fall with the index, which lets lists search by halves. */
#include "sim_internal.h"

#include <stdio.h>
#include <string.h>

#define SEED_DAY (INT64_C(1) << 30) /* the weight of one day; integers keep runs equal everywhere  \
                                     */
#define DAY_MS     INT64_C(86400000)
#define HOUR_MS    INT64_C(3600000)
#define MINUTE_MS  INT64_C(60000)
#define SPAN_MAX   1095
#define ROWS_A_DAY 400

/* How busy each hour of the hotel's day is. */
static const unsigned hour_weights[24] = {6,  3,  2,  1,  1,  2,  8,  18, 30, 34, 38, 42,
                                          44, 42, 36, 34, 38, 46, 50, 52, 50, 44, 28, 14};
enum {
    ROLL_JITTER,
    ROLL_STATUS,
    ROLL_STORY,
    ROLL_HOLD,
    ROLL_AMOUNT,
    ROLL_CURRENCY,
    ROLL_TEXT,
    ROLL_WORD,
    ROLL_REFERENCE,
    ROLL_PLACE,
    ROLL_ATTEMPTS,
    ROLL_DONE,
    ROLL_BARE,
    ROLL_POI
};

const char *const seed_statuses[SEED_STATUSES] = {
    [SEED_PENDING] = "pending",     [SEED_COMPLETED] = "completed", [SEED_EXPIRED] = "expired",
    [SEED_CANCELLED] = "cancelled", [SEED_FAILED] = "failed",       [SEED_SUCCESS] = "success",
    [SEED_REFUSED] = "refused",     [SEED_RECEIVED] = "received",
};

uint64_t seed_mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

uint64_t seed_roll(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind, int64_t index,
                   unsigned purpose)
{
    uint64_t what = (uint64_t)index * 64 + purpose;
    return seed_mix(seed_mix(seed->seed * 8 + (uint64_t)env * 4 + (uint64_t)kind) ^ what);
}

static int64_t weight_of(const struct sim_seed *seed, int64_t utc_ms)
{
    int64_t local = utc_ms + SIM_ZONE_MS, day = local / DAY_MS, rest = local % DAY_MS;
    int64_t hour = rest / HOUR_MS, share = seed->hours[hour + 1] - seed->hours[hour];
    return day * SEED_DAY + seed->hours[hour] + share * (rest % HOUR_MS) / HOUR_MS;
}

static int64_t ms_of_weight(const struct sim_seed *seed, int64_t weight)
{
    int64_t day = weight / SEED_DAY, rest = weight % SEED_DAY;
    int hour = 23;
    while (seed->hours[hour] > rest)
        hour--;
    int64_t share = seed->hours[hour + 1] - seed->hours[hour];
    int64_t local = day * DAY_MS + hour * HOUR_MS + (rest - seed->hours[hour]) * HOUR_MS / share;
    return local - SIM_ZONE_MS;
}

void seed_init(struct sim_seed *seed)
{
    int64_t sum = 0, passed = 0;
    for (size_t i = 0; i < COUNT_OF(hour_weights); i++)
        sum += hour_weights[i];
    for (size_t i = 0; i < COUNT_OF(hour_weights); i++) {
        seed->hours[i] = passed * SEED_DAY / sum;
        passed += hour_weights[i];
    }
    seed->hours[24] = SEED_DAY;
    seed->base_weight = weight_of(seed, seed->base_ms);
    seed->codes.salt = seed_mix(seed->seed ^ seed_mix((uint64_t)seed->base_ms));
}

int64_t seed_created_ms(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind,
                        int64_t index)
{
    int64_t count = seed->counts[kind], days = count / ROWS_A_DAY;
    days = days < SEED_SPAN_DAYS ? SEED_SPAN_DAYS : days > SPAN_MAX ? SPAN_MAX : days;
    int64_t step = days * SEED_DAY / count;
    uint64_t jitter = seed_roll(seed, env, kind, index, ROLL_JITTER) % (uint64_t)step;
    int64_t ms = ms_of_weight(seed, seed->base_weight - index * step - (int64_t)jitter);
    return ms - ms % 1000;
}

/* Picks by weights that add up to 1000. */
static uint8_t pick_status(uint64_t roll, const uint16_t weights[SEED_STATUSES])
{
    unsigned left = (unsigned)(roll % 1000);
    uint8_t status = 0;
    while (left >= weights[status])
        left -= weights[status++];
    return status;
}

struct seed_facts seed_facts_of(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind,
                                int64_t index)
{
    static const uint16_t fresh[SEED_STATUSES] = {
        [SEED_PENDING] = 330, [SEED_COMPLETED] = 590, [SEED_CANCELLED] = 40, [SEED_FAILED] = 40};
    static const uint16_t old[SEED_STATUSES] = {[SEED_PENDING] = 12,
                                                [SEED_COMPLETED] = 793,
                                                [SEED_EXPIRED] = 95,
                                                [SEED_CANCELLED] = 55,
                                                [SEED_FAILED] = 45};
    static const uint16_t pos[SEED_STATUSES] = {
        [SEED_SUCCESS] = 915, [SEED_REFUSED] = 55, [SEED_CANCELLED] = 30};
    struct seed_facts facts = {.created_ms = seed_created_ms(seed, env, kind, index)};
    int64_t age = seed->base_ms - facts.created_ms;
    const uint16_t *weights = kind == SIM_PAYMENT ? pos : age < 2 * DAY_MS ? fresh : old;
    facts.status = pick_status(seed_roll(seed, env, kind, index, ROLL_STATUS), weights);
    facts.preauth =
        seed_roll(seed, env, kind, index, ROLL_HOLD) % 100 < (kind == SIM_PAYMENT ? 8 : 15);
    int64_t took = 20 * 1000 + (int64_t)(seed_roll(seed, env, kind, index, ROLL_DONE) %
                                         (kind == SIM_PAYMENT ? 30000 : 40 * MINUTE_MS));
    facts.completed_ms = facts.created_ms + (took < age ? took : age / 2);
    if (facts.status == SEED_COMPLETED || facts.status == SEED_SUCCESS)
        facts.story = seed_story(seed_roll(seed, env, kind, index, ROLL_STORY), facts.preauth, age);
    if (kind == SIM_SESSION)
        seed_showcase(index, seed->counts[kind], &facts);
    return facts;
}

/* Prices end in what prices end in; 11, 12 and 13, which decide a modification, are not among it.
 */
static int64_t euro_cents(const struct words_item *item, uint64_t roll)
{
    static const unsigned endings[] = {0, 0, 50, 0, 90, 0, 50, 75};
    uint64_t euros = item->low + roll % (item->high - item->low + 1);
    return (int64_t)(euros * 100 + endings[(roll >> 32) % COUNT_OF(endings)]);
}

static void set_money(struct sim_row *row, int64_t cents, unsigned roll)
{
    /* minor units for one cent of EUR, in thousandths, rounded to what one pays in that money */
    static const struct {
        char currency[4];
        unsigned weight, thousandths, round;
    } monies[] = {{"EUR", 880, 1000, 1},
                  {"GBP", 50, 860, 5},
                  {"USD", 40, 1090, 5},
                  {"JPY", 18, 1650, 100},
                  {"KWD", 12, 3300, 50}};
    size_t i = 0;
    for (roll %= 1000; roll >= monies[i].weight; i++)
        roll -= monies[i].weight;
    int64_t minor = cents * monies[i].thousandths / 1000;
    row->amount = minor - minor % monies[i].round + monies[i].round * (minor < monies[i].round);
    memcpy(row->currency, monies[i].currency, sizeof(row->currency));
}

static const char *describe(const char *pattern, uint64_t roll, struct arena *arena)
{
    char text[SEED_TEXT_SIZE];
    const char *mark = strchr(pattern, '%');
    if (!mark)
        return pattern;
    unsigned room = (unsigned)(100 * (1 + roll % 4) + 1 + roll / 4 % 24);
    const char *guest = words_guests[roll % words_guest_count];
    if (mark[1] == 'u')
        snprintf(text, sizeof(text), "%.*s%u%s", (int)(mark - pattern), pattern, room, mark + 2);
    else
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(mark - pattern), pattern, guest, mark + 2);
    return arena_strdup(arena, text);
}

void seed_custom_reference(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind,
                           int64_t index, char out[SEED_TEXT_SIZE])
{
    uint64_t roll = seed_roll(seed, env, kind, index, ROLL_REFERENCE);
    unsigned scheme = (unsigned)(roll % 100);
    roll /= 100;
    int64_t booking = 90000 + (int64_t)seed->counts[kind] - index;
    int year = time_to_civil(seed->base_ms).year;
    out[0] = '\0';
    if (scheme < 66)
        snprintf(out, SEED_TEXT_SIZE, "RES-%d-%05d", year, (int)(booking % 100000));
    else if (scheme < 75)
        snprintf(out, SEED_TEXT_SIZE, "BKG%07u", (unsigned)(roll % 10000000));
    else if (scheme < 82)
        snprintf(out, SEED_TEXT_SIZE, "GRP/%02d-%03u", year % 100, (unsigned)(roll % 1000));
    else if (scheme < 88)
        snprintf(out, SEED_TEXT_SIZE, "hab-%u",
                 (unsigned)(100 * (1 + roll % 4) + 1 + roll / 4 % 24));
}

const char *seed_poi(const struct sim_seed *seed, enum sim_env env, int64_t index)
{
    static const uint8_t shares[] = {0, 0, 0, 0, 1, 1, 1, 0, 1, 2};
    uint64_t roll = seed_roll(seed, env, SIM_PAYMENT, index, ROLL_POI);
    return terminal_poi(shares[roll % COUNT_OF(shares)]);
}

static void add_attempts(const struct sim_seed *seed, enum sim_env env, int64_t index,
                         const struct seed_facts *facts, struct sim_row *row)
{
    unsigned roll = (unsigned)(seed_roll(seed, env, SIM_SESSION, index, ROLL_ATTEMPTS) % 100);
    bool paid = facts->status == SEED_COMPLETED;
    size_t refused = 0;
    if (facts->status == SEED_FAILED)
        refused = 1 + roll % 3;
    else if (paid || facts->status == SEED_PENDING)
        refused = roll < 4 ? 2 : roll < 14 ? 1 : 0;
    bool bare = seed_roll(seed, env, SIM_SESSION, index, ROLL_BARE) % 8 == 0;
    int64_t span = facts->completed_ms - facts->created_ms;
    row->attempt_count = refused + paid;
    for (size_t i = 0; i < row->attempt_count; i++) {
        struct sim_attempt *attempt = &row->attempts[i];
        int64_t part = (int64_t)(i + 1), parts = (int64_t)row->attempt_count;
        reference_write(&seed->codes, env, TAG_ONLINE, index, (int)i, attempt->reference);
        if (bare)
            reference_strip(attempt->reference);
        attempt->status = i < refused ? "refused" : "authorised";
        attempt->created_ms = facts->created_ms + span * part / parts;
    }
    if (paid) {
        const struct sim_attempt *last = &row->attempts[row->attempt_count - 1];
        memcpy(row->payment_reference, last->reference, sizeof(last->reference));
        row->completed_ms = facts->completed_ms;
    }
}

static void add_session(const struct sim_seed *seed, enum sim_env env, int64_t index,
                        const struct seed_facts *facts, struct sim_row *row)
{
    uint64_t place = seed_roll(seed, env, SIM_SESSION, index, ROLL_PLACE);
    const struct words_country *country = &words_countries[place % words_country_count];
    row->country = country->country;
    row->locale = country->locale;
    row->url_ok = "https://hotel.example/pago/ok";
    row->url_ko = "https://hotel.example/pago/ko";
    reference_write(&seed->codes, env, TAG_SESSION, index, 0, row->reference);
    add_attempts(seed, env, index, facts, row);
}

void seed_row(const struct sim_seed *seed, enum sim_env env, enum sim_kind kind, int64_t index,
              struct arena *arena, struct sim_row *out)
{
    struct seed_facts facts = seed_facts_of(seed, env, kind, index);
    *out = (struct sim_row){.kind = kind,
                            .number = index,
                            .preauth = facts.preauth,
                            .status = seed_statuses[facts.status],
                            .created_ms = facts.created_ms};
    const struct words_item *items = facts.preauth         ? words_hold
                                     : kind == SIM_PAYMENT ? words_pos
                                                           : words_online;
    size_t count = facts.preauth         ? words_hold_count
                   : kind == SIM_PAYMENT ? words_pos_count
                                         : words_online_count;
    uint64_t text = seed_roll(seed, env, kind, index, ROLL_TEXT);
    uint64_t word = seed_roll(seed, env, kind, index, ROLL_WORD);
    const struct words_item *item = &items[text % count];
    if (text >> 40 & 15) /* one in sixteen has no description */
        out->description = describe(item->text, word, arena);
    set_money(out, euro_cents(item, seed_roll(seed, env, kind, index, ROLL_AMOUNT)),
              (unsigned)(seed_roll(seed, env, kind, index, ROLL_CURRENCY) >> 32));
    char reference[SEED_TEXT_SIZE];
    seed_custom_reference(seed, env, kind, index, reference);
    out->custom_reference = reference[0] ? arena_strdup(arena, reference) : NULL;
    if (kind == SIM_SESSION) {
        add_session(seed, env, index, &facts, out);
    } else {
        reference_write(&seed->codes, env, TAG_POS, index, 0, out->reference);
        memcpy(out->payment_reference, out->reference, sizeof(out->reference));
        out->poi_id = seed_poi(seed, env, index);
        out->completed_ms = facts.completed_ms;
    }
}
