/* The strict reader of JSON: the public parsing set, our own limits, numbers as text, raw objects.
 */
#include "../api/api_internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool accepts_bytes(const char *text, size_t len)
{
    char *exact = malloc(len ? len : 1); /* no byte more: a sanitizer sees any over-read */
    memcpy(exact, text, len);
    struct json_doc doc;
    struct err err = {0};
    bool fine = json_open(&doc, exact, len, &err);
    if (fine)
        json_close(&doc);
    else
        assert_int_equal(err.code, ERR_DATA);
    free(exact);
    return fine;
}

static bool accepts(const char *text)
{
    return accepts_bytes(text, strlen(text));
}

static size_t from_hex(char *out, const char *hex)
{
    size_t len = 0;
    for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        out[len++] = (char)byte;
    return len;
}

static void the_public_parsing_set_is_judged_right(void **state)
{
    (void)state;
    FILE *file = fopen("tests/fixtures/json_suite.txt", "re");
    assert_non_null(file);
    char line[9000], name[200], hex[8400], bytes[4200];
    char verdict;
    size_t cases = 0;
    while (fgets(line, sizeof(line), file)) {
        hex[0] = '\0';
        if (line[0] == '#' || sscanf(line, "%c %199s %8399s", &verdict, name, hex) < 2)
            continue;
        if (accepts_bytes(bytes, from_hex(bytes, hex)) != (verdict == 'y'))
            fail_msg("%s: not judged as %c", name, verdict);
        cases++;
    }
    fclose(file);
    assert_int_equal(cases, 281);
}

static char *repeat(const char *part, size_t count, const char *middle, const char *close)
{
    struct buf buf;
    buf_init(&buf, 32 << 20);
    for (size_t i = 0; i < count; i++)
        buf_puts(&buf, part);
    buf_puts(&buf, middle);
    for (size_t i = 0; i < count && *close; i++)
        buf_puts(&buf, close);
    return buf.data;
}

static bool accepts_repeated(const char *part, size_t count, const char *middle, const char *close)
{
    char *text = repeat(part, count, middle, close);
    bool fine = accepts(text);
    free(text);
    return fine;
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    assert_true(accepts_repeated("[", JSON_DEPTH_MAX, "1", "]"));
    assert_false(accepts_repeated("[", JSON_DEPTH_MAX + 1, "1", "]"));
    assert_true(accepts_repeated("{\"a\":", JSON_DEPTH_MAX, "1", "}"));
    assert_false(accepts_repeated("{\"a\":", JSON_DEPTH_MAX + 1, "1", "}"));
    assert_false(accepts_repeated("[", 100000, "", ""));
    assert_false(accepts_repeated("[{\"\":", 50000, "", ""));
}

static bool accepts_list(size_t values)
{
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (size_t i = 1; i < values; i++)
        buf_puts(&buf, i == 1 ? "[1" : ",1");
    buf_puts(&buf, "]");
    bool fine = accepts(buf.data);
    buf_done(&buf);
    return fine;
}

static bool accepts_string(size_t len, char c)
{
    char *text = malloc(len + 3);
    memset(text, c, len + 2);
    text[0] = text[len + 1] = '"';
    text[len + 2] = '\0';
    if (c == '1') /* a number of that length instead */
        text[0] = text[len + 1] = ' ';
    bool fine = accepts(text);
    free(text);
    return fine;
}

static void counts_and_lengths_have_limits(void **state)
{
    (void)state;
    assert_true(accepts_list(JSON_VALUES_MAX));
    assert_false(accepts_list(JSON_VALUES_MAX + 1));
    assert_true(accepts_string(JSON_STRING_MAX, 'a'));
    assert_false(accepts_string(JSON_STRING_MAX + 1, 'a'));
    assert_true(accepts_string(JSON_STRING_MAX, '1'));
    assert_false(accepts_string(JSON_STRING_MAX + 1, '1'));
}

static void hostile_text_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"\"\\u0000\"",
                                        "{\"\\u0000\":1}",
                                        "\"\\ud800\"",
                                        "\"\\udc00\"",
                                        "\"\\ud800\\u0041\"",
                                        "\"\\ud800\\ud800\"",
                                        "{\"a\":1,\"a\":2}",
                                        "{\"a\":1,\"\\u0061\":2}",
                                        "{\"\":1,\"\":1}",
                                        "[{\"b\":{\"a\":1,\"c\":2,\"a\":3}}]",
                                        "1 2",
                                        "{} x",
                                        "[1,]",
                                        "{\"a\":1,}",
                                        "007",
                                        "5.",
                                        ".5",
                                        "+1",
                                        "1e",
                                        "NaN",
                                        "Infinity",
                                        "\"\x1b[2J\"",
                                        "\"a\nb\"",
                                        "\"\x7f\xff\"",
                                        "\"\xc0\x80\"",
                                        "\"\xed\xa0\x80\"",
                                        "\"\xf4\x90\x80\x80\"",
                                        "\"\xe2\x82\"",
                                        "\xef\xbb\xbf{}",
                                        "",
                                        " ",
                                        "nul",
                                        "'a'",
                                        "{a:1}",
                                        "// x\n1",
                                        "\"\\x41\"",
                                        "\"\\u12G4\"",
                                        "\"\\",
                                        "\"\\u",
                                        "\"\\u12",
                                        "\"\\ud83d\\"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (accepts(wrong[i]))
            fail_msg("case %zu accepted: %s", i, wrong[i]);
    assert_false(accepts_bytes("\"a\0b\"", 5));
    assert_false(accepts_bytes("1\0", 2));
    assert_true(
        accepts("{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}")); /* equal, but elsewhere */
    assert_true(accepts(" \t\r\n\"\\ud83d\\ude00 \xf0\x9f\x98\x80 \\\" \\/ \\b\" "));
}

/* More names than fit the fast path, with and without one that comes twice. */
static void equal_names_are_found_among_many(void **state)
{
    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        struct buf buf;
        buf_init(&buf, 1 << 20);
        buf_puts(&buf, "{");
        for (int i = 0; i < 5000; i++)
            buf_printf(&buf, "\"n%d\":%d,", i * 7919 % 5000, i);
        buf_printf(&buf, "\"n%s\":0}", twice ? "4321" : "x");
        assert_int_equal(accepts(buf.data), !twice);
        buf_done(&buf);
    }
}

static void numbers_stay_text(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool fine;
        int64_t value;
    } cases[] = {{"0", true, 0},
                 {"-0", true, 0},
                 {"5000", true, 5000},
                 {"\"5000\"", true, 5000},
                 {"-42", true, -42},
                 {"999999999999999", true, 999999999999999},
                 {"1000000000000000", false, 0},
                 {"9007199254740993", false, 0},
                 {"50.00", false, 0},
                 {"5e3", false, 0},
                 {"1e999", false, 0},
                 {"\"007\"", false, 0},
                 {"\"\"", false, 0},
                 {"\"-\"", false, 0},
                 {"\" 5\"", false, 0},
                 {"\"5 \"", false, 0},
                 {"true", false, 0},
                 {"null", false, 0},
                 {"[5]", false, 0},
                 {"{\"value\":5}", false, 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_doc doc;
        int64_t value = 77;
        assert_true(json_open(&doc, cases[i].json, strlen(cases[i].json), NULL));
        assert_int_equal(json_integer(doc.root, &value), cases[i].fine);
        assert_int_equal(value, cases[i].fine ? cases[i].value : 77);
        json_close(&doc);
    }
    struct json_doc doc;
    const char *text = "[1.50, -1E+2 ,3]";
    assert_true(json_open(&doc, text, strlen(text), NULL));
    const struct cJSON *value = json_first(doc.root);
    assert_string_equal(json_text(value), "1.50");
    assert_string_equal(json_text(value = json_next(value)), "-1E+2");
    assert_string_equal(json_text(value = json_next(value)), "3");
    assert_null(json_next(value));
    json_close(&doc);
}

static void objects_are_cut_out_as_received(void **state)
{
    (void)state;
    const char *text = " {\"a\" : [ {\"x\":1.0} , {\"y\":{\"z\":[{}]}, \"q\":\"}\" } ],"
                       " \"b\":{ } , \"n\":null, \"t\":true}";
    struct json_doc doc;
    size_t len;
    assert_true(json_open(&doc, text, strlen(text), NULL));
    const struct cJSON *first = json_first(json_member(doc.root, "a"));
    const char *raw = json_raw(&doc, first, &len);
    assert_int_equal(len, 9);
    assert_memory_equal(raw, "{\"x\":1.0}", len);
    raw = json_raw(&doc, json_next(first), &len);
    assert_int_equal(len, 26);
    assert_memory_equal(raw, "{\"y\":{\"z\":[{}]}, \"q\":\"}\" }", len);
    raw = json_raw(&doc, json_member(doc.root, "b"), &len);
    assert_int_equal(len, 3);
    assert_memory_equal(raw, "{ }", len);
    assert_null(json_member(doc.root, "n"));
    assert_null(json_member(doc.root, "B")); /* names are compared as written */
    assert_int_equal(json_truth(json_member(doc.root, "t")), 1);
    assert_int_equal(json_truth(json_member(doc.root, "b")), -1);
    assert_null(json_member(NULL, "x"));
    assert_null(json_first(doc.root));
    json_close(&doc);
}

/* Every single-byte change and every cut of a real answer: no crash, and what is still accepted can
   be read. */
static void damaged_answers_do_no_harm(void **state)
{
    (void)state;
    char text[4096], spoilt[4096];
    FILE *file = fopen("tests/fixtures/session_get.json", "re");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    fclose(file);
    assert_true(accepts_bytes(text, len));
    static const char bytes[] = "\"\\{}[]:,0-.eu\x01\x80\xff ";
    size_t accepted = 0;
    for (size_t at = 0; at < len; at++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            memcpy(spoilt, text, len);
            spoilt[at] = bytes[i];
            accepted += accepts_bytes(spoilt, len);
        }
        assert_int_equal(accepts_bytes(text, at), at == len - 1); /* only the newline is spare */
    }
    assert_true(accepted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_parsing_set_is_judged_right),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(counts_and_lengths_have_limits),
        cmocka_unit_test(hostile_text_is_refused),
        cmocka_unit_test(equal_names_are_found_among_many),
        cmocka_unit_test(numbers_stay_text),
        cmocka_unit_test(objects_are_cut_out_as_received),
        cmocka_unit_test(damaged_answers_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
