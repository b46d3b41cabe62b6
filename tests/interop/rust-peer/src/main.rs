// SPDX-License-Identifier: Apache-2.0
//! A peer for atls after the handshake, from the standards and PROTOCOL.md alone. README.md has its options.

mod authenticator;
mod exchange;
mod link;
mod psa;
mod relay;
mod wire;

use authenticator::{Identity, Numbers};
use exchange::{Exchange, Settings};
use link::Link;
use ring::digest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use rustls::RootCertStore;
use std::collections::HashMap;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use wire::Res;

struct Options(HashMap<String, String>);

impl Options {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn must(&self, name: &str) -> Res<&str> {
        self.get(name).ok_or(format!("--{name} is needed").into())
    }

    fn chain(&self, name: &str) -> Res<Vec<CertificateDer<'static>>> {
        Ok(CertificateDer::pem_file_iter(self.must(name)?)?.collect::<Result<_, _>>()?)
    }

    fn key(&self, name: &str) -> Res<PrivateKeyDer<'static>> {
        Ok(PrivateKeyDer::from_pem_file(self.must(name)?)?)
    }

    fn settings(&self) -> Res<Settings> {
        let crypto = link::crypto(self.get("suite"));
        let mut identity = None;
        if self.get("cert").is_some() {
            let key = crypto.key_provider.load_private_key(self.key("key")?)?;
            identity = Some(Identity { chain: self.chain("cert")?, key });
        }
        let attester = match self.get("attest") {
            Some(_) => Some(psa::Attester::new(self.key("attest")?.secret_der())?),
            None => None,
        };
        // of P-256: the last 65 octets of a SubjectPublicKeyInfo are the point
        let anchor = match self.get("expect") {
            Some(file) => {
                let spki = SubjectPublicKeyInfoDer::from_pem_file(file)?;
                Some(spki[spki.len().saturating_sub(65)..].to_vec())
            }
            None => None,
        };
        let mut roots = None;
        if self.get("ca").is_some() {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(self.chain("ca")?);
            roots = Some(store);
        }
        let numbers = Numbers {
            cmw_attestation: self.get("cmw-extension-type").unwrap_or("65375").parse()?,
            label: self.get("exporter-label").unwrap_or("EXPORTER-cmw-attestation").into(),
        };
        Ok(Settings {
            crypto,
            numbers,
            identity,
            attester,
            anchor,
            roots,
            faults: self.get("fault").map_or(Vec::new(), |all| all.split(',').map(String::from).collect()),
            name: self.get("name").unwrap_or("localhost").into(),
            framed: self.get("framed").is_some(),
            rounds: self.get("rounds").unwrap_or("0").parse()?,
        })
    }

    /// What is offered; a server takes the first of its own that a client has.
    fn alpn(&self) -> Vec<Vec<u8>> {
        match self.get("alpn") {
            Some(name) => vec![format!("atls/1+{name}").into_bytes(), name.as_bytes().to_vec()],
            None => vec![b"atls/1".to_vec()],
        }
    }

    fn connect(&self, set: &Settings) -> Res<Link> {
        let sock = TcpStream::connect(self.must("connect")?)?;
        bounded(&sock)?;
        Link::client(sock, &set.name, self.alpn(), set.crypto.clone(), set.roots.clone())
    }

    fn accept(&self, set: &Settings) -> Res<Link> {
        let listener = TcpListener::bind(self.get("listen").unwrap_or("127.0.0.1:0"))?;
        println!("listening on {}", listener.local_addr()?);
        let sock = listener.accept()?.0;
        bounded(&sock)?;
        let name = if self.get("tls-cert").is_some() { "tls-" } else { "" };
        let (cert, key) = (format!("{name}cert"), format!("{name}key"));
        Link::server(sock, self.chain(&cert)?, self.key(&key)?, self.alpn(), set.crypto.clone())
    }
}

fn bounded(sock: &TcpStream) -> Res<()> {
    sock.set_nodelay(true)?;
    Ok(sock.set_read_timeout(Some(Duration::from_secs(10)))?)
}

/// A client sends a line and wants it back; a server sends back what comes.
fn converse(link: &mut Link, set: &Settings, exchange: &mut Exchange) -> Res<Vec<u8>> {
    exchange.prelude(link, set)?;
    let mut data = Vec::new();
    let line: &[u8] = if link.is_client() { b"hello from rust\n" } else { b"" };
    if link.is_client() {
        exchange.send(link, line)?;
    }
    for _ in 0..set.rounds {
        exchange.round(link, set, &mut data)?;
    }
    while !link.is_client() || data.len() < line.len() {
        let more = exchange.receive(link, set)?;
        if more.is_empty() {
            break;
        }
        if !link.is_client() {
            exchange.send(link, &more)?;
        }
        data.extend(more);
    }
    link.close();
    Ok(data)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// One line for each fact. True when all went well.
fn report(set: &Settings, link: &mut Link) -> bool {
    let mut exchange = Exchange::default();
    let result = converse(link, set, &mut exchange);
    println!("suite {}", link.suite());
    println!("alpn {}", String::from_utf8_lossy(link.alpn()));
    println!("framed {}", exchange.frames);
    println!("asked {}", exchange.rounds_asked);
    println!("answered {}", exchange.rounds_answered);
    if let Some(key) = exchange.peer_key {
        println!("peer {}", hex(digest::digest(&digest::SHA256, &key).as_ref()));
    }
    if let Some(alert) = exchange.closed {
        println!("closed {alert}");
    }
    match &result {
        Ok(data) => println!("data {}", String::from_utf8_lossy(data).trim_end()),
        Err(err) => println!("error {err}"),
    }
    result.is_ok()
}

fn run() -> Res<bool> {
    let mut args = std::env::args().skip(1);
    let role = args.next().unwrap_or_default();
    let mut options = Options(HashMap::new());
    while let Some(name) = args.next() {
        let name = name.strip_prefix("--").ok_or(format!("what is {name}?"))?.to_string();
        let value = if name == "framed" { Some(String::new()) } else { args.next() };
        options.0.insert(name.clone(), value.ok_or(format!("--{name} wants a value"))?);
    }
    let set = options.settings()?;
    match role.as_str() {
        "client" => Ok(report(&set, &mut options.connect(&set)?)),
        "server" => Ok(report(&set, &mut options.accept(&set)?)),
        "relay" => {
            let mut server = options.accept(&set)?;
            let mut client = options.connect(&set)?;
            let (relying, attesting) = match options.must("attests")? {
                "server" => (&mut server, &mut client),
                _ => (&mut client, &mut server),
            };
            let closed = relay::run(relying, attesting, &set, options.must("how")?)?;
            match closed {
                Some(alert) => println!("closed {alert}"),
                None => println!("accepted"),
            }
            Ok(closed.is_none())
        }
        _ => Err("rust-peer client|server|relay --NAME VALUE...".into()),
    }
}

fn main() {
    let status = match run() {
        Ok(true) => 0,
        Ok(false) => 2,
        Err(err) => {
            println!("error {err}");
            3
        }
    };
    std::process::exit(status);
}
