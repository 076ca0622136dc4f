/* The table of job runners. A further one is a further row. The jobs of those here run on this
 * host: once a job has said that it runs, it is followed and killed as a process. */
#include "scheduler/job/runner.h"
#include "base/memory.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/banned.h"

static const struct job_runner runners[] = {
    {.name = "background", .is_job = true, .submit = {"%(job)s"}},
    /* `at` hands its input to sh. What the job says before it has claimed its files goes where it
     * goes with other runners. A session of its own, so that it can be killed whole. */
    {.name = "at",
     .submit =
         {"/bin/bash", "-c",
          ("log=${0%/*}/job-activity.log; printf "
           "'setsid --wait %q </dev/null >/dev/null 2>>%q; echo ended with status $? >>%q\\n' "
           "\"$0\" \"$log\" \"$log\" | eval \"$1\""),
          "%(job)s", "%(command)s"},
     .command = "at now",
     .before_id = "job ",
     .before_end = "ended with status ",
     .list = {"atq"},
     .cancel = {"atrm", "%(id)s"}},
};

const struct job_runner *job_runner_find(const char *name)
{
    for (size_t i = 0; i < sizeof runners / sizeof runners[0]; i++)
        if (strcmp(runners[i].name, name) == 0)
            return &runners[i];
    return NULL;
}

static bool is_here(const struct platform *platform, const char *here)
{
    for (uint32_t i = 0; i < platform->hosts.n; i++) {
        const char *host = platform->hosts.at[i];
        if (strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
            strcmp(host, here) == 0)
            return true;
    }
    return false;
}

const struct job_runner *job_runner_of_platform(struct platforms *platforms, const char *name,
                                                const char *host, uint32_t random,
                                                const struct platform **ret_platform,
                                                struct error *error)
{
    const struct platform *platform = platforms_choose(platforms, name, random, NULL, NULL, error);
    if (!platform)
        return NULL;
    if (!is_here(platform, host)) {
        error_set(error, -ENOTSUP, "platform \"%s\": jobs on other hosts (%s) are not implemented",
                  name, platform->hosts.at[0]);
        return NULL;
    }
    const struct job_runner *runner = job_runner_find(platform->job_runner);
    if (runner)
        *ret_platform = platform;
    else
        error_set(error, -ENOTSUP, "platform \"%s\": job runner '%s' is not implemented", name,
                  platform->job_runner);
    return runner;
}

void job_runner_fill(const char *const *words, const struct job_words *values,
                     char *ret_words[JOB_WORDS_MAX])
{
    size_t i = 0;
    for (; words[i]; i++) {
        const char *word = words[i];
        if (strcmp(word, "%(job)s") == 0)
            word = values->job_file;
        else if (strcmp(word, "%(id)s") == 0)
            word = values->id;
        else if (strcmp(word, "%(command)s") == 0)
            word = values->command;
        ret_words[i] = str_copy(word);
    }
    ret_words[i] = NULL;
}

static struct slice first_word(struct slice text)
{
    size_t n = 0;
    while (n < text.n && !strchr(" \t\r\n", text.at[n]))
        n++;
    return (struct slice){text.at, n};
}

static struct slice next_line(struct slice *rest)
{
    const char *end = memchr(rest->at, '\n', rest->n);
    size_t n = end ? (size_t)(end - rest->at) : rest->n;
    struct slice line = {rest->at, n};
    rest->at += end ? n + 1 : n;
    rest->n -= end ? n + 1 : n;
    return line;
}

struct slice job_runner_id(const struct job_runner *runner, struct slice printed)
{
    size_t n = strlen(runner->before_id);
    while (printed.n) {
        struct slice line = next_line(&printed);
        if (line.n > n && memcmp(line.at, runner->before_id, n) == 0)
            return first_word((struct slice){line.at + n, line.n - n});
    }
    return (struct slice){0};
}

bool job_runner_lists(struct slice printed, const char *id)
{
    while (printed.n)
        if (slice_equal(first_word(slice_trim(next_line(&printed))), id))
            return true;
    return false;
}
