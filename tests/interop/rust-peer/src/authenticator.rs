// SPDX-License-Identifier: Apache-2.0
//! Exported authenticators (RFC 9261) with cmw_attestation (draft-fossati-seat-expat-04).

use crate::link::Link;
use crate::psa;
use crate::wire::{extension, message, vec, Reader, Res};
use ring::hmac;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::sign::SigningKey;
use rustls::SignatureScheme;
use std::sync::Arc;

const CERTIFICATE: u8 = 11;
const CERTIFICATE_REQUEST: u8 = 13;
const CERTIFICATE_VERIFY: u8 = 15;
const CLIENT_CERTIFICATE_REQUEST: u8 = 17;
const FINISHED: u8 = 20;

const SERVER_NAME: u16 = 0;
const SIGNATURE_ALGORITHMS: u16 = 13;
const SIGNED_CERTIFICATE_TIMESTAMP: u16 = 18;
const ATTESTATION_SCHEMES: u16 = 0xff60;

/// What both sides have to have in common beside the standards.
#[derive(Clone)]
pub struct Numbers {
    pub cmw_attestation: u16,
    pub label: String,
}

pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: Arc<dyn SigningKey>,
}

pub struct Request {
    pub whole: Vec<u8>,
    pub context: Vec<u8>,
    pub schemes: Vec<SignatureScheme>,
    pub cmw: bool,
    /// attestation_schemes names PSA Evidence, or was not sent.
    pub psa: bool,
    extensions: Vec<u16>,
}

pub enum Answer {
    Refused,
    Proof { chain: Vec<CertificateDer<'static>>, spki: Vec<u8>, cmw: Option<Vec<u8>> },
}

pub fn request(
    from_client: bool,
    context: &[u8],
    crypto: &CryptoProvider,
    numbers: &Numbers,
    faults: &[String],
) -> Res<Request> {
    let has = |name: &str| faults.iter().any(|fault| fault == name);
    let schemes: Vec<u8> = crypto
        .signature_verification_algorithms
        .supported_schemes()
        .iter()
        .filter(|scheme| !format!("{scheme:?}").starts_with("RSA_PKCS1"))
        .flat_map(|scheme| u16::from(*scheme).to_be_bytes())
        .collect();
    let format = [[0, 0].as_slice(), &psa::CONTENT_FORMAT.to_be_bytes()].concat();
    let media_type = [[0, 1].as_slice(), &vec(2, psa::MEDIA_TYPE.as_bytes())].concat();
    let mut list = Vec::new();
    if has("extra-extensions") {
        // one without a meaning, and one that a ClientCertificateRequest may have
        list.push(extension(0x5a5a, &[0, 1, 2]));
        if from_client {
            list.push(extension(SERVER_NAME, &vec(2, &[[0].as_slice(), &vec(2, b"a.test")].concat())));
        }
    }
    if !has("no-signature-algorithms") {
        list.push(extension(SIGNATURE_ALGORITHMS, &vec(2, &schemes)));
    }
    list.push(extension(numbers.cmw_attestation, b""));
    if has("media-type-only") {
        list.push(extension(ATTESTATION_SCHEMES, &vec(2, &media_type)));
    } else if !has("no-attestation-schemes") {
        list.push(extension(ATTESTATION_SCHEMES, &vec(2, &[format, media_type].concat())));
    }
    let kind = match from_client != has("other-request-type") {
        true => CLIENT_CERTIFICATE_REQUEST,
        false => CERTIFICATE_REQUEST,
    };
    let whole = message(kind, &[vec(1, context), vec(2, &list.concat())].concat());
    Ok(match parse_request(&whole, kind == CLIENT_CERTIFICATE_REQUEST, numbers) {
        Ok(request) => request,
        Err(_) => Request {
            whole,
            context: context.to_vec(),
            schemes: Vec::new(),
            cmw: true,
            psa: true,
            extensions: Vec::new(),
        },
    })
}

pub fn parse_request(octets: &[u8], from_client: bool, numbers: &Numbers) -> Res<Request> {
    let mut all = Reader(octets);
    let (kind, mut body, _) = all.message()?;
    all.end()?;
    if kind != [CERTIFICATE_REQUEST, CLIENT_CERTIFICATE_REQUEST][from_client as usize] {
        return Err(format!("request: a message of type {kind}").into());
    }
    let context = body.vec(1)?.0.to_vec();
    let mut extensions = body.vec(2)?;
    body.end()?;
    let (mut seen, mut schemes, mut cmw, mut psa) = (Vec::new(), Vec::new(), false, true);
    while !extensions.0.is_empty() {
        let kind = extensions.uint(2)? as u16;
        let mut data = extensions.vec(2)?;
        if seen.contains(&kind) {
            return Err(format!("request: extension {kind} twice").into());
        }
        seen.push(kind);
        if kind == SIGNATURE_ALGORITHMS {
            let mut list = data.vec(2)?;
            while !list.0.is_empty() {
                schemes.push(SignatureScheme::from(list.uint(2)? as u16));
            }
        } else if kind == numbers.cmw_attestation {
            data.end()?;
            cmw = true;
        } else if kind == ATTESTATION_SCHEMES {
            psa = takes_psa(data.vec(2)?)?;
        } else {
            continue;
        }
        data.end()?;
    }
    if schemes.is_empty() {
        return Err("request: no signature_algorithms".into());
    }
    Ok(Request { whole: octets.to_vec(), context, schemes, cmw, psa, extensions: seen })
}

/// A list of AttestationScheme (PROTOCOL.md, 3) has Evidence that we can make.
fn takes_psa(mut list: Reader) -> Res<bool> {
    let mut found = false;
    while !list.0.is_empty() {
        found |= match (list.uint(1)?, list.0.first()) {
            (0, Some(0)) => list.uint(3)? == psa::CONTENT_FORMAT as usize,
            (0, Some(1)) => list.uint(1)? == 1 && list.vec(2)?.0 == psa::MEDIA_TYPE.as_bytes(),
            (1, _) => list.vec(2).map(|_| false)?,
            _ => return Err("request: an attestation scheme of no known kind".into()),
        };
    }
    Ok(found)
}

/// Handshake Context and Finished MAC Key of the side that makes the authenticator (5.1).
fn secrets(link: &Link, by_client: bool) -> Res<(Vec<u8>, hmac::Key)> {
    let role = if by_client { "client" } else { "server" };
    let context = link.export_hash(&format!("EXPORTER-{role} authenticator handshake context"))?;
    let key = link.export_hash(&format!("EXPORTER-{role} authenticator finished key"))?;
    Ok((context, link.hmac_key(&key)))
}

fn to_be_signed(hash: &[u8]) -> Vec<u8> {
    [[0x20; 64].as_slice(), b"Exported Authenticator\0", hash].concat()
}

/// The nonce of the Evidence (expat, "Attestation Binder").
pub fn binder(link: &Link, spki: &[u8], context: &[u8], numbers: &Numbers) -> Res<Vec<u8>> {
    Ok(link.hash(&[spki, &link.export(&numbers.label, context, 32)?].concat()))
}

pub fn public_key(certificate: &CertificateDer) -> Res<Vec<u8>> {
    Ok(webpki::EndEntityCert::try_from(certificate)?.subject_public_key_info().to_vec())
}

/// Certificate, CertificateVerify, Finished, or the last alone where there is no identity.
pub fn answer(
    link: &Link,
    request: &Request,
    identity: Option<(&Identity, Option<Vec<u8>>)>,
    numbers: &Numbers,
    faults: &[String],
) -> Res<Vec<u8>> {
    let has = |name: &str| faults.iter().any(|fault| fault == name);
    let (handshake, mac) = secrets(link, link.is_client() != has("keys-of-the-other-side"))?;
    let mut context = request.context.clone();
    if has("other-context") {
        context[0] ^= 1;
    }
    let hashed = if has("request-without-header") { &request.whole[4..] } else { &request.whole[..] };
    let Some((identity, cmw)) = identity else {
        let none = message(CERTIFICATE, &[vec(1, &context), vec(3, b"")].concat());
        let hash = link.hash(&[&handshake, hashed, &none].concat());
        return Ok(message(FINISHED, hmac::sign(&mac, &hash).as_ref()));
    };
    let mut entries = Vec::new();
    for (number, certificate) in identity.chain.iter().enumerate() {
        let mut list = Vec::new();
        if let Some(cmw) = cmw.as_ref().filter(|_| (number == 0) != has("in-the-second-entry")) {
            list.extend(extension(numbers.cmw_attestation, &vec(2, cmw)));
        }
        if has("extension-not-asked-for") {
            list.extend(extension(SIGNED_CERTIFICATE_TIMESTAMP, &vec(2, &vec(2, b"sct"))));
        }
        entries.extend([vec(3, certificate), vec(2, &list)].concat());
    }
    let certificate = message(CERTIFICATE, &[vec(1, &context), vec(3, &entries)].concat());
    let signer = identity.key.choose_scheme(&request.schemes);
    let signer = signer.ok_or("no scheme of the request signs with this key")?;
    let transcript = [handshake.as_slice(), hashed, &certificate].concat();
    let signature = signer.sign(&to_be_signed(&link.hash(&transcript)))?;
    let scheme = u16::from(signer.scheme()).to_be_bytes();
    let verify = message(CERTIFICATE_VERIFY, &[&scheme, vec(2, &signature).as_slice()].concat());
    let hash = link.hash(&[transcript, verify.clone()].concat());
    // as some do it: no hash under the HMAC
    let finished = if has("finished-without-hash") {
        hmac::sign(&mac, &[handshake.as_slice(), hashed, &certificate, &verify].concat())
    } else {
        hmac::sign(&mac, &hash)
    };
    let mut whole = [certificate, verify, message(FINISHED, finished.as_ref())].concat();
    if has("octet-behind-finished") {
        whole.push(0);
    }
    Ok(whole)
}

/// The messages of an authenticator with another connection's Finished in place of its own.
pub fn mint_finished(link: &Link, request: &[u8], authenticator: &[u8]) -> Res<Vec<u8>> {
    let mut all = Reader(authenticator);
    let certificate = all.message()?.2;
    let verify = all.message()?.2;
    let (handshake, mac) = secrets(link, link.is_client())?;
    let hash = link.hash(&[&handshake, request, certificate, verify].concat());
    let finished = message(FINISHED, hmac::sign(&mac, &hash).as_ref());
    Ok([certificate, verify, &finished].concat())
}

/// Checks all but the chain and the Evidence.
pub fn open(link: &Link, request: &Request, octets: &[u8], numbers: &Numbers) -> Res<Answer> {
    let (handshake, mac) = secrets(link, !link.is_client())?;
    let mut all = Reader(octets);
    let (kind, body, certificate) = all.message()?;
    let equal = |content: &[u8], found: &[u8]| hmac::verify(&mac, &link.hash(content), found);
    if kind == FINISHED {
        all.end()?;
        let none = message(CERTIFICATE, &[vec(1, &request.context), vec(3, b"")].concat());
        return match equal(&[&handshake, request.whole.as_slice(), &none].concat(), body.0) {
            Ok(()) => Ok(Answer::Refused),
            Err(_) => Err("authenticator: an empty one whose Finished is wrong".into()),
        };
    }
    let (verify_kind, mut verify_body, verify) = all.message()?;
    let (finished_kind, finished, _) = all.message()?;
    all.end()?;
    if (kind, verify_kind, finished_kind) != (CERTIFICATE, CERTIFICATE_VERIFY, FINISHED) {
        return Err("authenticator: not the three messages".into());
    }
    let transcript = [&handshake, request.whole.as_slice(), certificate].concat();
    if equal(&[&transcript, verify].concat(), finished.0).is_err() {
        return Err("authenticator: its Finished is wrong".into());
    }
    let (chain, cmw) = parse_certificate(body, request, numbers)?;
    let scheme = SignatureScheme::from(verify_body.uint(2)? as u16);
    let signature = verify_body.vec(2)?.0;
    verify_body.end()?;
    if !request.schemes.contains(&scheme) {
        return Err(format!("authenticator: signed by {scheme:?}, not asked for").into());
    }
    let provider = rustls::crypto::ring::default_provider();
    let known = provider.signature_verification_algorithms.mapping;
    let known = known.iter().find(|(known, _)| *known == scheme).ok_or("no such scheme")?.1[0];
    let first = chain.first().ok_or("authenticator: no certificate")?;
    webpki::EndEntityCert::try_from(first)?
        .verify_signature(known, &to_be_signed(&link.hash(&transcript)), signature)
        .map_err(|_| "authenticator: its CertificateVerify is wrong")?;
    let spki = public_key(first)?;
    Ok(Answer::Proof { chain, spki, cmw })
}

type Presented = (Vec<CertificateDer<'static>>, Option<Vec<u8>>);

fn parse_certificate(mut body: Reader, request: &Request, numbers: &Numbers) -> Res<Presented> {
    if body.vec(1)?.0 != request.context {
        return Err("authenticator: another context".into());
    }
    let mut entries = body.vec(3)?;
    body.end()?;
    let (mut chain, mut cmw) = (Vec::new(), None);
    while !entries.0.is_empty() {
        chain.push(CertificateDer::from(entries.vec(3)?.0.to_vec()));
        let mut extensions = entries.vec(2)?;
        while !extensions.0.is_empty() {
            let kind = extensions.uint(2)? as u16;
            let mut data = extensions.vec(2)?;
            if !request.extensions.contains(&kind) {
                return Err(format!("authenticator: extension {kind}, not asked for").into());
            }
            if kind == numbers.cmw_attestation {
                if chain.len() != 1 || cmw.is_some() {
                    return Err("authenticator: cmw_attestation out of its place".into());
                }
                cmw = Some(data.vec(2)?.0.to_vec());
                data.end()?;
            }
        }
    }
    Ok((chain, cmw))
}

/// The CMW of an authenticator that need not be valid here.
pub fn carried(authenticator: &[u8], numbers: &Numbers) -> Res<Presented> {
    let (_, mut body, _) = Reader(authenticator).message()?;
    let context = Reader(body.0).vec(1)?.0.to_vec();
    let request = Request {
        whole: Vec::new(),
        context,
        schemes: Vec::new(),
        cmw: true,
        psa: true,
        extensions: vec![numbers.cmw_attestation],
    };
    parse_certificate(Reader(body.take(body.0.len())?), &request, numbers)
}
