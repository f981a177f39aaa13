/* One script, several screens: a variant is words joined by '-', each a language (es, en), a size
   (120x40) or an environment (training, test, live). test and live speak to a bundled server of
   their own, with a key file, as the real ones would be set up. */
#include "pty_run.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MARK "variants "
#define OPERATOR "[console]\noperator = Ana\n" /* else it is whoever runs the tests */

char *variant_list(const char *path)
{
    char *line = NULL, *list = NULL;
    size_t size = 0;
    FILE *in = fopen(path, "re");
    if (in && getline(&line, &size, in) > 0 && strncmp(line, MARK, strlen(MARK)) == 0)
        list = strdup(line + strlen(MARK));
    if (in)
        fclose(in);
    free(line);
    return list ? list : strdup("");
}

static bool write_home(struct script *script, const char *name, const char *text)
{
    FILE *out = script_open_home(script, name);
    if (!out)
        return false;
    fputs(text, out);
    return fclose(out) == 0;
}

static bool set_environment(struct script *script, const char *env)
{
    char text[512], words[64], none[] = "";
    snprintf(words, sizeof words, "--env %s", env);
    if (!script_add_words(script, words))
        return false;
    if (strcmp(env, "training") == 0)
        return true;
    if (!run_simulator(script, none))
        return false;
    snprintf(text, sizeof text,
             OPERATOR "[%s]\nwebcode = HOTEL9\napi_key_file = ~/.config/avirato-console/key\n"
             "base_url = %s\n", env, getenv("SIM_URL"));
    if (!write_home(script, SCRIPT_CONFIG, text))
        return false;
    snprintf(text, sizeof text, "%s-key\n", env);
    return write_home(script, ".config/avirato-console/key", text);
}

static bool apply_word(struct script *script, char *word)
{
    static const char *const environments[] = {"training", "test", "live"};
    char words[32];
    if (isdigit((unsigned char)*word))
        return script_set_size(script, word);
    if (strcmp(word, "es") == 0 || strcmp(word, "en") == 0) {
        snprintf(words, sizeof words, "--language %s", word);
        return script_add_words(script, words);
    }
    for (size_t i = 0; i < sizeof environments / sizeof *environments; i++)
        if (strcmp(word, environments[i]) == 0)
            return set_environment(script, word);
    return script_fail(script, "no such variant: %s", word);
}

bool variant_apply(struct script *script)
{
    char *copy = strdup(script->variant), *rest = copy;
    bool ok = !*copy || write_home(script, SCRIPT_CONFIG, OPERATOR);
    for (char *word = strsep(&rest, "-"); ok && word && *word; word = strsep(&rest, "-"))
        ok = apply_word(script, word);
    free(copy);
    return ok;
}
