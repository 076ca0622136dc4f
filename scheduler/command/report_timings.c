/* `report-timings`: how long the jobs of a run waited and ran, from its database. */
#include "base/memory.h"
#include "base/vec.h"
#include "db/reader.h"
#include "scheduler/command/option.h"
#include "scheduler/command/timings_page.h"
#include "scheduler/run/resolve.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { COLUMNS = 7, FIGURES = 3 };

struct timing { /* of one job */
    char *column[COLUMNS];
    double seconds[FIGURES]; /* queued, run, both */
};

struct timings {
    VEC(struct timing) jobs;
    FILE *out;
};

static const char *const headings[COLUMNS] = {
    "name", "cycle_point", "host", "job_runner", "submit_time", "start_time", "succeed_time"};

static void take_job(void *context, const struct reader_job *job)
{
    struct timings *self = context;
    const char *const columns[COLUMNS] = {job->name,      job->cycle,   job->platform, job->runner,
                                          job->submitted, job->started, job->finished};
    struct timing *timing = vec_push(&self->jobs);
    for (size_t i = 0; i < COLUMNS; i++)
        timing->column[i] = str_copy(columns[i]);
    timing->seconds[0] = (double)job->submit_seconds;
    timing->seconds[1] = (double)job->run_seconds;
    timing->seconds[2] = timing->seconds[0] + timing->seconds[1];
}

/* Columns as wide as their widest item. */
static void print_raw(const struct timings *self)
{
    size_t width[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        width[i] = strlen(headings[i]);
    VEC_EACH (const struct timing, job, &self->jobs)
        for (size_t i = 0; i < COLUMNS; i++)
            if (strlen(job->column[i]) > width[i])
                width[i] = strlen(job->column[i]);
    for (size_t i = 0; i < COLUMNS; i++)
        (void)fprintf(self->out, "%-*s%s", (int)width[i], headings[i],
                      i + 1 < COLUMNS ? " " : "\n");
    VEC_EACH (const struct timing, job, &self->jobs)
        for (size_t i = 0; i < COLUMNS; i++)
            (void)fprintf(self->out, "%-*s%s", (int)width[i], job->column[i],
                          i + 1 < COLUMNS ? " " : "\n");
}

/* --- the summary --- */

typedef VEC(struct task_timings) task_list;

static int compare_numbers(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double *sorted_figure(const struct timings *self, size_t from, size_t to, size_t figure)
{
    double *values = NEW_ARRAY(double, to - from);
    for (size_t i = from; i < to; i++)
        values[i - from] = self->jobs.at[i].seconds[figure];
    qsort(values, to - from, sizeof *values, compare_numbers);
    return values;
}

/* The jobs come ordered by name. */
static void group_by_task(const struct timings *self, task_list *ret_tasks)
{
    for (size_t from = 0, to; from < self->jobs.n; from = to) {
        const char *name = self->jobs.at[from].column[0];
        for (to = from + 1; to < self->jobs.n && !strcmp(self->jobs.at[to].column[0], name);)
            to++;
        *vec_push(ret_tasks) = (struct task_timings){.name = name,
                                                     .n = to - from,
                                                     .queued = sorted_figure(self, from, to, 0),
                                                     .run = sorted_figure(self, from, to, 1),
                                                     .total = sorted_figure(self, from, to, 2)};
    }
}

static void release_tasks(task_list *tasks)
{
    VEC_EACH (struct task_timings, task, tasks) {
        free((double *)(uintptr_t)task->queued);
        free((double *)(uintptr_t)task->run);
        free((double *)(uintptr_t)task->total);
    }
    vec_release(tasks);
}

/* Least, quartiles, greatest and mean. */
static void print_figures(FILE *out, const char *name, const double *sorted, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += sorted[i];
    (void)fprintf(out, "    %-7s %8.0f %8.0f %8.0f %8.0f %8.0f %10.1f\n", name,
                  timings_quantile(sorted, n, 0), timings_quantile(sorted, n, 0.25),
                  timings_quantile(sorted, n, 0.5), timings_quantile(sorted, n, 0.75),
                  timings_quantile(sorted, n, 1), sum / (double)n);
}

static void print_summary(const struct timings *self)
{
    task_list tasks = {0};
    group_by_task(self, &tasks);
    (void)fprintf(self->out,
                  "seconds            least      25%%   median      75%%  longest       mean\n");
    VEC_EACH (const struct task_timings, task, &tasks) {
        (void)fprintf(self->out, "%s (%zu job%s)\n", task->name, task->n, task->n == 1 ? "" : "s");
        print_figures(self->out, "queued", task->queued, task->n);
        print_figures(self->out, "run", task->run, task->n);
        print_figures(self->out, "total", task->total, task->n);
    }
    release_tasks(&tasks);
}

static void print_page(const struct timings *self, const char *workflow)
{
    task_list tasks = {0};
    struct text page = {0};
    group_by_task(self, &tasks);
    timings_page(workflow, tasks.at, tasks.n, &page);
    (void)fwrite(page.at, 1, page.n, self->out);
    text_release(&page);
    release_tasks(&tasks);
}

enum form { FORM_SUMMARY, FORM_RAW, FORM_PAGE };

static int report(const struct invocation *invocation, const struct workflow_place *place,
                  const char *output, enum form form)
{
    struct timings self = {.out = stdout};
    struct error error = {0};
    char *database = str_format("%s/log/db", place->run_dir);
    struct reader *reader = reader_open(database, &error);
    int code = reader ? reader_jobs(reader, take_job, &self, &error) : error.code;
    if (!code && !self.jobs.n)
        code = error_set(&error, -ENOENT, "%s: no job has succeeded yet", place->id);
    if (!code && output && !(self.out = fopen(output, "we")))
        code = error_set(&error, -errno, "cannot write %s: %s", output, strerror(errno));
    if (!code && form == FORM_RAW)
        print_raw(&self);
    else if (!code && form == FORM_PAGE)
        print_page(&self, place->id);
    else if (!code)
        print_summary(&self);
    if (!code && output && fclose(self.out))
        code = error_set(&error, -errno, "cannot write %s: %s", output, strerror(errno));
    reader_close(reader);
    VEC_EACH (struct timing, job, &self.jobs)
        for (size_t i = 0; i < COLUMNS; i++)
            free(job->column[i]);
    vec_release(&self.jobs);
    free(database);
    return code ? command_fail(invocation, EXIT_FAILED, &error) : EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, raw = 0, summary = 0, web = 0;
    const char *output = NULL;
    const struct option_def options[] = {
        {.name = "raw",
         .letter = 'r',
         .count = &raw,
         .help = "a line for each job, with its times"},
        {.name = "summary",
         .letter = 's',
         .count = &summary,
         .help = "figures for each task (default)"},
        {.name = "web-summary",
         .letter = 'w',
         .count = &web,
         .help = "a page for a browser: figures and drawings for each task"},
        {.name = "output-file",
         .letter = 'O',
         .argument = "FILE",
         .text = &output,
         .help = "write to this file"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if ((raw > 0) + (summary > 0) + (web > 0) > 1)
        return options_refuse(self, invocation,
                              "--raw, --summary and --web-summary exclude each other");
    if (argc - first != 1)
        return options_refuse(self, invocation, "one workflow must be named");
    struct workflow_place place;
    struct error error = {0};
    if (resolve_workflow(argv[first], &place, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    status = report(invocation, &place, output, raw ? FORM_RAW : web ? FORM_PAGE : FORM_SUMMARY);
    workflow_place_release(&place);
    return status;
}

const struct command command_report_timings = {
    .name = "report-timings",
    .summary = "tell how long jobs waited and ran",
    .synopsis = "[OPTIONS] WORKFLOW",
    .help = "Print, from the run database, how long the jobs that succeeded were queued (from\n"
            "submission to start) and how long they ran.\n\n"
            "Example:\n"
            "    $ rouse report-timings flow\n"
            "    $ rouse report-timings --raw -O timings.txt flow\n"
            "    $ rouse report-timings --web-summary -O timings.html flow\n",
    .run = run,
};
