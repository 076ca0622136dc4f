/* Expressions of outputs: recursive descent to postfix. `and` binds tighter than `or`. */
#include "scheduler/config/expression.h"
#include "base/check.h"
#include "base/text.h"
#include "base/vec.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

struct compiling {
    const char *text, *next;
    const struct output_def *outputs;
    uint32_t n_outputs;
    VEC(struct term) terms;
    int depth;
    struct error *error;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word_char(char c)
{
    return c == '_' || c == '-' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static int refuse(struct compiling *self, const char *why)
{
    return error_set(self->error, -EINVAL, "%s in the completion expression \"%s\"", why,
                     self->text);
}

static struct slice peek(struct compiling *self)
{
    while (is_blank(*self->next))
        self->next++;
    struct slice word = {self->next, 0};
    while (is_word_char(word.at[word.n]))
        word.n++;
    return word;
}

static bool take_word(struct compiling *self, const char *word)
{
    struct slice next = peek(self);
    if (!slice_equal(next, word))
        return false;
    self->next += next.n;
    return true;
}

/* An output's name, `-` written as `_`. */
static bool is_output(const char *output, struct slice word)
{
    if (strlen(output) != word.n)
        return false;
    for (size_t i = 0; i < word.n; i++)
        if (word.at[i] != (output[i] == '-' ? '_' : output[i]))
            return false;
    return true;
}

static int add_term(struct compiling *self, enum term_kind kind, uint32_t atom)
{
    if (self->terms.n >= EXPRESSION_TERMS_MAX)
        return refuse(self, "too many terms");
    *vec_push(&self->terms) = (struct term){kind, atom};
    return 0;
}

static int refuse_name(struct compiling *self, struct slice word)
{
    char why[160];
    bool dash = word.n && memchr(word.at, '-', word.n);
    int n = word.n > 60 ? 60 : (int)word.n;
    if (slice_equal(word, "finished") || slice_equal(word, "finish"))
        return refuse(self, "\"finished\" is no output (use \"succeeded or failed\")");
    snprintf(why, sizeof why, dash ? "\"%.*s\" (write `_` for each `-`)" : "\"%.*s\" is no output",
             n, word.at);
    return refuse(self, why);
}

static int parse_or(struct compiling *self);

static int parse_atom(struct compiling *self)
{
    struct slice word = peek(self);
    if (!word.n && *self->next == '(') {
        if (++self->depth > EXPRESSION_DEPTH_MAX)
            return refuse(self, "brackets nested too deep");
        self->next++;
        int result = parse_or(self);
        if (result == 0 && (peek(self).n || *self->next != ')'))
            return refuse(self, "a missing closing bracket");
        self->next++;
        self->depth--;
        return result;
    }
    if (!word.n || slice_equal(word, "and") || slice_equal(word, "or"))
        return refuse(self, "an output is missing");
    for (uint32_t i = 0; i < self->n_outputs; i++)
        if (is_output(self->outputs[i].name, word)) {
            self->next += word.n;
            return add_term(self, TERM_ATOM, i);
        }
    return refuse_name(self, word);
}

static int parse_and(struct compiling *self)
{
    int result = parse_atom(self);
    while (result == 0 && take_word(self, "and")) {
        result = parse_atom(self);
        if (result == 0)
            result = add_term(self, TERM_AND, 0);
    }
    return result;
}

static int parse_or(struct compiling *self)
{
    int result = parse_and(self);
    while (result == 0 && take_word(self, "or")) {
        result = parse_and(self);
        if (result == 0)
            result = add_term(self, TERM_OR, 0);
    }
    return result;
}

int expression_compile(struct arena *arena, const char *text, const struct output_def *outputs,
                       uint32_t n_outputs, struct completion *ret_completion, struct error *error)
{
    struct compiling self = {
        .text = text, .next = text, .outputs = outputs, .n_outputs = n_outputs, .error = error};
    int result = parse_or(&self);
    if (result == 0 && (peek(&self).n || *self.next))
        result = refuse(&self, "something that is neither an output nor `and` nor `or`");
    if (result == 0) {
        struct term *terms = arena_new_array(arena, self.terms.n, sizeof *terms);
        if (self.terms.n)
            memcpy(terms, self.terms.at, self.terms.n * sizeof *terms);
        *ret_completion =
            (struct completion){terms, (uint32_t)self.terms.n, arena_text(arena, slice_of(text))};
    }
    vec_release(&self.terms);
    return result;
}

bool expression_holds(const struct completion *completion, uint64_t outputs)
{
    VEC(bool) stack = {0};
    for (uint32_t i = 0; i < completion->n_terms; i++) {
        const struct term *term = &completion->terms[i];
        if (term->kind == TERM_ATOM) {
            *vec_push(&stack) = outputs >> term->atom & 1;
            continue;
        }
        INVARIANT(stack.n >= 2);
        bool right = *vec_last(&stack);
        stack.n--;
        bool left = *vec_last(&stack);
        *vec_last(&stack) = term->kind == TERM_AND ? left && right : left || right;
    }
    INVARIANT(stack.n == 1);
    bool holds = stack.at[0];
    vec_release(&stack);
    return holds;
}

uint64_t expression_outputs(const struct completion *completion)
{
    uint64_t outputs = 0;
    for (uint32_t i = 0; i < completion->n_terms; i++)
        if (completion->terms[i].kind == TERM_ATOM)
            outputs |= UINT64_C(1) << completion->terms[i].atom;
    return outputs;
}
