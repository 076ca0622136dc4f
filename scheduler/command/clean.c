/* `clean`: removes run directories of workflows that do not run. */
#include "scheduler/run/clean.h"
#include "base/memory.h"
#include "scheduler/command/clean_remote.h"
#include "scheduler/command/option.h"
#include "scheduler/net/contact.h"
#include "scheduler/run/rundir.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

static int check_stopped(const char *id, struct error *error)
{
    struct contact contact;
    struct error problem = {0};
    char *run_dir = rundir_of(id);
    int code = contact_read(run_dir, &contact, &problem);
    free(run_dir);
    if (code)
        return 0; /* none, or damaged: nobody can be reached by it */
    if (contact_state(&contact) != CONTACT_STALE)
        code = error_set(error, -EBUSY,
                         "cannot clean %s: it is running at %s:%d (process %lld); stop it first",
                         id, contact.host, contact.port, (long long)contact.pid);
    contact_release(&contact);
    return code;
}

/* What is asked of each run. */
struct cleaning {
    struct option_list parts;
    int sure, local_only, remote_only;
};

static int clean_one(const struct invocation *invocation, const char *id,
                     const struct cleaning *asked)
{
    const struct option_list *parts = &asked->parts;
    struct error error = {0};
    int code = check_stopped(id, &error);
    if (asked->remote_only && !code)
        return clean_remote(invocation, id);
    for (size_t i = 0; i < parts->n && !code; i++)
        code = clean_parts(id, parts->at[i], &error);
    if (!parts->n && !code)
        code = clean_run(id, &error);
    if (code)
        return command_fail(invocation, EXIT_FAILED, &error);
    if (!invocation->quiet)
        (void)fprintf(stderr, parts->n ? "cleaned %s\n" : "removed %s\n", id);
    return EXIT_OK;
}

static int clean_named(const struct invocation *invocation, const char *name,
                       const struct cleaning *asked)
{
    struct error error = {0};
    struct resolve_names ids = {0};
    if (clean_find(name, &ids, &error)) {
        /* Nothing there: that is what was wanted. */
        (void)fprintf(stderr, "%s: %s\n", invocation->program, error.text);
        resolve_names_release(&ids);
        return error.code == -ENOENT ? EXIT_OK : EXIT_FAILED;
    }
    int status = EXIT_OK;
    if (ids.n > 1 && !asked->sure) {
        status = command_failf(invocation, EXIT_FAILED,
                               "%s has %zu runs; --yes removes them all:", name, ids.n);
        VEC_EACH (char *, id, &ids)
            (void)fprintf(stderr, "  %s\n", *id);
    } else {
        VEC_EACH (char *, id, &ids) {
            int one = clean_one(invocation, *id, asked);
            status = one ? one : status;
        }
    }
    resolve_names_release(&ids);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    const char *timeout = NULL;
    struct cleaning asked = {0};
    const struct option_def options[] = {
        {.name = "yes",
         .letter = 'y',
         .count = &asked.sure,
         .help = "also if that is several runs"},
        {.name = "rm",
         .argument = "PATH[:PATH...]",
         .list = &asked.parts,
         .help = "remove only this below the run directory; *, ?, [...] and ** are understood"},
        {.name = "local-only",
         .letter = 'l',
         .count = &asked.local_only,
         .help = "only on this host (it is so without this, too)"},
        {.name = "remote-only",
         .letter = 'r',
         .count = &asked.remote_only,
         .help = "only on other hosts, where jobs ran; nothing is removed here"},
        {.name = "timeout", .argument = "SECONDS", .text = &timeout},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status == OPTIONS_GO_ON && first == argc)
        status = options_refuse(self, invocation, "no workflow is named");
    if (status == OPTIONS_GO_ON && asked.local_only && asked.remote_only)
        status =
            options_refuse(self, invocation, "--local-only and --remote-only exclude each other");
    if (status == OPTIONS_GO_ON) {
        status = EXIT_OK;
        for (int i = first; i < argc; i++) {
            int one = clean_named(invocation, argv[i], &asked);
            status = one ? one : status;
        }
    }
    vec_release(&asked.parts);
    return status;
}

const struct command command_clean = {
    .name = "clean",
    .summary = "remove run directories",
    .synopsis = "[OPTIONS] WORKFLOW...",
    .help = "Remove the run directory of a workflow that is not running, or parts of it, on this\n"
            "host. What symbolic links lead to is left alone, but directories of the run that\n"
            "installing put elsewhere (log, share, work and the like) go with it.\n\n"
            "Example:\n"
            "    $ rouse clean flow/run1\n"
            "    $ rouse clean --rm=work --rm='log/job/1*' --rm='**/*.tmp' flow/run2\n",
    .run = run,
};
