// SPDX-License-Identifier: Apache-2.0
//! PSA attestation tokens (RFC 9783) in a CMW record (RFC 9999): made with a key of our own, and checked
//! as far as signature, profile and nonce.

use crate::wire::{bstr, head, tstr, Reader, Res};
use ring::{digest, rand::SystemRandom, signature as sig, signature::KeyPair};

pub const CONTENT_FORMAT: u16 = 10003;
pub const MEDIA_TYPE: &str = "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"";
const PROFILE: &str = "tag:psacertified.org,2023:psa#tfm";
const PROTECTED: &[u8] = &[0xa1, 0x01, 0x26]; // alg: ES256

pub struct Attester(sig::EcdsaKeyPair);

fn signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    [head(4, 4), tstr("Signature1"), bstr(protected), bstr(b""), bstr(payload)].concat()
}

impl Attester {
    pub fn new(pkcs8: &[u8]) -> Res<Self> {
        let alg = &sig::ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = sig::EcdsaKeyPair::from_pkcs8(alg, pkcs8, &SystemRandom::new());
        Ok(Self(key.map_err(|err| err.to_string())?))
    }

    /// 01 and the hash of the public key as PSA exports it.
    fn instance(&self) -> Vec<u8> {
        let hash = digest::digest(&digest::SHA256, self.0.public_key().as_ref());
        [&[1], hash.as_ref()].concat()
    }

    /// [10003, token]: a secured machine with one component; the endorsement has these values.
    pub fn evidence(&self, nonce: &[u8]) -> Res<Vec<u8>> {
        let component = [
            [head(5, 3), head(0, 1), tstr("BL"), head(0, 2), bstr(&[0xb1; 32])].concat(),
            [head(0, 5), bstr(&[0x51; 32])].concat(),
        ];
        let claims = [
            [head(5, 7), head(0, 265), tstr(PROFILE), head(0, 10), bstr(nonce)].concat(),
            [head(0, 256), bstr(&self.instance()), head(0, 2394), head(0, 1)].concat(),
            [head(0, 2395), head(0, 0x3000), head(0, 2396), bstr(&[0x17; 32])].concat(),
            [head(0, 2399), head(4, 1), component.concat()].concat(),
        ]
        .concat();
        let signature = self.0.sign(&SystemRandom::new(), &signed(PROTECTED, &claims));
        let signature = signature.map_err(|_| "the token cannot be signed")?;
        let token = [
            [head(6, 18), head(4, 4), bstr(PROTECTED), head(5, 0)].concat(),
            [bstr(&claims), bstr(signature.as_ref())].concat(),
        ]
        .concat();
        Ok([head(4, 2), head(0, CONTENT_FORMAT as usize), bstr(&token)].concat())
    }
}

/// The token in a CMW of one of the two labels that were asked for.
fn token(cmw: &[u8], text_only: bool) -> Res<&[u8]> {
    let mut all = Reader(cmw);
    let members = all.head_of(4)?;
    let label = all.head()?;
    let right = match label {
        (0, number) => number == CONTENT_FORMAT as u64 && !text_only,
        (3, len) => all.take(usize::try_from(len)?)? == MEDIA_TYPE.as_bytes(),
        _ => false,
    };
    if !right || !(2..=3).contains(&members) {
        return Err("CMW: not the record that was asked for".into());
    }
    let value = all.bstr()?;
    if members == 3 && all.head_of(0)? & 4 == 0 {
        return Err("CMW: its indicator is not that of Evidence".into());
    }
    all.end()?;
    Ok(value)
}

/// The Evidence is signed by `anchor`, an uncompressed point, and is over this nonce.
pub fn verify(cmw: &[u8], anchor: &[u8], nonce: &[u8], text_only: bool) -> Res<()> {
    let mut token = Reader(token(cmw, text_only)?);
    if (token.head_of(6)?, token.head_of(4)?) != (18, 4) {
        return Err("Evidence: no COSE_Sign1".into());
    }
    let protected = token.bstr()?;
    token.skip(4)?;
    let payload = token.bstr()?;
    let signature = token.bstr()?;
    token.end()?;
    if protected != PROTECTED {
        return Err("Evidence: not ES256".into());
    }
    sig::UnparsedPublicKey::new(&sig::ECDSA_P256_SHA256_FIXED, anchor)
        .verify(&signed(protected, payload), signature)
        .map_err(|_| "Evidence: its signature is not by the expected key")?;
    let mut claims = Reader(payload);
    let (mut profile, mut fresh) = (false, false);
    for _ in 0..claims.head_of(5)? {
        match claims.head()? {
            (0, 10) => fresh = claims.bstr()? == nonce,
            (0, 265) => {
                let len = claims.head_of(3)?;
                profile = claims.take(usize::try_from(len)?)? == PROFILE.as_bytes();
            }
            _ => claims.skip(8)?,
        }
    }
    claims.end()?;
    match (profile, fresh) {
        (true, true) => Ok(()),
        (true, false) => Err("Evidence: its nonce is not the binder".into()),
        _ => Err("Evidence: another profile".into()),
    }
}
