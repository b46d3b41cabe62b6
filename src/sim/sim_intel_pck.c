/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_intel_pck.h"

#include "base/span.h"

enum { INTEGER = 0x02, OCTET_STRING = 0x04, OID = 0x06, ENUMERATED = 0x0a, SEQUENCE = 0x30 };
enum { PPID = 1, TCB, PCE_ID, FMSPC, TYPE };
enum { PCESVN = 17, CPUSVN = 18 };

static void put_value(struct atls_writer *w, uint8_t tag, struct atls_bytes content)
{
    atls_write_u8(w, tag);
    if (content.len >= 0x100) {
        atls_write_u8(w, 0x82);
        atls_write_u16(w, (uint16_t)content.len);
    } else {
        if (content.len >= 0x80) {
            atls_write_u8(w, 0x81);
        }
        atls_write_u8(w, (uint8_t)content.len);
    }
    atls_write_bytes(w, content);
}

static struct atls_bytes written(const struct atls_writer *w)
{
    return atls_bytes_of(w->data, w->len);
}

static struct atls_writer writer_on(uint8_t *data, size_t cap)
{
    const struct atls_buf room = {data, cap};
    return atls_writer_of(room);
}

/* put_entry writes {OID, value}; `arc` is 0 for a member of the outer list. */
static void put_entry(struct atls_writer *w, uint8_t member, uint8_t arc, uint8_t tag,
                      struct atls_bytes content)
{
    const uint8_t oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, member, arc};
    uint8_t room[ATLS_SIM_PCK_LEN];
    struct atls_writer entry = writer_on(room, sizeof room);
    put_value(&entry, OID, atls_bytes_of(oid, arc == 0 ? sizeof oid - 1 : sizeof oid));
    put_value(&entry, tag, content);
    put_value(w, SEQUENCE, written(&entry));
}

static void put_number(struct atls_writer *w, uint8_t arc, uint16_t number)
{
    const uint8_t octets[] = {0, (uint8_t)(number >> 8), (uint8_t)number};
    const size_t skip = number > 0x7fff ? 0 : number > 0x7f ? 1 : 2;
    put_entry(w, TCB, arc, INTEGER, atls_bytes_of(&octets[skip], sizeof octets - skip));
}

static void put_tcb(struct atls_writer *w, const struct atls_sim_platform *platform)
{
    uint8_t room[ATLS_SIM_PCK_LEN];
    struct atls_writer list = writer_on(room, sizeof room);
    for (size_t i = 0; i < sizeof platform->components; i++) {
        put_number(&list, (uint8_t)(i + 1), platform->components[i]);
    }
    put_number(&list, PCESVN, (uint16_t)platform->pcesvn);
    put_entry(&list, TCB, CPUSVN, OCTET_STRING,
              atls_bytes_of(platform->components, sizeof platform->components));
    put_entry(w, TCB, 0, SEQUENCE, written(&list));
}

void atls_sim_pck_put(struct atls_writer *w, const struct atls_sim_platform *platform)
{
    const uint8_t standard = 0;
    uint8_t room[ATLS_SIM_PCK_LEN];
    struct atls_writer list = writer_on(room, sizeof room);
    put_entry(&list, PPID, 0, OCTET_STRING, atls_bytes_of(platform->ppid, sizeof platform->ppid));
    put_tcb(&list, platform);
    put_entry(&list, PCE_ID, 0, OCTET_STRING,
              atls_bytes_of(platform->pce_id, sizeof platform->pce_id));
    put_entry(&list, FMSPC, 0, OCTET_STRING,
              atls_bytes_of(platform->fmspc, sizeof platform->fmspc));
    put_entry(&list, TYPE, 0, ENUMERATED, atls_bytes_of(&standard, 1));
    put_value(w, SEQUENCE, written(&list));
}
