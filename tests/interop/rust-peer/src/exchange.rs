// SPDX-License-Identifier: Apache-2.0
//! The frames of PROTOCOL.md, section 11: the prelude, and rounds among data.

use crate::authenticator::{self as auth, Answer, Identity, Numbers, Request};
use crate::link::{verifier, Link};
use crate::psa;
use crate::wire::{message, Reader, Res};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::RootCertStore;
use std::sync::Arc;

pub const HELLO: u8 = 1;
pub const REQUEST: u8 = 2;
pub const AUTHENTICATOR: u8 = 3;
pub const DONE: u8 = 4;
pub const DATA: u8 = 5;
pub const CLOSE: u8 = 6;

pub const ASKS: u8 = 1;
const FRAMES: u8 = 2;
const DECODE_ERROR: u8 = 50;
const DECRYPT_ERROR: u8 = 51;
const HANDSHAKE_FAILURE: u8 = 40;

pub struct Settings {
    pub crypto: Arc<CryptoProvider>,
    pub numbers: Numbers,
    pub faults: Vec<String>,
    /// Proves itself by it.
    pub identity: Option<Identity>,
    pub attester: Option<psa::Attester>,
    /// Requires Evidence that this key, a point, has signed.
    pub anchor: Option<Vec<u8>>,
    pub roots: Option<RootCertStore>,
    pub name: String,
    pub framed: bool,
    pub rounds: u32,
}

#[derive(Default)]
pub struct Exchange {
    peer: Option<u8>,
    asked: Option<Request>,
    context: Option<Vec<u8>>,
    old_answer: Option<Vec<u8>>,
    accepted: bool,
    answered: bool,
    done_sent: bool,
    done_seen: bool,
    open: bool,
    pub frames: bool,
    pub peer_key: Option<Vec<u8>>,
    pub rounds_asked: u32,
    pub rounds_answered: u32,
    /// The alert of the peer's CLOSE.
    pub closed: Option<u8>,
}

impl Settings {
    fn has(&self, name: &str) -> bool {
        self.faults.iter().any(|fault| fault == name)
    }
}

pub fn read_frame(link: &mut Link) -> Res<(u8, Vec<u8>)> {
    let head = link.read_exact(4)?;
    let len = Reader(&head[1..]).uint(3)?;
    let most = match head[0] {
        HELLO => 64,
        REQUEST => 32768,
        AUTHENTICATOR => 131072,
        DONE => 0,
        DATA => 16380,
        CLOSE => 1,
        kind => return Err(format!("a frame of type {kind}").into()),
    };
    if len > most || (len == 0 && head[0] != DONE) {
        return Err(format!("a frame of type {} with {len} octets", head[0]).into());
    }
    Ok((head[0], link.read_exact(len)?))
}

impl Exchange {
    /// Until both sides have said DONE.
    pub fn prelude(&mut self, link: &mut Link, set: &Settings) -> Res<()> {
        let asks = if set.anchor.is_some() { ASKS } else { 0 };
        let flags = asks | if set.framed { FRAMES } else { 0 };
        let hello = if set.has("long-hello") { vec![1, flags | 0x80, 9, 9] } else { vec![1, flags] };
        link.write(&message(HELLO, &hello))?;
        let reflects = set.has("request-handed-back") || set.has("context-of-the-peer");
        if set.anchor.is_some() && !reflects {
            self.ask(link, set)?;
        }
        if set.has("data-before-done") {
            link.write(&message(DATA, b"early"))?;
        }
        if set.has("done-at-once") {
            link.write(&message(DONE, b""))?;
        }
        while !(self.done_sent && self.done_seen) {
            let (kind, body) = read_frame(link)?;
            self.take(link, set, kind, &body)?;
            let Some(flags) = self.peer else { continue };
            let answered = flags & ASKS == 0 || self.answered;
            if answered && self.asked.is_none() && self.accepted == set.anchor.is_some() && !self.done_sent {
                link.write(&message(DONE, b""))?;
                self.done_sent = true;
            }
        }
        self.open = true;
        self.frames = set.framed && self.peer.is_some_and(|flags| flags & FRAMES != 0);
        Ok(())
    }

    pub fn ask(&mut self, link: &mut Link, set: &Settings) -> Res<()> {
        let mut context = vec![0; 32];
        SystemRandom::new().fill(&mut context).map_err(|_| "no random octets")?;
        if let Some(old) = self.context.take().filter(|_| set.has("same-context-again")) {
            context = old;
        }
        self.context = Some(context.clone());
        let from_client = link.is_client();
        let request = auth::request(from_client, &context, &set.crypto, &set.numbers, &set.faults)?;
        link.write(&message(REQUEST, &request.whole))?;
        self.asked = Some(request);
        Ok(())
    }

    /// One frame of the peer, whose DATA are given back.
    fn take(&mut self, link: &mut Link, set: &Settings, kind: u8, body: &[u8]) -> Res<Vec<u8>> {
        match self.try_take(link, set, kind, body) {
            Ok(data) => Ok(data),
            Err((alert, reason)) => {
                if self.closed.is_none() {
                    link.write(&message(CLOSE, &[alert]))?;
                    link.close();
                }
                Err(reason)
            }
        }
    }

    fn try_take(
        &mut self,
        link: &mut Link,
        set: &Settings,
        kind: u8,
        body: &[u8],
    ) -> Result<Vec<u8>, (u8, Box<dyn std::error::Error>)> {
        let decode = |err: Box<dyn std::error::Error>| (DECODE_ERROR, err);
        let order = |what: &str| Err((DECODE_ERROR, what.into()));
        if self.peer.is_none() != (kind == HELLO) && kind != CLOSE {
            return order("not HELLO, once, first");
        }
        match kind {
            HELLO if body.len() < 2 || body[0] != 1 => return order("HELLO of another version"),
            HELLO => self.peer = Some(body[1]),
            REQUEST => {
                let asks = self.peer.is_some_and(|flags| flags & ASKS != 0);
                if !self.frames && (!asks || self.answered || self.done_seen) {
                    return order("REQUEST out of order");
                }
                self.answer(link, set, body).map_err(decode)?;
            }
            AUTHENTICATOR => {
                let asked = self.asked.take();
                let asked = asked.ok_or((DECODE_ERROR, "an authenticator for no request".into()))?;
                let opened = auth::open(link, &asked, body, &set.numbers);
                let opened = opened.map_err(|err| (DECRYPT_ERROR, err))?;
                self.judge(link, set, &asked, opened).map_err(|err| (HANDSHAKE_FAILURE, err))?;
                self.accepted = true;
                self.rounds_asked += 1;
                if self.open {
                    link.write(&message(DONE, b"")).map_err(decode)?;
                }
            }
            DONE if self.open => (),
            DONE => {
                let asks = self.peer.is_some_and(|flags| flags & ASKS != 0);
                if self.done_seen || (asks && !self.answered) || self.asked.is_some() {
                    return order("DONE out of order");
                }
                self.done_seen = true;
            }
            DATA if self.frames => return Ok(body.to_vec()),
            CLOSE => {
                self.closed = body.first().copied();
                return order("the peer has refused");
            }
            _ => return order("DATA out of order"),
        }
        Ok(Vec::new())
    }

    fn answer(&mut self, link: &mut Link, set: &Settings, body: &[u8]) -> Res<()> {
        let request = auth::parse_request(body, !link.is_client(), &set.numbers)?;
        if set.has("request-handed-back") {
            link.write(&message(REQUEST, body))?;
        } else if set.has("context-of-the-peer") {
            let (asks, numbers) = (link.is_client(), &set.numbers);
            let own = auth::request(asks, &request.context, &set.crypto, numbers, &set.faults)?;
            link.write(&message(REQUEST, &own.whole))?;
        }
        let mut identity = None;
        if let (Some(own), Some(attester)) = (&set.identity, &set.attester) {
            if request.cmw && request.psa && !set.has("refuse") {
                let nonce = self.nonce(link, set, own, &request)?;
                let cmw = attester.evidence(&nonce)?;
                identity = Some((own, Some(cmw).filter(|_| !set.has("without-evidence"))));
            }
        }
        let mut answer = auth::answer(link, &request, identity, &set.numbers, &set.faults)?;
        if let Some(old) = self.old_answer.as_ref().filter(|_| set.has("old-answer-again")) {
            answer = old.clone();
        }
        link.write(&message(AUTHENTICATOR, &answer))?;
        self.old_answer = Some(answer);
        self.answered = true;
        self.rounds_answered += 1;
        Ok(())
    }

    fn nonce(&self, link: &Link, set: &Settings, own: &Identity, request: &Request) -> Res<Vec<u8>> {
        let mut context = request.context.clone();
        if set.has("binder-of-another-context") {
            context[0] ^= 1;
        }
        let mut key = auth::public_key(&own.chain[0])?;
        if set.has("binder-of-the-bare-point") {
            key = key[key.len() - 65..].to_vec();
        }
        if set.has("binder-is-the-exported-value") {
            return link.export(&set.numbers.label, &context, 64);
        }
        auth::binder(link, &key, &context, &set.numbers)
    }

    fn judge(&mut self, link: &Link, set: &Settings, asked: &Request, answer: Answer) -> Res<()> {
        let Answer::Proof { chain, spki, cmw } = answer else {
            return Err("the peer refuses to attest".into());
        };
        if let Some(roots) = &set.roots {
            verifier(roots.clone(), set.crypto.clone())?.verify_server_cert(
                &chain[0],
                &chain[1..],
                &ServerName::try_from(set.name.clone())?,
                b"",
                UnixTime::now(),
            )?;
        }
        let cmw = cmw.ok_or("no cmw_attestation")?;
        let anchor = set.anchor.as_ref().ok_or("nothing was asked for")?;
        let nonce = auth::binder(link, &spki, &asked.context, &set.numbers)?;
        psa::verify(&cmw, anchor, &nonce, set.has("media-type-only"))?;
        if self.peer_key.as_ref().is_some_and(|key| *key != spki) {
            return Err("another key than in the round before".into());
        }
        self.peer_key = Some(spki);
        Ok(())
    }

    pub fn send(&self, link: &mut Link, data: &[u8]) -> Res<()> {
        match self.frames {
            true => link.write(&message(DATA, data)),
            false => link.write(data),
        }
    }

    /// Data of the peer; rounds that come among them are served. Empty at the end.
    pub fn receive(&mut self, link: &mut Link, set: &Settings) -> Res<Vec<u8>> {
        if !self.frames {
            return link.read_some(16384);
        }
        loop {
            let (kind, body) = match read_frame(link) {
                Err(err) if err.to_string() == "the peer has closed" => return Ok(Vec::new()),
                frame => frame?,
            };
            let data = self.take(link, set, kind, &body)?;
            if !data.is_empty() {
                return Ok(data);
            }
        }
    }

    /// One more round, asked for by us; data that come meanwhile are kept.
    pub fn round(&mut self, link: &mut Link, set: &Settings, data: &mut Vec<u8>) -> Res<()> {
        let before = self.rounds_asked;
        self.ask(link, set)?;
        while self.rounds_asked == before {
            let (kind, body) = read_frame(link)?;
            data.extend(self.take(link, set, kind, &body)?);
        }
        Ok(())
    }
}
