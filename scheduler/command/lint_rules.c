/* The rules: one function each, and the table. Lines within triple quotes are scripts or graphs:
 * their indentation is their own. */
#include "scheduler/command/lint_rules.h"
#include <ctype.h>
#include <string.h>

#include "base/banned.h"

static bool starts(struct slice text, const char *with)
{
    size_t n = strlen(with);
    return text.n >= n && memcmp(text.at, with, n) == 0;
}

static bool ends(struct slice text, const char *with)
{
    size_t n = strlen(with);
    return text.n >= n && memcmp(text.at + text.n - n, with, n) == 0;
}

static const char *find(struct slice text, const char *what)
{
    return text.n ? memmem(text.at, text.n, what, strlen(what)) : NULL;
}

/* The name before `=`, or nothing. */
static struct slice key_of(const struct lint_line *line)
{
    const char *equals = line->code.n ? memchr(line->code.at, '=', line->code.n) : NULL;
    if (!equals || line->block || starts(line->code, "[") || starts(line->code, "{"))
        return (struct slice){0};
    return slice_trim((struct slice){line->code.at, (size_t)(equals - line->code.at)});
}

static struct slice value_of(const struct lint_line *line)
{
    const char *equals = memchr(line->code.at, '=', line->code.n);
    size_t n = (size_t)(equals + 1 - line->code.at);
    return slice_trim((struct slice){equals + 1, line->code.n - n});
}

/* 1 for [section], 2 for [[section]], ...; 0: no heading. */
static size_t level_of(const struct lint_line *line)
{
    size_t level = 0;
    while (!line->block && level < line->code.n && line->code.at[level] == '[')
        level++;
    return level;
}

static bool is_template(const struct lint_line *line)
{
    return starts(line->code, "{%") || starts(line->code, "{#") || starts(line->code, "{{") ||
           starts(line->code, "%include");
}

static bool has_tab(const struct lint_line *line)
{
    return memchr(line->text.at, '\t', line->indent);
}

static bool is_not_indented(const struct lint_line *line)
{
    return line->indent == 0 && key_of(line).n > 0 && !is_template(line);
}

static bool is_top_indented(const struct lint_line *line)
{
    return level_of(line) == 1 && line->indent > 0;
}

static bool is_second_off(const struct lint_line *line)
{
    return level_of(line) == 2 && line->indent != 4;
}

static bool is_third_off(const struct lint_line *line)
{
    return level_of(line) == 3 && line->indent != 8;
}

static bool has_trailing_blanks(const struct lint_line *line)
{
    return line->text.n > 0 && strchr(" \t", line->text.at[line->text.n - 1]);
}

static bool inherits_lower_case(const struct lint_line *line)
{
    if (!slice_equal(key_of(line), "inherit"))
        return false;
    struct slice value = value_of(line);
    int depth = 0; /* in <parameters> or {{ templates }} */
    for (size_t i = 0; i < value.n; i++) {
        char c = value.at[i];
        depth += c == '<' || c == '{' ? 1 : c == '>' || c == '}' ? -1 : 0;
        struct slice rest = {value.at + i, value.n - i};
        if (depth == 0 && (i == 0 || !isalpha((unsigned char)value.at[i - 1])) &&
            (starts(rest, "None") || starts(rest, "root")))
            i += 3;
        else if (depth == 0 && islower((unsigned char)c))
            return true;
    }
    return false;
}

static bool has_template_without_shebang(const struct lint_line *line)
{
    return !line->jinja2 && line->code.n > 0 &&
           (find(line->code, "{%") || find(line->code, "{{") || find(line->code, "{#"));
}

static bool selects_host(const struct lint_line *line)
{
    struct slice key = key_of(line);
    return (slice_equal(key, "host") || slice_equal(key, "platform")) &&
           find(line->code, "rose host-select");
}

static bool is_too_long(const struct lint_line *line)
{
    size_t columns = 0;
    for (size_t i = 0; i < line->text.n; i++)
        columns += ((unsigned char)line->text.at[i] & 0xc0) != 0x80;
    return columns > line->columns_max;
}

static bool is_off_by_blanks(const struct lint_line *line)
{
    return !line->block && line->code.n > 0 && line->indent % 4 != 0 && !is_template(line) &&
           level_of(line) == 0;
}

static bool limits_time(const struct lint_line *line)
{
    static const char *const names[] = {"-l walltime", "--time", "-W", "wall_clock_limit",
                                        "-l h_rt"};
    struct slice key = key_of(line);
    for (size_t i = 0; line->directives && i < sizeof names / sizeof *names; i++)
        if (slice_equal(key, names[i]))
            return strcmp(names[i], "-W") != 0 || isdigit((unsigned char)value_of(line).at[0]);
    return false;
}

/* `operator` and a backslash at the end, which it does not need. */
static bool continues_after(const struct lint_line *line, const char *operator)
{
    if (!ends(line->code, "\\"))
        return false;
    return ends(slice_trim((struct slice){line->code.at, line->code.n - 1}), operator);
}

static bool continues_after_arrow(const struct lint_line *line)
{
    return continues_after(line, "=>");
}

static bool continues_after_operator(const struct lint_line *line)
{
    return continues_after(line, "&") || continues_after(line, "|");
}

static bool is_dependencies(const struct lint_line *line)
{
    return level_of(line) == 2 && find(line->code, "[[dependencies]]");
}

static bool is_graph_item(const struct lint_line *line)
{
    return slice_equal(key_of(line), "graph");
}

static bool has_old_variable(const struct lint_line *line)
{
    return find(line->code, "CYLC_SUITE_") || find(line->code, "CYLC_TASK_CYCLE_TIME");
}

static bool has_old_command(const struct lint_line *line)
{
    static const char *const names[] = {"reset",      "spawn",        "insert",     "restart",
                                        "register",   "suite-state",  "checkpoint", "run",
                                        "get-config", "documentation"};
    const char *at = find(line->code, "cylc ");
    if (!at || (at > line->code.at && (isalnum((unsigned char)at[-1]) || strchr("-_/.", at[-1]))))
        return false;
    struct slice rest =
        slice_trim((struct slice){at + 5, line->code.n - (size_t)(at + 5 - line->code.at)});
    size_t n = 0;
    while (n < rest.n && (isalpha((unsigned char)rest.at[n]) || rest.at[n] == '-'))
        n++;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_equal((struct slice){rest.at, n}, names[i]))
            return true;
    return false;
}

const struct lint_rule lint_rules[] = {
    {"R001", LINT_UPGRADE, "warning of the definition", NULL},
    {"R002", LINT_DEFINITION, "the definition is not valid", NULL},
    {"R003", LINT_DEFINITION, "the task is defined, but the graph does not use it", NULL},
    {"R004", LINT_DEFINITION, "the xtrigger is defined, but the graph does not use it", NULL},
    {"R006", LINT_UPGRADE,
     "variable of Cylc 7: expected CYLC_WORKFLOW_... or CYLC_TASK_CYCLE_POINT", has_old_variable},
    {"R007", LINT_UPGRADE, "command of Cylc 7, which is no longer there", has_old_command},
    {"S001", LINT_STYLE, "tab in the indentation: expected blanks", has_tab},
    {"S002", LINT_STYLE, "item is not indented", is_not_indented},
    {"S003", LINT_STYLE, "top level section is indented: expected it at the left edge",
     is_top_indented},
    {"S004", LINT_STYLE, "second level section: expected 4 blanks before it", is_second_off},
    {"S005", LINT_STYLE, "third level section: expected 8 blanks before it", is_third_off},
    {"S006", LINT_STYLE, "blanks at the end of the line", has_trailing_blanks},
    {"S007", LINT_STYLE, "name of a family in lower case: expected upper case",
     inherits_lower_case},
    {"S008", LINT_STYLE, "Jinja2 in a file whose first line is not #!jinja2",
     has_template_without_shebang},
    {"S009", LINT_STYLE, "a host is selected by a command: a platform may do that", selects_host},
    {"S012", LINT_STYLE, "line is too long", is_too_long},
    {"S013", LINT_STYLE, "expected indentation by 4 blanks a level", is_off_by_blanks},
    {"S014", LINT_STYLE, "directive limits the time: expected [runtime][TASK]execution time limit",
     limits_time},
    {"S015", LINT_STYLE, "=> at the end continues the line: no backslash is needed",
     continues_after_arrow},
    {"U001", LINT_UPGRADE, "[scheduling][dependencies] is now [scheduling][graph]",
     is_dependencies},
    {"U002", LINT_UPGRADE, "graph = ... of [[[RECURRENCE]]] is now RECURRENCE = ... in [[graph]]",
     is_graph_item},
    {"U017", LINT_UPGRADE, "& and | at the end continue the line: no backslash is needed",
     continues_after_operator},
    {0},
};

const struct lint_rule *lint_rule_find(const char *code)
{
    for (const struct lint_rule *rule = lint_rules; rule->code; rule++)
        if (strcmp(rule->code, code) == 0)
            return rule;
    return NULL;
}

/* Up to a # that no quotes are around. */
static struct slice without_comment(struct slice text)
{
    char quote = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.at[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '#')
            return (struct slice){text.at, i};
    }
    return text;
}

/* Whether triple quotes open or close in the line. */
static void follow_quotes(struct lint_reader *reader, struct slice text)
{
    for (size_t i = 0; i + 2 < text.n; i++) {
        char c = text.at[i];
        if ((c != '"' && c != '\'') || text.at[i + 1] != c || text.at[i + 2] != c ||
            (reader->block && c != reader->quote))
            continue;
        reader->block = !reader->block;
        reader->quote = c;
        i += 2;
    }
}

void lint_read(struct lint_reader *reader, struct slice text, struct lint_line *ret_line)
{
    size_t indent = 0;
    while (indent < text.n && strchr(" \t", text.at[indent]))
        indent++;
    if (reader->lines++ == 0)
        reader->jinja2 =
            starts(text, "#!") && text.n >= 8 && strncasecmp(text.at + 2, "jinja2", 6) == 0;
    struct slice code = {text.at + indent, text.n - indent};
    if (!reader->block && starts(code, "[") && !starts(code, "[[[["))
        reader->directives = starts(code, "[[[directives]]]");
    *ret_line = (struct lint_line){.text = text,
                                   .code = slice_trim(without_comment(code)),
                                   .indent = indent,
                                   .block = reader->block,
                                   .jinja2 = reader->jinja2,
                                   .directives = reader->directives,
                                   .columns_max = LINT_LINE_MAX};
    if (reader->block || !starts(code, "#"))
        follow_quotes(reader, text);
}
