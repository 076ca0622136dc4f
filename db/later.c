/* Rows kept for the next commit. */
#include "db/later.h"
#include "base/check.h"
#include <inttypes.h>
#include <stdio.h>

#include "base/banned.h"

void later_release(struct later *later)
{
    vec_release(&later->rows);
    vec_release(&later->values);
    text_release(&later->texts);
}

void later_clear(struct later *later)
{
    vec_clear(&later->rows);
    vec_clear(&later->values);
    text_clear(&later->texts);
}

void later_add(struct later *later, enum statement statement)
{
    struct later_row *row = vec_push(&later->rows);
    row->statement = statement;
    row->first = later->values.n;
}

void later_text_n(struct later *later, const char *text, size_t n)
{
    struct later_row *row = vec_last(&later->rows);
    PRE(row->n < LATER_VALUES_MAX);
    row->n++;
    *vec_push(&later->values) = (struct later_value){later->texts.n, n};
    text_add_n(&later->texts, text, n);
}

void later_text(struct later *later, const char *text)
{
    later_text_n(later, text ? text : "", text ? strlen(text) : 0);
    if (!text)
        vec_last(&later->values)->at = SIZE_MAX;
}

void later_number(struct later *later, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    later_text(later, text);
}

int later_write(const struct later *later, size_t first, size_t n, struct statements *statements,
                struct error *error)
{
    const char *texts = text_string(&later->texts);
    for (size_t end = first + n; first < end; first++) {
        const struct later_row *row = &later->rows.at[first];
        struct run run = run_begin(statements, row->statement, error);
        for (uint32_t i = 0; i < row->n; i++) {
            const struct later_value *value = &later->values.at[row->first + i];
            if (value->at == SIZE_MAX)
                run_null(&run);
            else
                run_text_n(&run, texts + value->at, value->n);
        }
        int result = run_do(&run, error);
        if (result < 0)
            return result;
    }
    return 0;
}
