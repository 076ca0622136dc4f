/* clock-expire: an instance that still waits when its time comes is not worth running any more. The
 * time is a dependence like that of a clock trigger, only that nobody waits for it; the xtriggers
 * watch the clock. The time from which it is late is another: that is only told. */
#include "pool/inside.h"
#include <inttypes.h>
#include <time.h>

#include "base/banned.h"

int64_t time_within_reach(int64_t seconds)
{
    return seconds > TIME_FAR ? TIME_FAR : seconds < -TIME_FAR ? -TIME_FAR : seconds;
}

int64_t time_from_point(const struct pool *pool, const struct instance *instance,
                        const struct interval *interval)
{
    cycle_point time = point_add(pool->workflow->cycling, instance->point, interval, 1);
    if (time == POINT_NONE)
        time = interval_is_negative(interval) ? -TIME_FAR : TIME_FAR;
    return time_within_reach(time);
}

static int64_t expiry_time(const struct pool *pool, const struct instance *instance)
{
    const struct task_def *task = &pool->workflow->tasks[instance->task];
    return time_from_point(pool, instance, &task->expire_offset);
}

bool expiry_applies(const struct pool *pool, const struct instance *instance)
{
    return pool->workflow->tasks[instance->task].expires && instance->status == STATUS_WAITING &&
           !(instance->flags & TASK_MANUAL);
}

bool expiry_is_past(const struct pool *pool, const struct instance *instance)
{
    return expiry_applies(pool, instance) &&
           expiry_time(pool, instance) * INT64_C(1000000) < pool->now;
}

char *expiry_signature(const struct pool *pool, const struct instance *instance)
{
    return str_format("wall_clock(trigger_time=%" PRId64 ")", expiry_time(pool, instance));
}

void instance_expire(struct pool *pool, struct instance *instance)
{
    PRE(instance->status == STATUS_WAITING);
    queue_leave(pool, instance);
    xtriggers_undepend(pool, instance, UNDEPEND_WAITS);
    instance_flag(pool, instance, 0, TASK_QUEUED | TASK_RETRYING | TASK_RUNAHEAD);
    say_event(pool, instance, "warning", slice_of("expired"));
    say_event(pool, instance, "expired", slice_of("Task expired: will not submit job."));
    instance_advance(pool, instance, STATUS_EXPIRED, UINT64_C(1) << OUTPUT_EXPIRED, 0);
}

/* --- late --- */

bool late_applies(const struct pool *pool, const struct instance *instance)
{
    return pool->workflow->tasks[instance->task].runtime.may_be_late &&
           cycling_mode(pool->workflow->cycling) != CYCLING_INTEGER &&
           instance->status == STATUS_WAITING;
}

int64_t late_time(const struct pool *pool, const struct instance *instance)
{
    double offset = pool->workflow->tasks[instance->task].runtime.late_offset;
    return time_within_reach(instance->point + (int64_t)offset);
}

void instance_say_late(struct pool *pool, struct instance *instance)
{
    char text[64] = "late";
    time_t when = (time_t)late_time(pool, instance);
    struct tm tm;
    if (gmtime_r(&when, &tm))
        strftime(text, sizeof text, "late (late-time=%Y-%m-%dT%H:%M:%SZ)", &tm);
    instance->flags |= TASK_LATE;
    say_event(pool, instance, "late", slice_of(text));
}
