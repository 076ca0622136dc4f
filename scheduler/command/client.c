/* `client`: any command of the protocol, its arguments as JSON on stdin. It is librouse on the
 * command line. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "base/text.h"
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include "scheduler/net/rouse.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

struct client_call {
    const char *workflow, *method;
    char *args; /* JSON; NULL: none */
    int stream, forever;
};

static char *read_stdin(void)
{
    struct text text = {0};
    char buffer[65536];
    size_t n;
    while ((n = fread(buffer, 1, sizeof buffer, stdin)) > 0 && text.n <= WIRE_REQUEST_MAX)
        text_add_n(&text, buffer, n);
    return text_take(&text);
}

static void print_indented(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    char *indented = json_dumps(value, JSON_INDENT(4) | JSON_ENCODE_ANY);
    (void)puts(indented ? indented : text);
    free(indented);
    json_decref(value);
}

static int talk(struct rouse *rouse, const struct client_call *call, int timeout_ms)
{
    unsigned long long request;
    struct rouse_answer answer;
    int code =
        rouse_send(rouse, call->method, call->args, call->stream ? ROUSE_STREAM : 0, &request);
    while (!code && !(code = rouse_wait(rouse, request, timeout_ms, &answer))) {
        if (call->stream)
            (void)puts(answer.text);
        else
            print_indented(answer.text);
        if (answer.kind == ROUSE_DATA)
            break;
        (void)fflush(stdout);
    }
    return code;
}

static int call_method(const struct invocation *invocation, const struct client_call *call)
{
    struct rouse *rouse = rouse_open(call->workflow, invocation->program);
    int timeout = call->forever ? -1 : (int)invocation->timeout_ms;
    int code = rouse_code(rouse);
    if (!code)
        code = talk(rouse, call, timeout);
    int status = EXIT_OK;
    if (code == -ENOENT && invocation->as_cylc) {
        struct error error = {.code = code};
        status = ask_fail(invocation, call->workflow, &error);
    } else if (code) {
        status = command_failf(invocation, EXIT_FAILED, "%s", rouse_message(rouse));
    }
    rouse_close(rouse);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, no_input = 0;
    struct client_call call = {0};
    const struct option_def options[] = {
        {.name = "no-input",
         .letter = 'n',
         .count = &no_input,
         .help = "the method takes no arguments: do not read stdin"},
        {.name = "stream",
         .count = &call.stream,
         .help = "print the answer in chunks as they come, one a line, then its end"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first != 2)
        return options_refuse(self, invocation, "a workflow and a method must be named");
    call.workflow = argv[first];
    call.method = argv[first + 1];
    call.args = no_input ? NULL : read_stdin();
    status = call_method(invocation, &call);
    free(call.args);
    return status;
}

const struct command command_client = {
    .name = "client",
    .summary = "send any command to a running workflow, arguments as JSON",
    .synopsis = "[OPTIONS] WORKFLOW METHOD",
    .help = "Send a command of the protocol with the JSON object on stdin as its arguments, and\n"
            "print the answer as JSON.\n\n"
            "Example:\n"
            "    $ rouse client -n flow ping\n"
            "    $ echo '{\"ids\": [\"1/a\"]}' | rouse client flow show\n",
    .run = run,
};

/* --- subscribe: the same, for one method, until the workflow ends --- */

static int run_subscribe(const struct command *self, struct invocation *invocation, int argc,
                         char **argv)
{
    int first;
    int status = options_parse(self, invocation, NULL, 0, argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first != 1)
        return options_refuse(self, invocation, "one workflow must be named");
    const struct client_call call = {
        .workflow = argv[first], .method = "subscribe", .stream = 1, .forever = 1};
    return call_method(invocation, &call);
}

const struct command command_subscribe = {
    .name = "subscribe",
    .summary = "print the tasks of a running workflow, then every change, as JSON",
    .synopsis = "[OPTIONS] WORKFLOW",
    .help =
        "Print a JSON object a line: {\"snapshot\": [TASK, ...]} until all tasks are told,\n"
        "{\"sentinel\": WORKFLOW}, then {\"deltas\": [CHANGE, ...]} whenever something changes,\n"
        "and {\"end\": ...} when the workflow shuts down. A CHANGE is {\"task\": TASK},\n"
        "{\"removed\": ID} or {\"workflow\": STATE}. Who is too slow is told and cut off.\n\n"
        "Example:\n"
        "    $ rouse subscribe flow\n",
    .run = run_subscribe,
};
