/* Which outputs of a task the graph makes required or optional.
 *
 * Cylc's rules: an output named without `?` is required, with `?` optional, and every place must
 * agree. What is said through a family is a default, which a member's own mention overrules; the
 * defaults must agree with each other. Of opposite outputs (succeeded and failed, submitted and
 * submit-failed) both must be optional if both are used. submit-failed and expired can only be
 * optional; :finish makes success and failure optional. A task of which neither success nor failure
 * is mentioned must succeed.
 *
 * Bit sets by output index: what a task's own mentions say is checked as it is read, what families
 * say in needs_settle, when nothing can overrule it any more. */
#include "base/check.h"
#include "scheduler/graph/builder.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

const char *const standard_output_names[OUTPUT_CUSTOM] = {
    [OUTPUT_EXPIRED] = "expired",
    [OUTPUT_SUBMITTED] = "submitted",
    [OUTPUT_SUBMIT_FAILED] = "submit-failed",
    [OUTPUT_STARTED] = "started",
    [OUTPUT_SUCCEEDED] = "succeeded",
    [OUTPUT_FAILED] = "failed",
};

#define BIT(output) (UINT64_C(1) << (output))
#define FINISHED (BIT(OUTPUT_SUCCEEDED) | BIT(OUTPUT_FAILED))

const struct family_qualifier family_qualifiers[FAMILY_QUALIFIERS] = {
    {"start-all", BIT(OUTPUT_STARTED), true, false},
    {"start-any", BIT(OUTPUT_STARTED), false, false},
    {"succeed-all", BIT(OUTPUT_SUCCEEDED), true, false},
    {"succeed-any", BIT(OUTPUT_SUCCEEDED), false, false},
    {"fail-all", BIT(OUTPUT_FAILED), true, false},
    {"fail-any", BIT(OUTPUT_FAILED), false, false},
    {"finish-all", FINISHED, true, true},
    {"finish-any", FINISHED, false, true},
    {"submit-all", BIT(OUTPUT_SUBMITTED), true, false},
    {"submit-any", BIT(OUTPUT_SUBMITTED), false, false},
    {"submit-fail-all", BIT(OUTPUT_SUBMIT_FAILED), true, false},
    {"submit-fail-any", BIT(OUTPUT_SUBMIT_FAILED), false, false},
    {"expire-all", BIT(OUTPUT_EXPIRED), true, false},
    {"expire-any", BIT(OUTPUT_EXPIRED), false, false},
};

static const uint32_t opposites[][2] = {{OUTPUT_SUCCEEDED, OUTPUT_FAILED},
                                        {OUTPUT_SUBMITTED, OUTPUT_SUBMIT_FAILED}};

uint32_t family_qualifier_find(struct slice name)
{
    for (uint32_t i = 0; i < FAMILY_QUALIFIERS; i++)
        if (slice_equal(name, family_qualifiers[i].name))
            return i;
    return NO_INDEX;
}

uint32_t standard_output_find(struct slice name)
{
    static const char *const short_names[OUTPUT_CUSTOM] = {
        [OUTPUT_EXPIRED] = "expire",
        [OUTPUT_SUBMITTED] = "submit",
        [OUTPUT_SUBMIT_FAILED] = "submit-fail",
        [OUTPUT_STARTED] = "start",
        [OUTPUT_SUCCEEDED] = "succeed",
        [OUTPUT_FAILED] = "fail",
    };
    for (uint32_t i = 0; i < OUTPUT_CUSTOM; i++)
        if (slice_equal(name, short_names[i]) || slice_equal(name, standard_output_names[i]))
            return i;
    return slice_equal(name, "finish") || slice_equal(name, "finished") ? OUTPUT_FINISHED
                                                                        : NO_INDEX;
}

/* --- a task's own mentions --- */

static bool ends_like_a_family_qualifier(struct slice output)
{
    return output.n > 4 && (memcmp(output.at + output.n - 4, "-all", 4) == 0 ||
                            memcmp(output.at + output.n - 4, "-any", 4) == 0);
}

int needs_output(struct graph_builder *builder, const struct graph_node *node,
                 const struct built_name *name, uint32_t *ret_output, struct error *error)
{
    PRE(!name->family);
    if (!node->output.at) {
        *ret_output = OUTPUT_SUCCEEDED;
        return 0;
    }
    uint32_t output = standard_output_find(node->output);
    char text[GRAPH_NAME_MAX + 1];
    if (node->output.n > GRAPH_NAME_MAX)
        return graph_statement_error(builder->statement, node, error,
                                     "an output name of %zu bytes is too long: at most %d",
                                     node->output.n, (int)GRAPH_NAME_MAX);
    memcpy(text, node->output.at, node->output.n);
    text[node->output.n] = '\0';
    if (output == NO_INDEX && ends_like_a_family_qualifier(node->output))
        return graph_statement_error(builder->statement, node, error,
                                     "family trigger '%s:%s', but '%s' is not a family", name->name,
                                     text, name->name);
    if (output == NO_INDEX && builder->names.output)
        output = builder->names.output(builder->names.context, name->task, text);
    if (output == NO_INDEX)
        return graph_statement_error(
            builder->statement, node, error,
            "task '%s' has no output '%s': define it in [runtime][%s][outputs]", name->name, text,
            name->name);
    if (output != OUTPUT_FINISHED && output >= OUTPUTS_MAX)
        return graph_statement_error(builder->statement, node, error,
                                     "task '%s' has more than %d outputs (OUTPUTS_MAX)", name->name,
                                     (int)OUTPUTS_MAX);
    *ret_output = output;
    return 0;
}

static const char *output_name(uint32_t output, const struct graph_node *node, size_t *ret_n)
{
    const char *name = output < OUTPUT_CUSTOM ? standard_output_names[output] : node->output.at;
    *ret_n = output < OUTPUT_CUSTOM ? strlen(name) : node->output.n;
    return name;
}

static int check_opposite(struct graph_builder *builder, const struct graph_node *node,
                          const struct built_task *task, uint32_t output, struct error *error)
{
    uint64_t both = task->required | task->optional;
    for (size_t i = 0; i < sizeof opposites / sizeof *opposites; i++) {
        uint32_t a = opposites[i][0], b = opposites[i][1];
        if ((output != a && output != b) || !(both & BIT(a)) || !(both & BIT(b)))
            continue;
        if (task->required & (BIT(a) | BIT(b)))
            return graph_statement_error(
                builder->statement, node, error,
                "opposite outputs %s:%s and %s:%s are both used: both must be optional (with ?)",
                task->name, standard_output_names[a], task->name, standard_output_names[b]);
    }
    return 0;
}

static int note_output(struct graph_builder *builder, const struct graph_node *node,
                       const struct built_name *name, uint32_t output, bool optional,
                       struct error *error)
{
    struct built_task *task = &builder->tasks.at[name->task];
    uint64_t bit = BIT(output);
    size_t n;
    const char *text = output_name(output, node, &n);
    if (!optional && (output == OUTPUT_SUBMIT_FAILED || output == OUTPUT_EXPIRED))
        return graph_statement_error(builder->statement, node, error,
                                     "%s:%.*s must be optional: write %s:%.*s?", task->name, (int)n,
                                     text, task->name, (int)n, text);
    if ((optional ? task->required : task->optional) & bit)
        return graph_statement_error(
            builder->statement, node, error,
            "output %s:%.*s cannot be both required and optional: write it with ? everywhere or "
            "nowhere",
            task->name, (int)n, text);
    if (optional)
        task->optional |= bit;
    else
        task->required |= bit;
    return check_opposite(builder, node, task, output, error);
}

static int note_task(struct graph_builder *builder, const struct graph_node *node,
                     const struct built_name *name, struct error *error)
{
    uint32_t output = 0;
    int code = needs_output(builder, node, name, &output, error);
    if (code < 0)
        return code;
    if (output != OUTPUT_FINISHED)
        return note_output(builder, node, name, output, node->optional, error);
    if (node->optional)
        return graph_statement_error(builder->statement, node, error,
                                     "%s:finish cannot be optional: it stands for succeeded or "
                                     "failed, which it makes optional; write it without ?",
                                     name->name);
    code = note_output(builder, node, name, OUTPUT_SUCCEEDED, true, error);
    return code < 0 ? code : note_output(builder, node, name, OUTPUT_FAILED, true, error);
}

/* --- through a family --- */

static int note_family(struct graph_builder *builder, const struct graph_node *node,
                       struct built_name *name, struct error *error)
{
    struct slice output = node->output.at ? node->output : slice_of("succeed-all");
    uint32_t index = family_qualifier_find(output);
    if (index == NO_INDEX)
        return graph_statement_error(
            builder->statement, node, error,
            "illegal family trigger '%s:%.*s': expected one such as %s:succeed-all or %s:fail-any",
            name->name, (int)output.n, output.at, name->name, name->name);
    const struct family_qualifier *qualifier = &family_qualifiers[index];
    if (qualifier->finish && node->optional)
        return graph_statement_error(builder->statement, node, error,
                                     "%s:%s cannot be optional: write it without ?", name->name,
                                     qualifier->name);
    bool optional = node->optional || qualifier->finish;
    uint64_t never_required = BIT(OUTPUT_SUBMIT_FAILED) | BIT(OUTPUT_EXPIRED);
    if (!optional && (qualifier->outputs & never_required))
        return graph_statement_error(builder->statement, node, error,
                                     "%s:%s must be optional: write %s:%s?", name->name,
                                     qualifier->name, name->name, qualifier->name);
    if (name->needs_done[optional] & BIT(index))
        return 0;
    name->needs_done[optional] |= BIT(index);
    for (uint32_t i = 0; i < name->n_members; i++) {
        struct built_task *task = &builder->tasks.at[name->members[i]];
        if (optional)
            task->family_optional |= qualifier->outputs;
        else
            task->family_required |= qualifier->outputs;
    }
    return 0;
}

int needs_note(struct graph_builder *builder, const struct graph_node *node,
               struct built_name *name, struct error *error)
{
    return name->family ? note_family(builder, node, name, error)
                        : note_task(builder, node, name, error);
}

/* --- the outcome --- */

int needs_settle(const struct graph_builder *builder, uint32_t task_index, enum output_need *needs,
                 uint32_t n, struct error *error)
{
    static const struct built_task unused;
    const struct built_task *task =
        task_index < builder->tasks.n ? &builder->tasks.at[task_index] : &unused;
    char buffer[GRAPH_NAME_MAX + 1];
    const char *name = builder_task_name(builder, task_index, buffer);
    uint64_t own = task->required | task->optional;
    uint64_t required = task->required | (task->family_required & ~own);
    uint64_t optional = task->optional | (task->family_optional & ~own);
    for (uint32_t i = 0; i < OUTPUT_CUSTOM; i++) {
        if (required & optional & BIT(i)) {
            error_set(
                error, -EINVAL,
                "output %s:%s cannot be both required and optional by default (through family "
                "triggers): mark the family triggers alike, or name the task itself",
                name, standard_output_names[i]);
            return builder_where(builder, task_index, error);
        }
    }
    for (size_t i = 0; i < sizeof opposites / sizeof *opposites; i++) {
        uint64_t a = BIT(opposites[i][0]), b = BIT(opposites[i][1]);
        if (((required | optional) & a) && ((required | optional) & b) && (required & (a | b))) {
            error_set(error, -EINVAL,
                      "opposite outputs %s:%s and %s:%s are both used (through family triggers): "
                      "both must be optional (with ?)",
                      name, standard_output_names[opposites[i][0]], name,
                      standard_output_names[opposites[i][1]]);
            return builder_where(builder, task_index, error);
        }
    }
    if (!((required | optional) & FINISHED))
        required |= BIT(OUTPUT_SUCCEEDED);
    for (uint32_t i = 0; i < n; i++)
        needs[i] = required & BIT(i)   ? NEED_REQUIRED
                   : optional & BIT(i) ? NEED_OPTIONAL
                                       : NEED_UNSET;
    return 0;
}
