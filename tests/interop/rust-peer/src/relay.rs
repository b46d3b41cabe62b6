// SPDX-License-Identifier: Apache-2.0
//! The one in the middle with two connections: hands the request of the one that relies to one that attests,
//! and brings the answer back, with as much of it made again as the one in the middle can.

use crate::authenticator::{self as auth, Identity};
use crate::exchange::{read_frame, Settings, ASKS, AUTHENTICATOR, CLOSE, DONE, HELLO, REQUEST};
use crate::link::Link;
use crate::wire::{message, Res};

/// What becomes of the answer, and the alert with which it is refused.
pub fn run(relying: &mut Link, attesting: &mut Link, set: &Settings, how: &str) -> Res<Option<u8>> {
    relying.write(&message(HELLO, &[1, 0]))?;
    attesting.write(&message(HELLO, &[1, ASKS]))?;
    let mut request = Vec::new();
    while request.is_empty() {
        if let (REQUEST, body) = read_frame(relying)? {
            request = body;
        }
    }
    attesting.write(&message(REQUEST, &request))?;
    let mut answer = Vec::new();
    while answer.is_empty() {
        match read_frame(attesting)? {
            (AUTHENTICATOR, body) => answer = body,
            (CLOSE, _) => return Err("the one that attests has refused".into()),
            _ => (),
        }
    }
    let parsed = auth::parse_request(&request, !relying.is_client(), &set.numbers)?;
    let own = set.identity.as_ref().ok_or("the one in the middle needs a key")?;
    let (chain, cmw) = auth::carried(&answer, &set.numbers)?;
    let stolen = Identity { chain, key: own.key.clone() };
    let made = |identity| auth::answer(relying, &parsed, Some((identity, cmw)), &set.numbers, &[]);
    let answer = match how {
        "as-it-is" => answer,
        "own-finished" => auth::mint_finished(relying, &request, &answer)?,
        "own-signature" => made(&stolen)?,
        "own-certificate" => made(own)?,
        _ => return Err(format!("no such relay: {how}").into()),
    };
    relying.write(&[message(AUTHENTICATOR, &answer), message(DONE, b"")].concat())?;
    loop {
        match read_frame(relying)? {
            (CLOSE, body) => return Ok(body.first().copied()),
            (DONE, _) => return Ok(None),
            _ => (),
        }
    }
}
