/* What every job file ends with. Bash builtins only: the only processes started are the user's
 * scripts (in one subshell, so that their traps, exits and execs are their own; waited for, so that
 * a signal is handled at once) and mkdir, where the work directory is missing.
 *
 * The status file is the claim: it is created exclusively, and whoever comes second ends without a
 * word. Only the winner opens job.out and job.err, so that the loser does not truncate them.
 *
 * CYLC_JOB_EXIT is written before the exit or error script runs, CYLC_JOB_EXIT_TIME after it. */
#include "scheduler/job/jobfile.h"

#include "base/banned.h"

const char *const job_shell[] = {
    "\n"
    "CYLC_FAIL_SIGNALS='EXIT ERR TERM XCPU INT HUP'\n"
    "CYLC_VACATION_SIGNALS=''\n",

    "\n"
    "cylc__job__now() {\n"
    "    TZ=UTC0 printf -v cylc__job__time '%(%FT%TZ)T' -1\n"
    "}\n",

    "\n"
    "cylc__job__has() {\n"
    "    declare -F \"cylc__job__inst__$1\" >/dev/null\n"
    "}\n",

    "\n"
    "cylc__job__run() {\n"
    "    if cylc__job__has \"$1\"; then\n"
    "        \"cylc__job__inst__$1\" \"${@:2}\"\n"
    "    fi\n"
    "}\n",

    "\n"
    "cylc__job__say() {\n"
    "    cylc__job__now\n"
    "    printf '%s %s - %s\\n' \"$cylc__job__time\" \"$1\" \"$2\"\n"
    "}\n",

    "\n"
    "cylc__job__note() {\n"
    "    printf '%s\\n' \"$@\" >>\"${CYLC_TASK_LOG_ROOT}.status\"\n"
    "}\n",

    "\n"
    "cylc__job__claim() {\n"
    "    cylc__job__now\n"
    "    set -o noclobber\n"
    "    printf '%s\\n' \"CYLC_JOB_RUNNER_NAME=${cylc__job__runner}\" \"CYLC_JOB_ID=$$\" \\\n"
    "        \"CYLC_JOB_RUNNER_SUBMIT_TIME=${cylc__job__time}\" \"CYLC_JOB_PID=$$\" \\\n"
    "        \"CYLC_JOB_INIT_TIME=${cylc__job__time}\" \\\n"
    "        2>/dev/null >\"${CYLC_TASK_LOG_ROOT}.status\" || { trap - EXIT; exit 0; }\n"
    "    set +o noclobber\n"
    "    cylc__job__claimed=yes\n"
    "}\n",

    "\n"
    "cylc__job__noted() {\n"
    "    local line\n"
    "    while read -r line; do\n"
    "        if [[ $line == $1 ]]; then\n"
    "            return 0\n"
    "        fi\n"
    "    done 2>/dev/null <\"${CYLC_TASK_LOG_ROOT}.status\"\n"
    "    return 1\n"
    "}\n",

    "\n"
    "cylc__job_abort() {\n"
    "    local reason=\"aborted/\\\"${1-}\\\"\"\n"
    "    trap '' TERM XCPU INT HUP\n"
    "    cylc__job__note \"CYLC_JOB_EXIT=${reason//$'\\n'/ }\"\n"
    "    cylc__job__say CRITICAL \"$reason\" >&2\n"
    "    exit 1\n"
    "}\n",

    /* A signal that came while the scripts were being started is lost on them: they look for the
     * exit first of all, and are signalled once it is written. */
    "\n"
    "cylc__job__stop() {\n"
    "    local -a stat=()\n"
    "    read -r -a stat 2>/dev/null </proc/$$/stat || :\n"
    "    if [[ ${stat[4]-} == \"$$\" ]]; then\n"
    "        kill -s TERM -- \"-$$\"\n"
    "    elif [[ -n ${!-} ]]; then\n"
    "        kill -s TERM \"$!\"\n"
    "    fi 2>/dev/null\n"
    "}\n",

    "\n"
    "cylc__job__others() {\n"
    "    local file line\n"
    "    local -a stat\n"
    "    cylc__job__pids=()\n"
    "    for file in /proc/[0-9]*/stat; do\n"
    "        read -r line 2>/dev/null <\"$file\" || continue\n"
    "        stat=(${line##*') '})\n"
    "        file=${file//[!0-9]/}\n"
    "        if [[ ${stat[3]-} == \"$$\" && $file != \"$$\" && ${stat[0]} != Z ]]; then\n"
    "            cylc__job__pids+=(\"$file\")\n"
    "        fi\n"
    "    done\n"
    "    ((${#cylc__job__pids[@]}))\n"
    "}\n",

    /* A process that was between fork and exec has missed the signal, one with a group of its own
     * was not meant: all of the session get it until none is left, and SIGKILL after 10 seconds.
     * None is left when it was looked for twice: one whose parent ended while /proc was read may
     * have come after its place there was passed. */
    "\n"
    "cylc__job__sweep() {\n"
    "    local pause round=0\n"
    "    for pause in 0.01 0.04 0.3 1 1 1 1 1 1 1 1 1; do\n"
    "        cylc__job__others || cylc__job__others || return 0\n"
    "        if ((round++ < 4)); then\n"
    "            kill -s TERM \"${cylc__job__pids[@]}\"\n"
    "        fi\n"
    "        read -r -t \"$pause\" <> <(:)\n"
    "    done\n"
    "    if cylc__job__others; then\n"
    "        kill -s KILL \"${cylc__job__pids[@]}\"\n"
    "    fi\n"
    "} 2>/dev/null\n",

    "\n"
    /* Just forked, the subshell of the scripts still has the traps: a signal then is not for it. */
    "cylc__job__finish() {\n"
    "    if [[ $BASHPID != \"$$\" ]]; then\n"
    "        trap - EXIT\n"
    "        exit 1\n"
    "    fi\n"
    "    local how=$1 status=0\n"
    "    trap - EXIT\n"
    "    trap '' TERM XCPU INT HUP\n"
    "    set +euo pipefail\n"
    "    if [[ -z $cylc__job__claimed ]] && ! cylc__job__noted \"CYLC_JOB_PID=$$\"; then\n"
    "        exit 1\n"
    "    fi\n"
    "    if [[ $how == 0 && -n $cylc__job__complete ]]; then\n"
    "        cylc__job__say INFO succeeded\n"
    "        cylc__job__note CYLC_JOB_EXIT=SUCCEEDED\n"
    "        if cylc__job__has exit_script; then\n"
    "            (cylc__job__run exit_script)\n"
    "        fi\n"
    "    else\n"
    "        status=1\n"
    "        case $how in\n"
    "        0) how=EXIT ;;\n"
    "        [0-9]*) how=ERR ;;\n"
    "        esac\n"
    "        if ! cylc__job__noted 'CYLC_JOB_EXIT=*'; then\n"
    "            cylc__job__note \"CYLC_JOB_EXIT=${how}\"\n"
    "            cylc__job__say CRITICAL \"failed/${how}\" >&2\n"
    "        fi\n"
    "        if [[ $how != E* ]]; then\n"
    "            cylc__job__stop\n"
    "        fi\n"
    "        if cylc__job__has err_script; then\n"
    "            (cylc__job__run err_script \"$how\") >&2\n"
    "        fi\n"
    "    fi\n"
    "    cylc__job__now\n"
    "    cylc__job__note \"CYLC_JOB_EXIT_TIME=${cylc__job__time}\"\n"
    "    if [[ $how != 0 && $how != E* ]]; then\n"
    "        cylc__job__sweep\n"
    "    fi\n"
    "    exit \"$status\"\n"
    "}\n",

    "\n"
    "cylc__job__trap() {\n"
    "    trap 'cylc__job__finish \"$?\"' EXIT\n"
    "    local signal\n"
    "    for signal in TERM XCPU INT HUP; do\n"
    "        trap \"cylc__job__finish ${signal}\" \"$signal\"\n"
    "    done\n"
    "}\n",

    "\n"
    "cylc__job__paths() {\n"
    "    if [[ -n $cylc__job__cylc_path ]]; then\n"
    "        PATH=\"${cylc__job__cylc_path}${PATH:+:${PATH}}\"\n"
    "    fi\n"
    "    if [[ -n $cylc__job__program_dir ]] && ! type -P cylc >/dev/null; then\n"
    "        PATH=\"${PATH:+${PATH}:}${cylc__job__program_dir}\"\n"
    "    fi\n"
    "    "
    "PATH=\"${CYLC_WORKFLOW_RUN_DIR}/share/bin:${CYLC_WORKFLOW_RUN_DIR}/bin${PATH:+:${PATH}}\"\n"
    "    "
    "PYTHONPATH=\"${CYLC_WORKFLOW_RUN_DIR}/share/lib/python:${CYLC_WORKFLOW_RUN_DIR}/lib/"
    "python${PYTHONPATH:+:${PYTHONPATH}}\"\n"
    "    export PATH PYTHONPATH\n"
    "}\n",

    "\n"
    "cylc__job__enter() {\n"
    "    if [[ ! -d $CYLC_TASK_WORK_DIR ]]; then\n"
    "        mkdir -p -- \"$CYLC_TASK_WORK_DIR\"\n"
    "    fi\n"
    "    cd -- \"$CYLC_TASK_WORK_DIR\"\n"
    "}\n",

    "\n"
    "cylc__job__parts=(env_script user_env pre_script script post_script)\n",

    "\n"
    "cylc__job__has_any() {\n"
    "    local name\n"
    "    for name; do\n"
    "        if cylc__job__has \"$name\"; then\n"
    "            return 0\n"
    "        fi\n"
    "    done\n"
    "    return 1\n"
    "}\n",

    "\n"
    "cylc__job__run_parts() {\n"
    "    if cylc__job__noted 'CYLC_JOB_EXIT=*'; then\n"
    "        exit 1\n"
    "    fi\n"
    "    for cylc__job__part in \"${cylc__job__parts[@]}\"; do\n"
    "        cylc__job__run \"$cylc__job__part\"\n"
    "    done\n"
    "}\n",

    /* For scripts that know it from Cylc. Here `started` is sent before any script begins. */
    "\n"
    "cylc__job__wait_cylc_message_started() {\n"
    "    return 0\n"
    "}\n",

    "\n"
    "cylc__job__main() {\n"
    "    cylc__job__claimed= cylc__job__complete=\n"
    "    cylc__job__inst__cylc_env\n"
    "    cylc__job__trap\n"
    "    cylc__job__claim\n"
    "    exec >\"${CYLC_TASK_LOG_ROOT}.out\" 2>\"${CYLC_TASK_LOG_ROOT}.err\"\n"
    "    printf '%s\\n' \"Workflow : ${CYLC_WORKFLOW_ID}\" \\\n"
    "        \"Job : ${CYLC_TASK_JOB} (try ${CYLC_TASK_TRY_NUMBER})\" \\\n"
    "        \"User@Host: ${USER:-${LOGNAME:-${CYLC_WORKFLOW_OWNER}}}@${HOSTNAME}\" ''\n"
    "    cylc__job__say INFO started\n"
    "    cylc__job__run global_init_script\n"
    "    cylc__job__run init_script\n"
    "    cylc__job__paths\n"
    "    set -euo pipefail\n"
    "    cylc__job__enter\n"
    "    if cylc__job__has_any \"${cylc__job__parts[@]}\"; then\n"
    "        cylc__job__run_parts &\n"
    "        wait \"$!\"\n"
    "    fi\n"
    "    cylc__job__complete=yes\n"
    "}\n",

    "\n"
    "cylc__job__main; exit \"$?\"\n",
    NULL};
