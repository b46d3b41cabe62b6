/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate of a client on OpenSSL, and an application that takes callbacks away: for itself, without
 * calling ours, before the handshake or after the ClientHello went. src/stack/openssl/gate.c,
 * extension.c, verify.c and outcome.c. tests/models/replay_gate.c runs a real handshake for each case.
 */
mtype = { OK, CALLBACK, NOT_ATTESTED, TRANSCRIPT, NO_VERDICT, ILLEGAL };
mtype = { absent, good }; /* the server's Evidence */

/* When each was taken: 0 never, 1 before the handshake, 2 behind the ClientHello. `none` is
 * SSL_VERIFY_NONE in place of SSL_VERIFY_PEER. */
byte info, msg, verify, none;
bool requires;
mtype evidence;

bool appraised, failed, shut, finished;
mtype outcome = OK;

/* A positive control puts a state here that must be reached: else the invariants hold of nothing. */
#define reached false

inline refuse(why)
{
    if
    :: outcome == OK -> outcome = why
    :: else
    fi
}

/* openssl_check_callbacks, from the callback that writes the extension, and from the message callback */
inline client_hello()
{
    if
    :: info == 1 || (requires && none == 1) -> refuse(CALLBACK); failed = true; shut = true
    :: else
    fi
}

/* openssl_verify_callback, which OpenSSL calls without SSL_VERIFY_PEER as well, and then ignores */
inline certificate()
{
    if
    :: verify != 0 || !requires -> skip
    :: verify == 0 && requires && evidence == absent -> refuse(NOT_ATTESTED)
    :: verify == 0 && requires && evidence == good && msg != 0 -> refuse(TRANSCRIPT)
    :: verify == 0 && requires && evidence == good && msg == 0 -> appraised = true
    fi;
    if
    :: outcome != OK && none == 0 -> failed = true
    :: else
    fi
}

/* check_last, from the message callback at the client's Finished */
inline last_message()
{
    if
    :: msg == 0 && requires && !appraised -> shut = true
    :: else
    fi
}

/* finish, from the info callback; without it atls_openssl_outcome finds no verdict */
inline handshake_done()
{
    if
    :: info != 0 && shut -> refuse(ILLEGAL) /* OpenSSL's words for a handshake that it finds shut */
    :: info != 0 && !shut -> refuse(NO_VERDICT)
    :: else ->
        finished = true;
        if
        :: requires && !appraised -> refuse(NO_VERDICT)
        :: else
        fi;
        shut = shut || outcome != OK
    fi
}

#define data (!failed && !shut)

inline put_case()
{
    printf(" %d ", requires); printm(evidence); printf(" %d %d %d %d", info, msg, verify, none)
}

inline any_moment(what) { if :: what = 0 :: what = 1 :: what = 2 fi }

init {
    if :: requires = true :: requires = false fi;
    if :: evidence = good :: evidence = absent fi;
    any_moment(info); any_moment(msg); any_moment(verify); any_moment(none);
    d_step {
        client_hello();
        if
        :: !failed ->
            certificate();
            if
            :: !failed -> last_message(); handshake_done()
            :: else
            fi
        :: else
        fi;
        printf("root"); put_case(); printf("\n");
        printf("step SHAKE"); put_case(); printf(" ->"); put_case(); printf(" : "); printm(outcome); printf(" %d\n", data);
        /* R-26, R-28: of three callbacks one is enough to keep data from whom nobody appraised ... */
        assert(!(data && requires && !appraised) || (info != 0 && msg != 0 && (verify != 0 || none != 0)));
        /* ... and nobody is told that all is well. */
        assert(outcome != OK || !requires || (appraised && finished));
        assert(!reached)
    }
}
