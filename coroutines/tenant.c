/* See tenant.h. A tenant that ends by itself before the end of the workflow has crashed, whatever
 * its exit status. */
#include "coroutines/tenant.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { /* microseconds */
       TENANT_BACK_OFF_MIN = 100000,
       TENANT_BACK_OFF_MAX = 60000000,
       TENANT_GRACE = 10000000
};

enum tenant_state { TENANT_STARTING, TENANT_LIVING, TENANT_BACKING_OFF, TENANT_GONE };
static const char *const tenant_states[] = {"starting", "living", "backing off", "gone"};

static uint64_t back_off(const struct tenant *tenant)
{
    uint64_t delay = TENANT_BACK_OFF_MIN;
    for (unsigned i = 1; i < tenant->crashes && delay < TENANT_BACK_OFF_MAX; i++)
        delay *= 2;
    return delay < TENANT_BACK_OFF_MAX ? delay : TENANT_BACK_OFF_MAX;
}

static void spawn(struct tenant *tenant)
{
    const struct env_spawn options = {.argv = tenant->argv,
                                      .err = tenant->err,
                                      .pass_fd = tenant->log_fd,
                                      .out_fd = tenant->terminal_fd};
    memset(&tenant->process, 0, sizeof tenant->process);
    int result = tenant->env->ops->spawn(tenant->env, &tenant->process, &tenant->co, &options);
    if (result < 0) {
        tenant->process.exited = true;
        env_logf(tenant->env, LOG_ERROR_LEVEL, "cannot start the process of %s: %s",
                 member_names[tenant->member], strerror(-result));
    }
}

static void lament(struct tenant *tenant)
{
    char how[32];
    snprintf(how, sizeof how, "%s %d", tenant->process.signal ? "signal" : "exit status",
             tenant->process.signal ? tenant->process.signal : tenant->process.status);
    tenant->env->ops->process_close(tenant->env, &tenant->process);
    tenant->crashes++;
    tenant->lost(tenant->house, tenant->member);
    if (!tenant->returns) {
        tenant->fatal(tenant->house, tenant->member, how);
        return;
    }
    env_logf(tenant->env, LOG_ERROR_LEVEL,
             "the process of %s ended (%s); it is started again in %.1f s",
             member_names[tenant->member], how, (double)back_off(tenant) / 1e6);
    tenant->env->ops->timer_start(tenant->env, &tenant->timer, &tenant->co, back_off(tenant));
}

static bool has_refused(const struct tenant *tenant)
{
    return !tenant->crashes && !tenant->process.signal && tenant->process.status == TENANT_REFUSES;
}

/* While ending: the grace is over, so it is killed. */
static void enforce_grace(struct tenant *tenant)
{
    if (!tenant->timer.fired || tenant->process.exited)
        return;
    tenant->timer.fired = false;
    env_logf(tenant->env, LOG_ERROR_LEVEL, "the process of %s does not end: killed",
             member_names[tenant->member]);
    tenant->env->ops->process_kill(tenant->env, tenant->process.pid, SIGKILL);
}

static enum co_result tenant_step(struct co *co)
{
    struct tenant *tenant = (struct tenant *)co;
    if (tenant->ending && co->state == TENANT_LIVING)
        enforce_grace(tenant);
    CO_BEGIN(co, tenant_state, TENANT_STARTING);
    spawn(tenant);
    CO_AWAIT(co, TENANT_LIVING, tenant->process.exited);
    if (has_refused(tenant)) {
        tenant->env->ops->process_close(tenant->env, &tenant->process);
        tenant->refused(tenant->house, tenant->member);
    } else if (!tenant->ending) {
        lament(tenant);
        CO_AWAIT(co, TENANT_BACKING_OFF, tenant->timer.fired || tenant->ending || !tenant->returns);
        if (!tenant->ending && tenant->returns) {
            co_enter(co, TENANT_STARTING);
            return CO_READY;
        }
    } else {
        tenant->env->ops->process_close(tenant->env, &tenant->process);
        tenant->lost(tenant->house, tenant->member);
    }
    tenant->env->ops->timer_stop(tenant->env, &tenant->timer);
    CO_END(co, TENANT_GONE);
}

static void tenant_done(struct co *co)
{
    struct tenant *tenant = (struct tenant *)co;
    tenant->gone = true;
    tenant->left(tenant->house);
}

static const struct co_type tenant_type = {"tenant", tenant_step, tenant_states, TENANT_GONE + 1,
                                           tenant_done};

void tenant_start(struct tenant *tenant)
{
    co_init(&tenant->co, &tenant_type, &tenant->env->ready);
    co_wake(&tenant->co);
}

void tenant_end(struct tenant *tenant)
{
    if (tenant->ending || tenant->gone)
        return;
    tenant->ending = true;
    if (!tenant->process.exited)
        tenant->env->ops->timer_start(tenant->env, &tenant->timer, &tenant->co, TENANT_GRACE);
    co_wake(&tenant->co);
}

void tenant_release(struct tenant *tenant)
{
    if (!tenant->env || tenant->gone)
        return;
    struct env *env = tenant->env;
    co_cancel(&tenant->co);
    env->ops->timer_stop(env, &tenant->timer);
    if (tenant->process.backend)
        env->ops->process_kill(env, tenant->process.pid, SIGKILL);
    env->ops->process_close(env, &tenant->process);
}
