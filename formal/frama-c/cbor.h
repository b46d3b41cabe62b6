/* SPDX-License-Identifier: Apache-2.0 */
/* What the head of a CBOR item is (RFC 8949, 3), read and written: docs/proofs.md. */
#ifndef FORMAL_CBOR_H
#define FORMAL_CBOR_H

#include "codec/cbor_head.h"
#include "codec/cbor_item.h"
#include "formal/frama-c/reader.h"
#include "formal/frama-c/writer.h"

/*@ // The additional information, and how long its head is; 0: reserved.
    logic integer info_of{L}(uint8_t *p) = p[0] % 32;
    logic integer argument_len(integer info) =
        info == 24 ? 1 : info == 25 ? 2 : info == 26 ? 4 : info == 27 ? 8 : 0;
    logic integer head_len(integer info) =
        info < 24 || info == 31 ? 1 : info <= 27 ? 1 + argument_len(info) : 0;

    // What follows the first octet, or is the additional information; an indefinite length has 0.
    logic integer argument_of{L}(uint8_t *p) =
        info_of(p) < 24 ? info_of(p) : info_of(p) == 31 ? 0 :
        big_endian(p + 1, argument_len(info_of(p)));

    // The head of an argument that has no shorter one (RFC 8949, 4.2.1).
    logic integer shortest_len(integer argument) =
        argument < 24 ? 1 : argument <= 0xff ? 2 : argument <= 0xffff ? 3 :
        argument <= 0xffffffff ? 5 : 9;

    predicate same_head{K, L}(struct atls_cbor_head *out) =
        \at(out->type, L) == \at(out->type, K) &&
        \at(out->indefinite, L) == \at(out->indefinite, K) &&
        \at(out->shortest, L) == \at(out->shortest, K) &&
        \at(out->float_width, L) == \at(out->float_width, K) &&
        \at(out->argument, L) == \at(out->argument, K);
*/

/*@ requires sound(r) && \valid(out) && 24 <= info && info != 31;
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> info <= 27 && \old(r->left) >= head_len(info);
    ensures consumed: \result ==> moved{Pre, Post}(r, head_len(info));
    ensures value: \result ==> *out == big_endian{Pre}(\old(r->data) + 1, argument_len(info)) &&
                        *out < above(argument_len(info));
    ensures kept: !\result ==> moved{Pre, Post}(r, 0) && *out == \old(*out);
*/
static bool read_argument(struct atls_reader *r, uint8_t info, uint64_t *out);

/*@ requires 24 <= info <= 27 ==> argument < above(argument_len(info));
    assigns \nothing;
    ensures shortest: 24 <= info <= 27 ==> (\result <==> head_len(info) == shortest_len(argument));
    ensures shortest: !(24 <= info <= 27) ==> \result;
*/
static bool is_shortest(uint8_t info, uint64_t argument);

/*@ assigns \nothing;
    ensures width: \result == (type == ATLS_CBOR_SIMPLE && 25 <= info ? argument_len(info) : 0);
*/
static uint8_t float_width(enum atls_cbor_type type, uint8_t info);

/*@ requires sound(r) && \valid(out);
    requires \separated(r, out, r->data + (0 .. r->left - 1));
    assigns *r, *out;
    ensures sound(r);
    ensures there: \result <==> \old(r->left) >= 1 && head_len(info_of{Pre}(\old(r->data))) >= 1 &&
                         \old(r->left) >= head_len(info_of{Pre}(\old(r->data)));
    ensures consumed: \result ==> moved{Pre, Post}(r, head_len(info_of{Pre}(\old(r->data))));
    ensures type: \result ==> out->type == \old(r->data[0]) / 32;
    ensures indefinite: \result ==> (out->indefinite <==> info_of{Pre}(\old(r->data)) == 31);
    ensures value: \result ==> out->argument == argument_of{Pre}(\old(r->data));
    ensures width: \result ==> out->float_width == (\old(r->data[0]) / 32 == ATLS_CBOR_SIMPLE &&
                                             25 <= info_of{Pre}(\old(r->data))
                             ? argument_len(info_of{Pre}(\old(r->data))) : 0);
    ensures shortest: \result && !out->indefinite ==>
            (out->shortest <==> out->float_width != 0 ||
                 head_len(info_of{Pre}(\old(r->data))) == shortest_len(out->argument));
    ensures kept: !\result ==> moved{Pre, Post}(r, 0) && same_head{Pre, Post}(out);
*/
bool atls_cbor_head_read(struct atls_reader *r, struct atls_cbor_head *out);

/*@ requires sound_writer(w) && type <= ATLS_CBOR_SIMPLE;
    assigns w->len, w->failed, w->data[w->len .. w->len + shortest_len(argument) - 1];
    ensures sound_writer(w);
    ensures shortest: !w->failed ==>
            !\old(w->failed) && w->len == \old(w->len) + shortest_len(argument);
*/
static void put_head(struct atls_writer *w, enum atls_cbor_type type, uint64_t argument);

#endif
