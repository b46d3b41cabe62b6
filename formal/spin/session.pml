/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection as src/session drives it: the calls of session.h in every order that a hostile peer,
 * a confused application and a TLS library between them can bring about. The machine is that of
 * session.c, attest.c, appraise.c, handshake/negotiation*.c and handshake/transcript.c, by the same
 * names; what the code finds in octets is an event's choice here.
 *
 * A model stays like the code by comparison alone: compiled with -DPRINTF each step is printed, and
 * formal/replay/session.c takes a C session through every one of them, and compares error, verdict
 * and state. So each line of the machine is a line of the code, and is checked as such.
 *
 * Ghosts (g_) remember what happened; the machine does not look at them. The invariants do.
 */
mtype = { client, server };
mtype = { t_start, t_ch, t_hrr, t_ch2, t_done, t_failed };
mtype = { n_start, n_hello, n_retry, n_chosen, n_credential, n_failed };
mtype = { no_offer, offer, other_offer, released_offer };
/* What is kept of the peer's Certificate: Evidence over hellos without HelloRetryRequest, with it,
 * what we sent ourselves last or before that, or octets that are no CMW. */
mtype = { nothing, evidence, evidence_retried, own_evidence, earlier_own_evidence, no_cmw };
mtype = { v_none, v_refused, v_accepted, v_not_required };
/* Results: enum atls_err. */
mtype = { OK, STATE, MEMORY, TRANSCRIPT, CALLBACK, MALFORMED, ILLEGAL, UNSOLICITED, NOTHING_OFFERED, NOT_ATTESTED,
          EVIDENCE_MALFORMED, NOT_ENDORSED, FRESHNESS, KEY_BINDING, REFLECTED, PKIX, RESUMED, RESUMPTION, REVOKED,
          NO_VERDICT };
/* Events: the calls of session.h, with what comes with them. */
mtype = { BEGIN, REFUSE, SWITCH,
          SEE_CLIENT_HELLO, SEE_RETRY, SEE_SERVER_HELLO, SEE_OTHER,
          WRITE_CLIENT_HELLO, READ_SERVER_CHOICE, READ_STRANGE_SERVER_CHOICE, READ_CLIENT_CHOICE,
          READ_STRANGE_CLIENT_CHOICE, READ_MALFORMED_CHOICE,
          READ_OFFER, READ_OTHER_OFFER, READ_MALFORMED_OFFER, WRITE_SERVER_CHOICE, WRITE_CLIENT_CHOICE,
          WRITE_CERTIFICATE, WRITE_CERTIFICATE_OF_PEER,
          READ_EVIDENCE, READ_EVIDENCE_RETRIED, READ_EVIDENCE_BEHIND, READ_OWN_EVIDENCE, READ_NO_CMW,
          READ_MALFORMED_CREDENTIAL,
          APPRAISE, APPRAISE_RESUMED, APPRAISE_NO_PKIX, APPRAISE_OWN_KEY, APPRAISE_OTHER_KEY,
          RESUME, RESUME_LAPSED, RESUME_REVOKED, RESUME_OTHER_POLICY, RESUME_OTHER_CONNECTION, RESUME_MALFORMED,
          FINISH, FINISH_RESUMED };

/* ---- struct atls_session ---- */
mtype role, event, result;
bool requires;                       /* the context in use requires attestation of the peer */
mtype transcript = t_start;
bool retried;                        /* which hellos the transcript's hash is of */
mtype negotiation = n_start;
mtype offered = no_offer;
bool server_chosen, client_chosen;
mtype peer_cmw = nothing;
bool wrote_cmw;                      /* own_cmw_sha256 is set */
bool finished, appraised;
bool resumed, resumed_requires;      /* facts took the place of an appraisal, and in which context */
mtype verdict = v_none, reason = OK;

/* ---- ghosts ---- */
bool g_refused;                      /* some call since BEGIN did not succeed */
bool g_sound;                        /* the last appraisal had all four legs to stand on */
mtype g_evidence = nothing;          /* what the peer's first CertificateEntry last held */
bool g_facts, g_facts_requires;      /* facts that hold were shown, to this context */
bool g_asked;                        /* this side was asked for Evidence */
bool g_made;                         /* this very call made Evidence */
mtype g_reason;

inline refuse(why)
{
    result = why;
    if
    :: verdict != v_refused -> verdict = v_refused; reason = why
    :: else
    fi
}

inline fail_negotiation(why)
{
    negotiation = n_failed;
    server_chosen = false;
    client_chosen = false;
    refuse(why)
}

#define peer_chosen ((role == client && server_chosen) || (role == server && client_chosen))
#define must_attest ((role == client && client_chosen) || (role == server && server_chosen))
#define opens (verdict == v_accepted || verdict == v_not_required)
#define is_refused (verdict == v_refused)

/* ---- session.c ---- */

inline reset()
{
    transcript = t_start; retried = false;
    negotiation = n_start; offered = no_offer; server_chosen = false; client_chosen = false;
    peer_cmw = nothing; wrote_cmw = false;
    finished = false; appraised = false; verdict = v_none; reason = OK;
    resumed = false; resumed_requires = false;
    g_refused = false; g_sound = false; g_facts = false; g_facts_requires = false; g_evidence = nothing; g_asked = false
}

/* A server that SNI has moved to a context with the other demand. */
inline switch_context()
{
    if
    :: finished || (negotiation != n_start && negotiation != n_hello && negotiation != n_retry) ->
        if
        :: !finished -> fail_negotiation(STATE) /* by atls_negotiation_switch_terms */
        :: else -> refuse(STATE)
        fi
    :: else -> requires = !requires
    fi
}

inline fail_transcript()
{
    transcript = t_failed;
    refuse(TRANSCRIPT)
}

inline see_message()
{
    if
    :: finished || is_refused -> skip
    :: else ->
        if
        :: event == SEE_CLIENT_HELLO && transcript == t_start -> transcript = t_ch
        :: event == SEE_CLIENT_HELLO && transcript == t_hrr -> transcript = t_ch2; retried = true
        :: event == SEE_SERVER_HELLO && (transcript == t_ch || transcript == t_ch2) -> transcript = t_done
        :: event == SEE_RETRY && transcript == t_ch ->
            transcript = t_hrr;
            if
            :: negotiation == n_start || negotiation == n_hello -> negotiation = n_retry
            :: else -> fail_negotiation(STATE)
            fi
        :: event == SEE_OTHER && (transcript == t_start || transcript == t_done) -> skip
        :: else -> fail_transcript()
        fi
    fi;
    result = OK /* atls_session_message says nothing itself */
}

inline write_client_hello()
{
    if
    :: negotiation == n_start || negotiation == n_hello || negotiation == n_retry ->
        negotiation = n_hello; offered = offer
    :: else -> fail_negotiation(STATE)
    fi
}

inline read_offer()
{
    if
    :: event == READ_MALFORMED_OFFER -> refuse(MALFORMED)
    :: event != READ_MALFORMED_OFFER ->
        if
        :: negotiation != n_start && negotiation != n_hello && negotiation != n_retry -> fail_negotiation(STATE)
        :: negotiation == n_retry && offered == no_offer -> fail_negotiation(ILLEGAL)
        :: else ->
            if
            :: offered != no_offer && offered != (event == READ_OFFER -> offer : other_offer) ->
                fail_negotiation(ILLEGAL)
            :: else ->
                offered = (event == READ_OFFER -> offer : other_offer);
                negotiation = n_hello
            fi
        fi
    fi
}

inline read_choice()
{
    if
    :: finished -> refuse(ILLEGAL)
    :: !finished && event == READ_MALFORMED_CHOICE -> refuse(MALFORMED)
    :: !finished && event != READ_MALFORMED_CHOICE ->
        if
        :: negotiation != n_hello && negotiation != n_chosen && negotiation != n_credential -> fail_negotiation(STATE)
        :: else ->
            if
            :: negotiation == n_credential -> fail_negotiation(ILLEGAL)
            :: event == READ_STRANGE_SERVER_CHOICE || event == READ_STRANGE_CLIENT_CHOICE -> fail_negotiation(ILLEGAL)
            :: negotiation != n_credential && event == READ_SERVER_CHOICE ->
                if
                :: server_chosen || !requires -> fail_negotiation(ILLEGAL) /* who requires nothing offers nothing */
                :: else -> server_chosen = true; negotiation = n_chosen
                fi
            :: negotiation != n_credential && event == READ_CLIENT_CHOICE ->
                if
                :: client_chosen -> fail_negotiation(ILLEGAL)
                :: else -> client_chosen = true; negotiation = n_chosen; g_asked = true
                fi
            fi
        fi
    fi
}

inline write_choice()
{
    if
    :: finished -> skip
    :: else ->
        if
        :: negotiation == n_credential -> fail_negotiation(STATE)
        :: negotiation == n_retry && offered != no_offer -> fail_negotiation(ILLEGAL)
        :: else ->
            if
            :: event == WRITE_SERVER_CHOICE ->
                negotiation = n_chosen;
                server_chosen = (offered != no_offer);
                g_asked = (offered != no_offer)
            :: event == WRITE_CLIENT_CHOICE && requires && offered != offer -> fail_negotiation(NOTHING_OFFERED)
            :: event == WRITE_CLIENT_CHOICE && !(requires && offered != offer) ->
                negotiation = n_chosen;
                client_chosen = requires
            fi
        fi
    fi
}

/* ---- attest.c ---- */

inline write_certificate()
{
    if
    :: finished -> skip
    :: !finished && appraised && event == WRITE_CERTIFICATE_OF_PEER -> refuse(REFLECTED)
    :: !finished && !(appraised && event == WRITE_CERTIFICATE_OF_PEER) ->
        if
        :: !must_attest -> skip
        :: must_attest && transcript != t_done -> refuse(TRANSCRIPT)
        :: must_attest && transcript == t_done ->
            g_made = true; wrote_cmw = requires;
            peer_cmw = (peer_cmw == own_evidence -> earlier_own_evidence : peer_cmw)
        fi
    fi
}

/* ---- appraise.c ---- */

inline read_credential()
{
    if
    :: !peer_chosen -> fail_negotiation(UNSOLICITED)
    :: peer_chosen && (event == READ_EVIDENCE_BEHIND || negotiation == n_credential) -> fail_negotiation(ILLEGAL)
    :: peer_chosen && event != READ_EVIDENCE_BEHIND && negotiation != n_credential ->
        negotiation = n_credential;
        if
        :: event == READ_MALFORMED_CREDENTIAL -> refuse(MALFORMED)
        :: event == READ_EVIDENCE -> peer_cmw = evidence
        :: event == READ_EVIDENCE_RETRIED -> peer_cmw = evidence_retried
        :: event == READ_OWN_EVIDENCE -> peer_cmw = own_evidence
        :: event == READ_NO_CMW -> peer_cmw = no_cmw
        fi;
        g_evidence = peer_cmw
    fi
}

/* What the Evidence itself comes to: its nonce is the binder of these hellos and of this key. */
#define is_bound (peer_cmw == (retried -> evidence_retried : evidence))

inline appraise()
{
    if
    :: finished && requires ->
        if /* post-handshake authentication: the key of the handshake, or nobody's */
        :: verdict == v_accepted && event != APPRAISE_OWN_KEY && event != APPRAISE_OTHER_KEY -> skip
        :: else -> refuse(KEY_BINDING)
        fi
    :: !(finished && requires) && is_refused -> result = reason
    :: !(finished && requires) && !is_refused && requires ->
        if
        :: event == APPRAISE_RESUMED -> refuse(RESUMED)
        :: event != APPRAISE_RESUMED && (!peer_chosen || negotiation != n_credential) -> refuse(NOT_ATTESTED)
        :: event != APPRAISE_RESUMED && peer_chosen && negotiation == n_credential ->
            if
            :: event == APPRAISE_OWN_KEY || peer_cmw == own_evidence -> refuse(REFLECTED)
            :: event != APPRAISE_OWN_KEY && peer_cmw == nothing -> refuse(MEMORY)
            :: event != APPRAISE_OWN_KEY && peer_cmw != nothing && peer_cmw != own_evidence ->
                if
                :: transcript != t_done -> refuse(TRANSCRIPT)
                :: transcript == t_done && peer_cmw == no_cmw -> refuse(EVIDENCE_MALFORMED)
                :: transcript == t_done && peer_cmw == earlier_own_evidence -> refuse(NOT_ENDORSED)
                :: transcript == t_done && peer_cmw != no_cmw && peer_cmw != earlier_own_evidence ->
                    if
                    :: !is_bound || event == APPRAISE_OTHER_KEY -> refuse(FRESHNESS)
                    :: is_bound && event == APPRAISE_NO_PKIX -> refuse(PKIX)
                    :: is_bound && event == APPRAISE -> appraised = true
                    fi
                fi;
                peer_cmw = nothing
            fi
        fi
    :: else -> skip
    fi
}

/* atls_session_has_resumed */
#define has_resumed (resumed && resumed_requires == requires)

inline finish()
{
    finished = true;
    transcript = t_start; retried = false; peer_cmw = nothing;
    offered = (role == server && offered != no_offer -> released_offer : offered);
    if
    :: is_refused -> result = reason
    :: !is_refused && !requires -> verdict = v_not_required
    :: !is_refused && requires ->
        if
        :: event == FINISH_RESUMED && !has_resumed -> refuse(RESUMED)
        :: event == FINISH && resumed -> refuse(RESUMPTION)
        :: event == FINISH && !resumed && !appraised -> refuse(NO_VERDICT)
        :: event == FINISH && !resumed && appraised -> verdict = v_accepted
        :: event == FINISH_RESUMED && has_resumed -> verdict = v_accepted
        fi
    fi
}

/* ---- resumption.c: every event but the first has facts that do not hold ---- */

inline resume()
{
    if
    :: is_refused -> result = reason
    :: !is_refused && event == RESUME_REVOKED -> refuse(REVOKED)
    :: !is_refused && event != RESUME_REVOKED && event != RESUME -> refuse(RESUMPTION)
    :: !is_refused && event == RESUME ->
        appraised = true; resumed = true; resumed_requires = requires;
        verdict = v_none; /* the gate's to say */
        g_facts = (event == RESUME); g_facts_requires = requires
    fi
}

/* ---- one call ---- */

#define unless_refused(call) if :: is_refused -> result = reason :: else -> call fi

inline step()
{
    result = OK;
    g_made = false;
    if
    :: event == BEGIN -> reset()
    :: event == REFUSE -> refuse(CALLBACK)
    :: event == SWITCH -> switch_context()
    :: event == SEE_CLIENT_HELLO || event == SEE_RETRY || event == SEE_SERVER_HELLO || event == SEE_OTHER ->
        see_message()
    :: event == WRITE_CLIENT_HELLO -> unless_refused(write_client_hello())
    :: event == READ_OFFER || event == READ_OTHER_OFFER || event == READ_MALFORMED_OFFER ->
        unless_refused(read_offer())
    :: event == READ_SERVER_CHOICE || event == READ_STRANGE_SERVER_CHOICE || event == READ_CLIENT_CHOICE ||
       event == READ_STRANGE_CLIENT_CHOICE || event == READ_MALFORMED_CHOICE -> unless_refused(read_choice())
    :: event == WRITE_SERVER_CHOICE || event == WRITE_CLIENT_CHOICE -> unless_refused(write_choice())
    :: event == WRITE_CERTIFICATE || event == WRITE_CERTIFICATE_OF_PEER -> unless_refused(write_certificate())
    :: event == READ_EVIDENCE || event == READ_EVIDENCE_RETRIED || event == READ_EVIDENCE_BEHIND ||
       event == READ_OWN_EVIDENCE || event == READ_NO_CMW || event == READ_MALFORMED_CREDENTIAL ->
        unless_refused(read_credential())
    :: event == APPRAISE || event == APPRAISE_RESUMED || event == APPRAISE_NO_PKIX ||
       event == APPRAISE_OWN_KEY || event == APPRAISE_OTHER_KEY ->
        g_sound = (finished -> g_sound : event == APPRAISE && transcript == t_done &&
                                         g_evidence == (retried -> evidence_retried : evidence));
        appraise()
    :: event == RESUME || event == RESUME_LAPSED || event == RESUME_REVOKED || event == RESUME_OTHER_POLICY ||
       event == RESUME_OTHER_CONNECTION || event == RESUME_MALFORMED -> resume()
    :: event == FINISH || event == FINISH_RESUMED -> finish()
    fi
}

/* Once refused, what lies in a session is of no more consequence: what is left is what decides. */
inline settle()
{
    if
    :: is_refused ->
        transcript = t_start; retried = false; offered = no_offer; server_chosen = false; client_chosen = false;
        peer_cmw = nothing; wrote_cmw = false; appraised = false;
        resumed = false; resumed_requires = false;
        g_sound = false; g_evidence = nothing; g_asked = false; g_facts = false; g_facts_requires = false
    :: else
    fi
}

/* In a verifier that was compiled with -DPRINTF, printm writes names. */
inline put(name) { printf(" "); printm(name) }

inline put_state()
{
    put(role); printf(" %d", requires);
    put(transcript); printf(" %d", retried);
    put(negotiation); put(offered); printf(" %d %d", server_chosen, client_chosen);
    put(peer_cmw); printf(" %d %d %d", wrote_cmw, finished, appraised);
    printf(" %d %d", resumed, resumed_requires);
    put(verdict); put(reason)
}

/* ---- what must always hold ---- */

#define facts_hold (g_facts && g_facts_requires == requires)

inline check()
{
    /* R-26, R-31: data passes when a handshake has ended in which nothing was refused, ... */
    assert(!opens || (finished && !g_refused));
    /* R-12, R-28, R-49: ... and where the peer is to attest, all four legs held; ... */
    assert(!opens || !requires || (verdict == v_accepted && (g_sound || facts_hold)));
    /* R-27: ... or the session is a resumed one, and facts that hold were shown to this very context; ... */
    assert(!(event == FINISH_RESUMED && requires && opens) || facts_hold);
    /* ... which stand for no appraisal of a full handshake. */
    assert(!(event == FINISH && requires && opens) || g_sound);
    /* R-31: a refusal is for good, and its first reason stays. */
    assert(!g_refused || event == BEGIN || (is_refused && (g_reason == OK || reason == g_reason)));
    /* R-24, R-61: Evidence is made where it was asked for, once both hellos are known, in the handshake. */
    assert(!g_made || (g_asked && !g_refused && !finished && transcript == t_done));
    /* R-14, R-16: whose credential is kept was asked for it. */
    assert(peer_cmw == nothing || peer_chosen || is_refused)
}

/* A positive control puts a state here that must be reached: else the invariants hold of nothing. */
#define reached false

inline any_event()
{
    if
    :: event = BEGIN
    :: event = REFUSE
    :: role == server -> event = SWITCH
    :: event = SEE_CLIENT_HELLO
    :: event = SEE_RETRY
    :: event = SEE_SERVER_HELLO
    :: event = SEE_OTHER
    :: role == client -> event = WRITE_CLIENT_HELLO
    :: role == client -> event = READ_SERVER_CHOICE
    :: role == client -> event = READ_STRANGE_SERVER_CHOICE
    :: role == client -> event = READ_CLIENT_CHOICE
    :: role == client -> event = READ_STRANGE_CLIENT_CHOICE
    :: role == client -> event = READ_MALFORMED_CHOICE
    :: role == server -> event = READ_OFFER
    :: role == server -> event = READ_OTHER_OFFER
    :: role == server -> event = READ_MALFORMED_OFFER
    :: role == server -> event = WRITE_SERVER_CHOICE
    :: role == server -> event = WRITE_CLIENT_CHOICE
    :: event = WRITE_CERTIFICATE
    :: event = WRITE_CERTIFICATE_OF_PEER
    :: event = READ_EVIDENCE
    :: event = READ_EVIDENCE_RETRIED
    :: event = READ_EVIDENCE_BEHIND
    :: wrote_cmw -> event = READ_OWN_EVIDENCE
    :: event = READ_NO_CMW
    :: event = READ_MALFORMED_CREDENTIAL
    :: event = APPRAISE
    :: event = APPRAISE_RESUMED
    :: event = APPRAISE_NO_PKIX
    :: event = APPRAISE_OWN_KEY
    :: event = APPRAISE_OTHER_KEY
    :: event = RESUME
    :: event = RESUME_LAPSED
    :: event = RESUME_REVOKED
    :: event = RESUME_OTHER_POLICY
    :: event = RESUME_OTHER_CONNECTION
    :: event = RESUME_MALFORMED
    :: event = FINISH
    :: event = FINISH_RESUMED
    fi
}

init {
    if :: role = client :: role = server fi;
    if :: requires = true :: requires = false fi;
    d_step { printf("root"); put_state(); printf("\n") };
    do
    :: any_event();
       d_step {
           printf("step"); put(event);
           put_state();
           g_reason = reason;
           step();
           if
           :: event != BEGIN && (result != OK || is_refused) -> g_refused = true
           :: else
           fi;
           check();
           assert(!reached);
           settle();
           g_reason = OK;
           printf(" ->");
           put_state();
           printf(" :"); put(result); printf(" %d\n", g_made);
           event = BEGIN; result = OK; g_made = false
       }
    od
}
