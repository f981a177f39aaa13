/* What went wrong before or instead of an outcome: errors of this program's layers, the API's
   codes, filters and amounts that cannot be read. */
#include "words_internal.h"

#include <stdio.h>
#include <string.h>

struct text words_fill(struct arena *arena, const char *sentence, const struct hole *holes,
                       size_t count)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    for (const char *p = sentence; *p;) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        size_t i = end ? 0 : count;
        for (; i < count; i++)
            if (strlen(holes[i].name) == (size_t)(end - p - 1) &&
                strncmp(holes[i].name, p + 1, (size_t)(end - p - 1)) == 0)
                break;
        if (i < count) {
            buf_puts(&out, holes[i].value.bytes);
            p = end + 1;
        } else {
            buf_add(&out, p++, 1);
        }
    }
    struct text text = text_ours(arena_strdup(arena, out.data ? out.data : ""));
    buf_done(&out);
    return text;
}

struct text words_proof(struct arena *arena, int code, int http_status, const char *trace_id)
{
    char parts[2][32] = {"", ""};
    const char *dot = format_utf8() ? " · " : " - ";
    if (code)
        snprintf(parts[0], sizeof parts[0], "%d", code);
    if (http_status)
        snprintf(parts[1], sizeof parts[1], "HTTP %d", http_status);
    const char *trace = text_brief(arena, trace_id, WORDS_SAID).bytes;
    return text_oursf(arena, "%s%s%s%s%s%s", parts[0], code && http_status ? dot : "", parts[1],
                      trace[0] && (code || http_status) ? dot : "", trace[0] ? "traceId " : "",
                      trace);
}

/* The catalogue of codes that the API documents. */
static const struct {
    const char *what, *next;
} troubles[] = {
    [TROUBLE_KEY] = {N_("The API does not accept the key."),
                     N_("Check the API key of this environment; live and test have their own.")},
    [TROUBLE_IP] = {N_("The API does not accept requests from this network address."),
                    N_("Allow this address in the provider's dashboard: Integrations, API Keys.")},
    [TROUBLE_ACCESS] =
        {N_("The API denies access to this."),
         N_("Check the webcode, and that the payment belongs to this environment and "
            "was made through this API.")},
    [TROUBLE_PARAMETER] = {N_("The API does not accept one of the values."),
                           N_("Correct the value that the message names; if it names none, check "
                              "amount, currency and reference, or ask the provider with the "
                              "traceId.")},
    [TROUBLE_DATE] = {N_("The API does not accept the date."), N_("Write dates as 2026-11-22.")},
    [TROUBLE_COUNTRY_FORMAT] = {N_("The API does not accept the country code."),
                                N_("Use two capital letters, as ES.")},
    [TROUBLE_COUNTRY] = {N_("This country is not supported."),
                         N_("Ask the provider for the list of countries.")},
    [TROUBLE_NOT_FOUND] = {N_("The API does not know this reference."),
                           N_("Check the reference, and that this is its environment.")},
    [TROUBLE_PROVIDER] =
        {N_("The payment provider has trouble."),
         N_("Try to read again in a few seconds. Do not repeat a charge before its "
            "outcome is known.")},
    [TROUBLE_TERMINAL] = {N_("The terminal is offline or does not answer."),
                          N_("Wake the terminal or take another one, once it is verified that "
                             "nothing was charged.")},
    [TROUBLE_CONFLICT] = {N_("The API says that this conflicts with an earlier request."),
                          N_("Do not send it again: look the outcome up.")},
    [TROUBLE_RATE] = {N_("The API asks to slow down."), N_("Wait a moment.")},
};

bool words_api_trouble(enum api_trouble trouble, const char **what, const char **next)
{
    bool known = trouble < COUNT_OF(troubles) && troubles[trouble].what;
    *what = known ? troubles[trouble].what : "";
    *next = known ? troubles[trouble].next : "";
    return known;
}

/* By the layer's own code, when no API error says more. */
static const struct {
    const char *what, *money, *next;
} errors[] = {
    [ERR_NONE] = {"", "", ""},
    [ERR_INVALID] = {N_("This is not valid."), "", N_("Correct it and try again.")},
    [ERR_AMBIGUOUS] = {N_("This can be read in two ways."), "",
                       N_("Write it out with its decimals.")},
    [ERR_NOT_FOUND] = {N_("Not found."), "",
                       N_("Check the reference, and that this is its environment.")},
    [ERR_CONFLICT] = {N_("Somebody else is at work on this."), N_("Nothing was sent."),
                      N_("Wait until that is settled.")},
    [ERR_DENIED] = {N_("This is not allowed here."), N_("Nothing was sent."), ""},
    [ERR_STALE] = {N_("The payment has changed since you looked."), N_("Nothing was sent."),
                   N_("Look at it again and decide anew.")},
    [ERR_NETWORK] = {N_("The API cannot be reached."), N_("Nothing was sent."),
                     N_("Check the network and try again.")},
    [ERR_API] = {N_("The API answered with an error."), "", ""},
    [ERR_DATA] = {N_("The API's answer could not be understood."), "",
                  N_("Try again; if it stays so, tell support what stands below.")},
    [ERR_STORAGE] = {N_("This machine cannot store its data safely."),
                     N_("No money is moved while that lasts."),
                     N_("Check free space and rights of the folder, then start again; "
                        "avirato-console doctor says more.")},
    [ERR_SYSTEM] = {N_("The operating system refused something."), "",
                    N_("avirato-console doctor may say more.")},
};

/* A server that was not believed (api_answer.trouble): there is no way round it, and the reason
   says what to look at. */
static const struct {
    const char *begins, *what, *next;
} distrusts[] = {
    {"certificate: ",
     N_("The server's certificate is not good: this may not be the API. Neither a request nor the "
        "key was sent to it."),
     N_("Check this computer's date, and whether this network is yours and asks for a login of its "
        "own. If the server has an authority of its own, name its certificate as ca_file.")},
    {"pin: ",
     N_("The server's key is none of the pinned ones: this may not be the API. Neither a request "
        "nor the key was sent to it."),
     N_("Ask the provider whether the server's key was changed; only then correct pins.")},
    {"ca_file: ", N_("The certificates of ca_file cannot be used, so nothing was sent."),
     N_("Correct ca_file: it holds the authority's certificates in PEM form.")},
    {"tls: ", N_("No secure connection came about, so nothing was sent."),
     N_("Check the network. A server that knows only TLS 1.1 or older is refused: tell the "
        "provider.")},
};

/* -1: it was something else. */
static int distrust_of(const struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(distrusts) && err->code == ERR_NETWORK; i++)
        if (strncmp(err->detail, distrusts[i].begins, strlen(distrusts[i].begins)) == 0)
            return (int)i;
    return -1;
}

bool words_is_distrust(const struct err *err)
{
    return distrust_of(err) >= 0;
}

static struct advice of_distrust(struct arena *arena, const struct err *err, int at)
{
    struct text detail = text_clean(arena, err->detail + strlen(distrusts[at].begins));
    return (struct advice){.what = text_oursf(arena, "%s (%s)", _(distrusts[at].what),
                                              detail.bytes),
                           .money = text_ours(_(errors[ERR_NETWORK].money)),
                           .next = text_ours(_(distrusts[at].next)),
                           .proof = text_ours("")};
}

static struct advice of_api_error(struct arena *arena, const struct api_error *api)
{
    const char *what, *next;
    if (!words_api_trouble(api_trouble_of(api->code, api->http_status), &what, &next))
        what = errors[ERR_API].what;
    struct text message = text_brief(arena, api->message, WORDS_SAID);
    return (struct advice){.what = message.bytes[0]
                                       ? text_oursf(arena, "%s (%s)", _(what), message.bytes)
                                       : text_ours(_(what)),
                           .money = text_ours(""),
                           .next = text_ours(_(next)),
                           .proof = words_proof(arena, api->code, api->http_status, api->trace_id)};
}

/* The operations' check begins with the field's name. */
static const struct {
    const char *field, *what;
} fields[] = {
    {"target:", N_("The terminal or payment reference cannot be used.")},
    {"amount:", N_("The amount cannot be used.")},
    {"currency:", N_("The currency cannot be used.")},
    {"reference:", N_("The reference cannot be used.")},
    {"description:", N_("The description cannot be used.")},
    {"reason:", N_("The reason cannot be used.")},
};

static const char *what_of(const struct err *err, size_t at)
{
    for (size_t i = 0; err->code == ERR_INVALID && i < COUNT_OF(fields); i++)
        if (strncmp(err->detail, fields[i].field, strlen(fields[i].field)) == 0)
            return _(fields[i].what);
    return _(errors[at].what);
}

struct advice words_of_error(struct arena *arena, const struct err *err,
                             const struct api_error *api)
{
    if (api && (api->code || api->http_status || api->message))
        return of_api_error(arena, api);
    if (words_is_distrust(err))
        return of_distrust(arena, err, distrust_of(err));
    struct text detail = text_brief(arena, err->detail, WORDS_DETAIL);
    size_t at = err->code < COUNT_OF(errors) ? err->code : ERR_SYSTEM;
    return (struct advice){
        .what = detail.bytes[0] ? text_oursf(arena, "%s (%s)", what_of(err, at), detail.bytes)
                                : text_ours(what_of(err, at)),
        .money = text_ours(_(errors[at].money)),
        .next = text_ours(_(errors[at].next)),
        .proof = text_ours("")};
}

struct text words_filter_error(struct arena *arena, const char *filter,
                               const struct filter_error *error)
{
    static const char *const whys[] = {
        [FILTER_UNKNOWN_KEY] =
            N_("“{token}”: no such key. Keys: status, type, from, to, on, amount, currency, ref, "
               "terminal, preauth."),
        [FILTER_BAD_VALUE] = N_("“{token}”: this value cannot be used here."),
        [FILTER_BAD_DATE] =
            N_("“{token}”: not a date. Dates: 2026-11-22, 2026-11, today, yesterday, -7d."),
        [FILTER_BAD_AMOUNT] = N_("“{token}”: not an amount. Amounts: 100, >100, 50..200."),
        [FILTER_OPEN_QUOTE] = N_("“{token}”: the closing quote is missing."),
        [FILTER_TOO_LONG] = N_("The filter is too long."),
        [FILTER_NOT_HERE] = N_("“{token}”: this list has no such key."),
    };
    size_t len = strlen(filter);
    size_t start = error->start < len ? error->start : len;
    size_t end = error->end < start ? start : error->end < len ? error->end : len;
    char *token = arena_strndup(arena, filter + start, end - start);
    struct hole hole = {"token", text_brief(arena, token, WORDS_NAMED)};
    return words_fill(arena, _(whys[error->why]), &hole, 1);
}

struct text words_amount_error(struct arena *arena, const char *typed, const char *currency,
                               const struct err *err, const int64_t readings[2])
{
    int decimals = currency_exponent(currency);
    struct hole holes[] = {
        {"typed", text_brief(arena, typed, WORDS_NAMED)},
        {"currency", text_brief(arena, currency, WORDS_NAMED)},
        {"decimals", text_oursf(arena, "%d", decimals)},
        {"first", format_minor(arena, readings ? readings[0] : 0, currency)},
        {"second", format_minor(arena, readings ? readings[1] : 0, currency)},
    };
    const char *sentence =
        N_("“{typed}” is not an amount: digits with a decimal comma or point, at "
           "most {decimals} decimals, more than zero.");
    if (decimals < 0)
        sentence =
            N_("{currency} cannot be used: unknown, or its decimals are not confirmed by the "
               "provider.");
    else if (err->code == ERR_AMBIGUOUS)
        sentence = N_("“{typed}” may mean {first} or {second}: write it out with its decimals.");
    else if (decimals == 0)
        sentence =
            N_("“{typed}” is not an amount: {currency} has no decimals; digits only, more than "
               "zero.");
    return words_fill(arena, _(sentence), holes, COUNT_OF(holes));
}
