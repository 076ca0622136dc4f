/* Rows to be written at the next commit as they were said, in order. Kept flat, so that a burst of
 * events costs no allocation a row. */
#ifndef ROUSE_DB_LATER_H
#define ROUSE_DB_LATER_H

#include "base/text.h"
#include "base/vec.h"
#include "db/statement.h"

enum { LATER_VALUES_MAX = 8 };

struct later_value {
    size_t at, n; /* in texts; at SIZE_MAX: NULL */
};

struct later_row {
    enum statement statement;
    uint32_t n;
    size_t first; /* in values */
};

/* Zero-initialise. */
struct later {
    VEC(struct later_row) rows;
    VEC(struct later_value) values;
    struct text texts;
};

void later_release(struct later *later);
void later_clear(struct later *later);
void later_add(struct later *later, enum statement statement);
/* The next value of the last row; NULL is SQL's NULL. Numbers become what the column holds. */
void later_text(struct later *later, const char *text);
void later_text_n(struct later *later, const char *text, size_t n);
void later_number(struct later *later, int64_t number);
/* Writes the rows from number `first` on, at most n of them. */
int later_write(const struct later *later, size_t first, size_t n, struct statements *statements,
                struct error *error);

#endif
