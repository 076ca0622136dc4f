/* The topic table and the wire form of messages. Encoding and decoding walk the topic's field mask,
 * so a topic is described in one place only. */
#include "coroutines/topics.h"
#include "base/check.h"
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

const char *const member_names[MEMBERS] = {
    "server", "commands", "task_pool", "triggers", "xtriggers",
    "jobs",   "recorder", "viewer",    "handlers", "health",
};

const char *const severity_names[SEVERITIES] = {"DEBUG", "INFO",     "WARNING",
                                                "ERROR", "CRITICAL", "CUSTOM"};

const char *const workflow_status_names[WORKFLOW_STATUSES] = {"running", "paused", "stopping"};

#define M(member) MEMBER_BIT(member)
const struct topic_info topics[TOPICS_N] = {
#define TOPIC_INFO_(name, string, says, hears, fields) {string, says, hears, fields},
    TOPICS(TOPIC_INFO_)
#undef TOPIC_INFO_
};
#undef M

enum topic topic_of(const char *name)
{
    int topic = 0;
    while (topic < TOPICS_N && strcmp(topics[topic].name, name) != 0)
        topic++;
    return (enum topic)topic;
}

bool member_hears(enum member listener, enum member speaker)
{
    for (int topic = 0; topic < TOPICS_N; topic++)
        if (topic != TOPIC_END && (topics[topic].says & MEMBER_BIT(speaker)) &&
            (topics[topic].hears & MEMBER_BIT(listener)) && listener != speaker)
            return true;
    return false;
}

/* --- encoding --- */

/* What has a fixed size is put together here; only the texts need room of their own. */
struct writer {
    struct text *out;
    size_t n;
    char raw[256];
};

/* Always inline: `bytes` is a constant, and this is most of what a message costs. */
__attribute__((always_inline)) static inline void put_number(struct writer *out, uint64_t value,
                                                             size_t bytes)
{
    INVARIANT(out->n + bytes <= sizeof out->raw);
    value = htole64(value);
    memcpy(out->raw + out->n, &value, bytes);
    out->n += bytes;
}

static void put_done(struct writer *out)
{
    text_add_n(out->out, out->raw, out->n);
    out->n = 0;
}

static void put_slice(struct writer *out, struct slice s)
{
    put_number(out, s.n, 4);
    put_done(out);
    text_add_n(out->out, s.at, s.n);
}

static void put_flows(struct writer *out, const struct flow_list *flows)
{
    PRE(flows->n <= FLOWS_PER_TASK_MAX);
    put_number(out, flows->n, 1);
    for (uint32_t i = 0; i < flows->n; i++)
        put_number(out, flows->at[i], 4);
}

static void put_field(struct writer *out, const struct message *m, enum field field)
{
    switch (field) {
    case FIELD_POINT:
        put_number(out, (uint64_t)m->point, 8);
        break;
    case FIELD_TASK:
        put_number(out, m->task, 4);
        break;
    case FIELD_NUMBER:
        put_number(out, m->number, 4);
        break;
    case FIELD_SUBMIT:
        put_number(out, m->submit, 4);
        put_number(out, m->try_, 4);
        break;
    case FIELD_STATUS:
        put_number(out, (uint64_t)m->status, 1);
        break;
    case FIELD_FLAGS:
        put_number(out, m->flags, 4);
        break;
    case FIELD_WHEN:
        put_number(out, (uint64_t)m->when, 8);
        break;
    case FIELD_ID:
        put_number(out, m->id, 8);
        break;
    case FIELD_VALUE:
        put_number(out, (uint64_t)m->value, 8);
        break;
    case FIELD_FLOWS:
        put_flows(out, &m->flows);
        break;
    case FIELD_TEXT:
        put_slice(out, m->text);
        break;
    case FIELD_DETAIL:
        put_slice(out, m->detail);
        break;
    case FIELD_SETTINGS:
        put_slice(out, m->settings);
        break;
    }
}

void message_encode(const struct message *message, struct text *out)
{
    PRE(message->topic < TOPICS_N && message->sender < MEMBERS);
    const struct topic_info *info = &topics[message->topic];
    PRE(info->says & MEMBER_BIT(message->sender));
    PRE(message->text.n + message->detail.n + message->settings.n <= MESSAGE_SIZE_MAX);
    struct writer writer;
    writer.out = out;
    writer.n = 0;
    text_add_n(out, info->name, strlen(info->name) + 1);
    put_number(&writer, MESSAGE_VERSION, 1);
    put_number(&writer, (uint64_t)message->topic, 1);
    put_number(&writer, (uint64_t)message->sender, 1);
    put_number(&writer, message->seq, 8);
    put_number(&writer, message->topic_seq, 8);
    for (unsigned left = info->fields; left; left &= left - 1)
        put_field(&writer, message, (enum field)(left & -left));
    put_done(&writer);
}

/* --- decoding --- */

struct reader {
    const unsigned char *at;
    size_t left;
    bool bad;
};

__attribute__((always_inline)) static inline uint64_t get_number(struct reader *in, size_t bytes)
{
    if (in->left < bytes) {
        in->bad = true;
        in->left = 0;
        return 0;
    }
    uint64_t value = 0;
    memcpy(&value, in->at, bytes);
    in->at += bytes;
    in->left -= bytes;
    return le64toh(value);
}

static struct slice get_slice(struct reader *in)
{
    size_t n = (size_t)get_number(in, 4);
    if (n > in->left) {
        in->bad = true;
        return (struct slice){0};
    }
    struct slice s = {(const char *)in->at, n};
    in->at += n;
    in->left -= n;
    return s;
}

static struct flow_list get_flows(struct reader *in)
{
    struct flow_list flows = {.n = (uint32_t)get_number(in, 1)};
    if (flows.n > FLOWS_PER_TASK_MAX) {
        in->bad = true;
        flows.n = 0;
    }
    for (uint32_t i = 0; i < flows.n; i++)
        flows.at[i] = (uint32_t)get_number(in, 4);
    return flows;
}

static void get_field(struct reader *in, struct message *m, enum field field)
{
    switch (field) {
    case FIELD_POINT:
        m->point = (int64_t)get_number(in, 8);
        break;
    case FIELD_TASK:
        m->task = (uint32_t)get_number(in, 4);
        break;
    case FIELD_NUMBER:
        m->number = (uint32_t)get_number(in, 4);
        break;
    case FIELD_SUBMIT:
        m->submit = (uint32_t)get_number(in, 4);
        m->try_ = (uint32_t)get_number(in, 4);
        break;
    case FIELD_STATUS:
        m->status = (enum task_status)get_number(in, 1);
        in->bad = in->bad || m->status > STATUSES;
        break;
    case FIELD_FLAGS:
        m->flags = (uint32_t)get_number(in, 4);
        break;
    case FIELD_WHEN:
        m->when = (int64_t)get_number(in, 8);
        break;
    case FIELD_ID:
        m->id = get_number(in, 8);
        break;
    case FIELD_VALUE:
        m->value = (int64_t)get_number(in, 8);
        break;
    case FIELD_FLOWS:
        m->flows = get_flows(in);
        break;
    case FIELD_TEXT:
        m->text = get_slice(in);
        break;
    case FIELD_DETAIL:
        m->detail = get_slice(in);
        break;
    case FIELD_SETTINGS:
        m->settings = get_slice(in);
        break;
    }
}

/* Topic, version and sender; the number of the topic is there for speed, its name decides. */
static int get_head(struct reader *in, const char *name, struct message *m, struct error *error)
{
    uint64_t version = get_number(in, 1);
    uint64_t topic = get_number(in, 1);
    uint64_t sender = get_number(in, 1);
    m->seq = get_number(in, 8);
    m->topic_seq = get_number(in, 8);
    if (in->bad || version != MESSAGE_VERSION)
        return error_set(error, -EBADMSG, "%.64s: version %u is not %d", name, (unsigned)version,
                         MESSAGE_VERSION);
    if (topic >= TOPICS_N || strcmp(topics[topic].name, name) != 0)
        return error_set(error, -EBADMSG, "unknown topic \"%.64s\"", name);
    if (sender >= MEMBERS || !(topics[topic].says & MEMBER_BIT(sender)))
        return error_set(error, -EBADMSG, "%s: said by member %u, who does not say it", name,
                         (unsigned)sender);
    m->topic = (enum topic)topic;
    m->sender = (enum member)sender;
    return 0;
}

int message_decode(const void *bytes, size_t n, struct message *ret_message, struct error *error)
{
    const char *end = n ? memchr(bytes, '\0', n) : NULL;
    if (!end)
        return error_set(error, -EBADMSG, "no topic in a message of %zu bytes", n);
    size_t head = (size_t)(end - (const char *)bytes) + 1;
    struct reader in = {(const unsigned char *)bytes + head, n - head, false};
    struct message m = {0};
    int result = get_head(&in, bytes, &m, error);
    if (result < 0)
        return result;
    const struct topic_info *info = &topics[m.topic];
    for (unsigned left = info->fields; left; left &= left - 1)
        get_field(&in, &m, (enum field)(left & -left));
    if (in.bad || in.left)
        return error_set(error, -EBADMSG, "%s: %s", info->name,
                         in.bad ? "cut short or out of range" : "bytes left over");
    *ret_message = m;
    return 0;
}

uint64_t message_recorded(const struct message *message, enum member member)
{
    PRE(message->topic == TOPIC_RECORDED && message->text.n == MEMBERS * sizeof(uint64_t));
    struct reader in = {(const unsigned char *)message->text.at + sizeof(uint64_t) * member,
                        sizeof(uint64_t), false};
    return get_number(&in, 8);
}

/* --- describing --- */

static void describe_flows(struct text *out, const struct flow_list *flows)
{
    text_add(out, " flows=");
    for (uint32_t i = 0; i < flows->n; i++)
        text_addf(out, "%s%" PRIu32, i ? "," : "", flows->at[i]);
}

static void describe_slice(struct text *out, const char *name, struct slice s)
{
    text_addf(out, " %s=\"%.*s\"", name, (int)(s.n < 80 ? s.n : 80), s.at ? s.at : "");
}

static void describe_field(struct text *out, const struct message *m, enum field field)
{
    switch (field) {
    case FIELD_POINT:
        text_addf(out, " point=%" PRId64, m->point);
        break;
    case FIELD_TASK:
        text_addf(out, " task=%" PRIu32, m->task);
        break;
    case FIELD_NUMBER:
        text_addf(out, " number=%" PRIu32, m->number);
        break;
    case FIELD_SUBMIT:
        text_addf(out, " submit=%" PRIu32 " try=%" PRIu32, m->submit, m->try_);
        break;
    case FIELD_STATUS:
        text_addf(out, " status=%s", m->status < STATUSES ? task_status_names[m->status] : "?");
        break;
    case FIELD_FLAGS:
        text_addf(out, " flags=%" PRIx32, m->flags);
        break;
    case FIELD_WHEN:
        text_addf(out, " when=%" PRId64, m->when);
        break;
    case FIELD_ID:
        text_addf(out, " id=%" PRIu64, m->id);
        break;
    case FIELD_VALUE:
        text_addf(out, " value=%" PRId64, m->value);
        break;
    case FIELD_FLOWS:
        describe_flows(out, &m->flows);
        break;
    case FIELD_TEXT:
        describe_slice(out, "text", m->text);
        break;
    case FIELD_DETAIL:
        describe_slice(out, "detail", m->detail);
        break;
    case FIELD_SETTINGS:
        describe_slice(out, "settings", m->settings);
        break;
    }
}

const char *message_describe(const struct message *message, char *buffer, size_t size)
{
    PRE(message->topic < TOPICS_N);
    const struct topic_info *info = &topics[message->topic];
    struct text out = {0};
    text_addf(&out, "%s #%" PRIu64 " %s", member_names[message->sender], message->seq, info->name);
    for (unsigned bit = 1; bit <= FIELD_SETTINGS; bit <<= 1)
        if (info->fields & bit)
            describe_field(&out, message, (enum field)bit);
    snprintf(buffer, size, "%s", text_string(&out));
    text_release(&out);
    return buffer;
}
