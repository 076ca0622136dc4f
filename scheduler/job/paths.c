#include "scheduler/job/paths.h"
#include "base/check.h"
#include "base/memory.h"

#include "base/banned.h"

char *job_path(const char *run_dir, const char *point, const char *task, uint32_t submit,
               const char *name)
{
    PRE(submit > 0);
    return str_format("%s/log/job/%s/%s/%02u%s%s", run_dir, point, task, submit, name ? "/" : "",
                      name ? name : "");
}

char *job_link_path(const char *run_dir, const char *point, const char *task)
{
    return str_format("%s/log/job/%s/%s/NN", run_dir, point, task);
}

char *job_link_target(uint32_t submit)
{
    return str_format("%02u", submit);
}

char *job_work_path(const char *run_dir, const char *point, const char *task)
{
    return str_format("%s/work/%s/%s", run_dir, point, task);
}
