/* The reader of the .cylc file format. One line decides by itself what it is: blank, comment,
 * [heading], or `name = value`; only a value in triple quotes takes further lines. A line that ends
 * in a backslash goes on in the next one. */
#include "scheduler/config/parse.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

struct parser {
    const struct source *source;
    size_t next;
    struct item_tree *tree;
    struct item *path[SECTION_DEPTH_MAX + 1]; /* open sections; path[0] is the root */
    int depth;
    struct source_line line; /* the line in hand, continued lines joined */
    struct error *error;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static struct slice trim(struct slice s)
{
    while (s.n && is_blank(s.at[0]))
        s = (struct slice){s.at + 1, s.n - 1};
    while (s.n && is_blank(s.at[s.n - 1]))
        s.n--;
    return s;
}

/* Nothing, or nothing but a comment. */
static bool is_nothing(struct slice s)
{
    s = trim(s);
    return !s.n || s.at[0] == '#';
}

static bool is_continued(struct slice s)
{
    return s.n && s.at[s.n - 1] == '\\';
}

static int fail_at(struct parser *parser, const struct source_line *line, const char *what)
{
    struct slice text = trim(line->text);
    int n = text.n > PARSE_QUOTED_MAX ? PARSE_QUOTED_MAX : (int)text.n;
    error_set(parser->error, -EINVAL, "%s: %.*s", what, n, n ? text.at : "");
    return error_where(parser->error, line->file, line->line, NULL);
}

/* Blanks after the backslash are invisible and undo it, so they are refused. */
static int check_continuation(struct parser *parser, const struct source_line *line)
{
    struct slice text = trim(line->text);
    bool trailing = line->text.n && is_blank(line->text.at[line->text.n - 1]);
    if (trailing && is_continued(text) && text.at[0] != '#')
        return fail_at(parser, line, "whitespace after the line continuation character (\\)");
    return 0;
}

/* Take the next line with those that continue it. 1, 0 at the end, or negative. */
static int take_line(struct parser *parser)
{
    if (parser->next == parser->source->n)
        return 0;
    const struct source_line *first = &parser->source->lines[parser->next++];
    parser->line = *first;
    int result = check_continuation(parser, first);
    if (result < 0 || !is_continued(first->text))
        return result < 0 ? result : 1;
    struct text joined = {0};
    text_add_n(&joined, first->text.at, first->text.n - 1);
    for (bool more = true; more && parser->next < parser->source->n;) {
        const struct source_line *line = &parser->source->lines[parser->next++];
        if ((result = check_continuation(parser, line)) < 0)
            break;
        more = is_continued(line->text);
        if (line->text.n)
            text_add_n(&joined, line->text.at, line->text.n - more);
    }
    size_t n = joined.n;
    parser->line.text =
        (struct slice){arena_text(parser->tree->arena, (struct slice){text_string(&joined), n}), n};
    text_release(&joined);
    return result < 0 ? result : 1;
}

static int add_heading(struct parser *parser, struct slice name, int level)
{
    const struct source_line *line = &parser->line;
    if (level > SECTION_DEPTH_MAX)
        return fail_at(parser, line, "section nested too deep (at most 8 levels)");
    if (level > parser->depth + 1)
        return fail_at(parser, line,
                       "section without a section one level up: expected fewer brackets");
    struct item *section =
        item_get(parser->tree, parser->path[level - 1], name, true, line->file, line->line);
    if (!section->section)
        return fail_at(parser, line, "a section here, but an item of that name before");
    parser->path[level] = section;
    parser->depth = level;
    return 0;
}

/* "[[name]]" with blanks and a comment where they may be. */
static int parse_heading(struct parser *parser, struct slice text)
{
    size_t level = 0, closing = 0;
    while (level < text.n && text.at[level] == '[')
        level++;
    const char *end = memchr(text.at, ']', text.n);
    if (!end)
        return fail_at(parser, &parser->line, "bracket mismatch: expected a ']'");
    size_t stop = (size_t)(end - text.at);
    while (stop + closing < text.n && text.at[stop + closing] == ']')
        closing++;
    if (closing != level)
        return fail_at(parser, &parser->line, "bracket mismatch: expected as many ']' as '['");
    struct slice rest = {text.at + stop + closing, text.n - stop - closing};
    if (!is_nothing(rest))
        return fail_at(parser, &parser->line, "invalid line (text after a heading)");
    struct slice name = trim((struct slice){text.at + level, stop - level});
    if (!name.n)
        return fail_at(parser, &parser->line, "heading without a name");
    return add_heading(parser, name,
                       level > SECTION_DEPTH_MAX ? SECTION_DEPTH_MAX + 1 : (int)level);
}

/* Where the three quotes stand in text, or NULL. */
static const char *find_quotes(struct slice text, char quote)
{
    for (size_t i = 0; i + 3 <= text.n; i++)
        if (text.at[i] == quote && text.at[i + 1] == quote && text.at[i + 2] == quote)
            return text.at + i;
    return NULL;
}

/* The value of a block that opens on the line in hand and closes on a later one. Continued lines
 * are kept apart here, so that line numbers within the block stay true. */
static int take_block(struct parser *parser, struct slice first, char quote, struct slice *ret)
{
    const struct source_line opening = parser->line;
    struct text block = {0};
    if (first.n)
        text_add_n(&block, first.at, first.n);
    const char *end = NULL;
    int result = 0;
    while (!end && parser->next < parser->source->n && result == 0) {
        const struct source_line *line = &parser->source->lines[parser->next++];
        result = check_continuation(parser, line);
        end = find_quotes(line->text, quote);
        size_t n = end ? (size_t)(end - line->text.at) : line->text.n;
        text_add_char(&block, '\n');
        if (n)
            text_add_n(&block, line->text.at, n);
        if (end && !is_nothing((struct slice){end + 3, line->text.n - n - 3}))
            result = fail_at(parser, line, "invalid line (text after the closing quotes)");
    }
    if (result == 0 && !end)
        result = fail_at(parser, &opening, "text in triple quotes is not closed");
    if (result == 0)
        *ret = (struct slice){
            arena_text(parser->tree->arena, (struct slice){text_string(&block), block.n}), block.n};
    text_release(&block);
    return result;
}

static int take_value(struct parser *parser, struct slice text, struct raw_value *ret_value)
{
    *ret_value =
        (struct raw_value){.text = text, .file = parser->line.file, .line = parser->line.line};
    bool triple = text.n >= 3 && (text.at[0] == '"' || text.at[0] == '\'') &&
                  text.at[1] == text.at[0] && text.at[2] == text.at[0];
    if (!triple)
        return 0;
    ret_value->block = true;
    struct slice rest = {text.at + 3, text.n - 3};
    const char *end = find_quotes(rest, text.at[0]);
    if (!end)
        return take_block(parser, rest, text.at[0], &ret_value->text);
    ret_value->text = (struct slice){rest.at, (size_t)(end - rest.at)};
    if (!is_nothing((struct slice){end + 3, rest.n - ret_value->text.n - 3}))
        return fail_at(parser, &parser->line, "invalid line (text after the closing quotes)");
    return 0;
}

static int parse_item(struct parser *parser, struct slice text)
{
    const struct source_line line = parser->line;
    const char *equals = memchr(text.at, '=', text.n);
    struct slice name = {text.at, equals ? (size_t)(equals - text.at) : 0};
    name = trim(name);
    const char second = text.n > 1 ? text.at[1] : ' ';
    if (text.at[0] == '{' && (second == '{' || second == '%' || second == '#'))
        return fail_at(parser, &line, "a template needs #!jinja2 as the first line of the file");
    if (!name.n)
        return fail_at(parser, &line, "invalid line (expected `name = value` or a [heading])");
    struct slice rest = {equals + 1, text.n - (size_t)(equals + 1 - text.at)};
    struct raw_value value;
    int result = take_value(parser, trim(rest), &value);
    if (result < 0)
        return result;
    struct item *item =
        item_get(parser->tree, parser->path[parser->depth], name, false, line.file, line.line);
    if (item->section)
        return fail_at(parser, &line, "an item here, but a section of that name before");
    struct raw_value *kept = arena_new(parser->tree->arena, sizeof *kept);
    *kept = value;
    if (item->last_value)
        item->last_value->next = kept;
    else
        item->values = kept;
    item->last_value = kept;
    item->file = line.file;
    item->line = line.line;
    return 0;
}

int parse_lines(const struct source *source, struct item_tree *tree, struct error *error)
{
    struct parser parser = {.source = source, .tree = tree, .error = error};
    parser.path[0] = &tree->root;
    int result;
    while ((result = take_line(&parser)) > 0) {
        struct slice text = trim(parser.line.text);
        if (is_nothing(text))
            continue;
        result = text.at[0] == '[' ? parse_heading(&parser, text) : parse_item(&parser, text);
        if (result < 0)
            return result;
    }
    return result;
}
