/* SPDX-License-Identifier: Apache-2.0 */
/* What the head of a CBOR item is (RFC 8949, 3), read and written: docs/proofs.md. */
#ifndef FORMAL_CBOR_H
#define FORMAL_CBOR_H

#include "codec/cbor_head.h"
#include "codec/cbor_item.h"
#include "formal/frama-c/reader.h"
#include "formal/frama-c/writer.h"

/*@ // The additional information, and how long its head is; 0: reserved.
    logic integer argument_len(integer info) =
        info == 24 ? 1 : info == 25 ? 2 : info == 26 ? 4 : info == 27 ? 8 : 0;
    logic integer head_len(integer info) =
        info < 24 || info == 31 ? 1 : info <= 27 ? 1 + argument_len(info) : 0;

    // The head of an argument that has no shorter one (RFC 8949, 4.2.1).
    logic integer shortest_len(integer argument) =
        argument < 24 ? 1 : argument <= 0xff ? 2 : argument <= 0xffff ? 3 :
        argument <= 0xffffffff ? 5 : 9;
*/

/*@ requires sound(r) && \valid(head) && 24 <= info && info != 31;
    requires head->float_width == 0;
    requires \separated(r, head, r->data + (0 .. r->left - 1));
    assigns *r, head->argument, head->float_width, head->shortest;
    ensures sound(r);
    ensures \result <==> info <= 27 && \old(r->left) >= head_len(info);
    ensures !\result ==> moved{Pre, Post}(r, 0);
*/
static bool read_argument(struct atls_reader *r, uint8_t info, struct atls_cbor_head *head);

/*@ requires sound_writer(w) && type <= ATLS_CBOR_SIMPLE;
    assigns w->len, w->failed, w->data[w->len .. w->len + shortest_len(argument) - 1];
    ensures sound_writer(w);
    ensures !w->failed ==> !\old(w->failed) && w->len == \old(w->len) + shortest_len(argument);
*/
static void put_head(struct atls_writer *w, enum atls_cbor_type type, uint64_t argument);

#endif
