/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_handshake [ROUNDS [HANDSHAKES]]: what attestation costs, as ratios in one run.
 *
 *   T        plain handshake of OpenSSL with atls's suite, group, tickets (0) and compression (off)
 *   ratio A  ours / T of the same mode, T measured beside it in the same round
 *   ratio B  ours / a handshake with OpenSSL's defaults
 *   ratio R  a session that is resumed with attestation / the same of OpenSSL alone, with tickets
 *   ratio P  attestation after the handshake, or both times / in the handshake alone
 *   ratio F  a session that is resumed with attestation / the full handshake that attests
 *
 * Rounds are interleaved: each measures every configuration, and the ratios are those of one round;
 * printed are their median, least and largest. Speed is no test: this program only prints.
 */
#include "bench.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PLAIN,
    PLAIN_MUTUAL,
    DEFAULT,
    DEFAULT_MUTUAL,
    LINKED,
    SERVER,
    CLIENT,
    MUTUAL,
    PLAIN_RESUMED,
    PLAIN_MUTUAL_RESUMED,
    SERVER_RESUMED,
    MUTUAL_RESUMED,
    SERVER_POST,
    SERVER_BOTH,
    MUTUAL_POST,
    NUM_CONFIGS
};
enum { MAX_ROUNDS = 101 };

static const struct row {
    const char *name;
    int ours, t, defaults;
} rows[] = {
    {"linked, attestation not negotiated", LINKED, PLAIN, DEFAULT},
    {"server attests", SERVER, PLAIN, DEFAULT},
    {"client attests", CLIENT, PLAIN_MUTUAL, DEFAULT_MUTUAL},
    {"mutual", MUTUAL, PLAIN_MUTUAL, DEFAULT_MUTUAL},
};

static const struct row resumed_rows[] = {
    {"server attested, resumed", SERVER_RESUMED, PLAIN_RESUMED, SERVER},
    {"mutual, resumed", MUTUAL_RESUMED, PLAIN_MUTUAL_RESUMED, MUTUAL},
};

static const struct row post_rows[] = {
    {"server attests, after the handshake", SERVER_POST, SERVER, PLAIN},
    {"server attests, both times", SERVER_BOTH, SERVER, PLAIN},
    {"mutual, after the handshake", MUTUAL_POST, MUTUAL, PLAIN_MUTUAL},
};

static struct bench_times measured[MAX_ROUNDS][NUM_CONFIGS];

static void print_ratio(const char *name, const char *kind, int above, int below, unsigned rounds)
{
    double cpu[MAX_ROUNDS], wall[MAX_ROUNDS];
    for (unsigned i = 0; i < rounds; i++) {
        cpu[i] = measured[i][above].cpu_us / measured[i][below].cpu_us;
        wall[i] = measured[i][above].wall_us / measured[i][below].wall_us;
    }
    const double cpu_median = bench_median(cpu, rounds), wall_median = bench_median(wall, rounds);
    printf("%-36s %s  CPU %.3f [%.3f..%.3f]  wall %.3f [%.3f..%.3f]\n", name, kind, cpu_median,
           cpu[0], cpu[rounds - 1], wall_median, wall[0], wall[rounds - 1]);
}

static unsigned argument(char **argv, int argc, int at, unsigned fallback, unsigned most)
{
    const long value = argc > at ? strtol(argv[at], NULL, 10) : (long)fallback;
    return value >= 1 && value <= (long)most ? (unsigned)value : fallback;
}

int main(int argc, char **argv)
{
    const unsigned rounds = argument(argv, argc, 1, 7, MAX_ROUNDS);
    const unsigned handshakes = argument(argv, argc, 2, 200, 100000);
    struct bench_material *material = bench_material_new();
    struct bench_pair pairs[NUM_CONFIGS] = {
        [PLAIN] = bench_plain(material, false, true),
        [PLAIN_MUTUAL] = bench_plain(material, true, true),
        [DEFAULT] = bench_plain(material, false, false),
        [DEFAULT_MUTUAL] = bench_plain(material, true, false),
        [LINKED] = bench_attested(material, BENCH_NOBODY, false, false),
        [SERVER] = bench_attested(material, BENCH_SERVER, false, false),
        [CLIENT] = bench_attested(material, BENCH_CLIENT, true, false),
        [MUTUAL] = bench_attested(material, BENCH_BOTH, true, false),
        [PLAIN_RESUMED] = bench_plain_resumed(material, false),
        [PLAIN_MUTUAL_RESUMED] = bench_plain_resumed(material, true),
        [SERVER_RESUMED] = bench_attested(material, BENCH_SERVER, false, true),
        [MUTUAL_RESUMED] = bench_attested(material, BENCH_BOTH, true, true),
        [SERVER_POST] = bench_attested_when(material, BENCH_SERVER, ATLS_TIMING_POST),
        [SERVER_BOTH] = bench_attested_when(material, BENCH_SERVER, ATLS_TIMING_BOTH),
        [MUTUAL_POST] = bench_attested_when(material, BENCH_BOTH, ATLS_TIMING_POST),
    };
    bench_resume(&pairs[SERVER_RESUMED]);
    bench_resume(&pairs[MUTUAL_RESUMED]);
    printf("%s, %u rounds of %u handshakes, Evidence (psa, ES256) of %zu octets\n",
           OpenSSL_version(OPENSSL_VERSION), rounds, handshakes, bench_evidence_len(material));
    for (int config = 0; config < NUM_CONFIGS; config++) {
        (void)bench_batch(&pairs[config], 20); /* warm up: caches, providers */
    }
    for (unsigned round = 0; round < rounds; round++) {
        /* Slices of every configuration in turn, so that a slow moment of the machine hits all. */
        const unsigned slice = handshakes < 10 ? 1 : handshakes / 10;
        for (unsigned done = 0; done < handshakes; done += slice) {
            for (int config = 0; config < NUM_CONFIGS; config++) {
                const struct bench_times times = bench_batch(&pairs[config], slice);
                measured[round][config].cpu_us += times.cpu_us;
                measured[round][config].wall_us += times.wall_us;
            }
        }
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_ratio(rows[i].name, "A", rows[i].ours, rows[i].t, rounds);
        print_ratio(rows[i].name, "B", rows[i].ours, rows[i].defaults, rounds);
    }
    for (size_t i = 0; i < sizeof resumed_rows / sizeof resumed_rows[0]; i++) {
        const struct row *row = &resumed_rows[i];
        print_ratio(row->name, "R", row->ours, row->t, rounds);
        print_ratio(row->name, "F", row->ours, row->defaults, rounds);
    }
    for (size_t i = 0; i < sizeof post_rows / sizeof post_rows[0]; i++) {
        print_ratio(post_rows[i].name, "P", post_rows[i].ours, post_rows[i].t, rounds);
    }
    for (int config = 0; config < NUM_CONFIGS; config++) {
        bench_pair_free(&pairs[config]);
    }
    bench_material_free(material);
    return 0;
}
