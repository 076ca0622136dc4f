/* How values are written in the database: cycle points, times, sets of flows, outputs. */
#ifndef ROUSE_DB_FORMS_H
#define ROUSE_DB_FORMS_H

#include "base/text.h"
#include "base/vec.h"
#include "coroutines/topics.h"
#include "scheduler/config/workflow.h"

/* A set of flows, one object for equal sets: compare the pointers. */
struct flow_set {
    struct flow_list list;
    char *text; /* "[1, 2]"; "[]" for none */
    bool noted; /* workflow_flows has its flows */
};

enum { FORMS_POINTS = 1024, TIME_TEXT_MAX = 64 };

/* Zero-initialise. */
struct forms {
    VEC(struct flow_set *) flows;
    struct flow_set *last_flows;
    struct form_point {
        cycle_point point;
        char text[POINT_TEXT_MAX];
    } * points; /* a cache, by hash */
    int64_t second;
    char time[TIME_TEXT_MAX];
};

void forms_release(struct forms *forms);
/* Points are written by another workflow from now on. */
void forms_forget_points(struct forms *forms);

struct flow_set *forms_flows(struct forms *forms, const struct flow_list *list);
/* From "[1, 2]"; text that is no such list gives no flows. */
struct flow_set *forms_flows_parse(struct forms *forms, const char *text);
bool flows_meet(const struct flow_list *a, const struct flow_list *b);
/* a without b. */
struct flow_list flows_minus(const struct flow_list *a, const struct flow_list *b);
/* Add a flow number in order. Past the limit it is left out. */
void flows_add(struct flow_list *list, uint32_t flow);

/* Valid until the next call. */
const char *forms_point(struct forms *forms, const struct workflow *workflow, cycle_point point);
/* POINT_NONE if the text is no point. */
cycle_point forms_point_parse(const struct workflow *workflow, const char *text);

/* "2026-01-31T12:00:00Z" of microseconds since 1970; NULL for 0. Valid until the next call. */
const char *forms_time(struct forms *forms, int64_t when);
/* 0 if the text is no such time. */
int64_t forms_time_parse(const char *text);

/* {"submitted": "submitted", "x": "message"}: name and message of each output in the bit set; of
 * those forced "(manually completed)" instead of the message. Appends. */
void forms_outputs(struct text *out, const struct task_def *task, uint64_t outputs,
                   uint64_t forced);
extern const char forms_forced[]; /* "(manually completed)" */
/* Output index of a name, or NO_INDEX. */
uint32_t forms_output_of(const struct task_def *task, const char *name);
/* A JSON string with its quotation marks. Appends. */
void forms_json_string(struct text *out, const char *string);

#endif
