// SPDX-License-Identifier: Apache-2.0
//! One TLS 1.3 connection by rustls, and what its exporter gives (RFC 8446, 7.5).

use crate::wire::Res;
use ring::{digest, hmac};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{ring as provider, CryptoProvider};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

pub struct Link {
    conn: Connection,
    sock: TcpStream,
}

/// With --ca the chain counts; without, the key alone, which the Evidence has to vouch for.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer,
        _: &[CertificateDer],
        _: &ServerName,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

pub fn crypto(suite: Option<&str>) -> Arc<CryptoProvider> {
    let mut crypto = provider::default_provider();
    if let Some(name) = suite {
        crypto.cipher_suites.retain(|known| format!("{:?}", known.suite()) == name);
    }
    Arc::new(crypto)
}

pub fn verifier(roots: RootCertStore, crypto: Arc<CryptoProvider>) -> Res<Arc<WebPkiServerVerifier>> {
    Ok(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), crypto).build()?)
}

impl Link {
    pub fn client(
        sock: TcpStream,
        name: &str,
        alpn: Vec<Vec<u8>>,
        crypto: Arc<CryptoProvider>,
        roots: Option<RootCertStore>,
    ) -> Res<Self> {
        let check: Arc<dyn ServerCertVerifier> = match roots {
            Some(roots) => verifier(roots, crypto.clone())?,
            None => Arc::new(AnyCertificate(crypto.clone())),
        };
        let mut config = ClientConfig::builder_with_provider(crypto)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(check)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.alpn_protocols = alpn;
        let name = ServerName::try_from(name.to_string())?;
        let conn = ClientConnection::new(Arc::new(config), name)?;
        Self::handshake(Connection::Client(conn), sock)
    }

    pub fn server(
        sock: TcpStream,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        alpn: Vec<Vec<u8>>,
        crypto: Arc<CryptoProvider>,
    ) -> Res<Self> {
        let mut config = ServerConfig::builder_with_provider(crypto)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.send_tls13_tickets = 0;
        config.alpn_protocols = alpn;
        let conn = ServerConnection::new(Arc::new(config))?;
        Self::handshake(Connection::Server(conn), sock)
    }

    fn handshake(mut conn: Connection, mut sock: TcpStream) -> Res<Self> {
        while conn.is_handshaking() {
            conn.complete_io(&mut sock)?;
        }
        Ok(Self { conn, sock })
    }

    pub fn is_client(&self) -> bool {
        matches!(self.conn, Connection::Client(_))
    }

    pub fn alpn(&self) -> &[u8] {
        self.conn.alpn_protocol().unwrap_or(b"")
    }

    pub fn suite(&self) -> String {
        self.conn.negotiated_cipher_suite().map_or(String::new(), |suite| format!("{:?}", suite.suite()))
    }

    fn hash_len(&self) -> usize {
        let suite = self.conn.negotiated_cipher_suite().and_then(|suite| suite.tls13());
        suite.map_or(0, |suite| suite.common.hash_provider.output_len())
    }

    /// The hash of the suite.
    pub fn hash(&self, octets: &[u8]) -> Vec<u8> {
        let alg = if self.hash_len() == 48 { &digest::SHA384 } else { &digest::SHA256 };
        digest::digest(alg, octets).as_ref().to_vec()
    }

    pub fn hmac_key(&self, key: &[u8]) -> hmac::Key {
        let alg = if self.hash_len() == 48 { hmac::HMAC_SHA384 } else { hmac::HMAC_SHA256 };
        hmac::Key::new(alg, key)
    }

    pub fn export(&self, label: &str, context: &[u8], len: usize) -> Res<Vec<u8>> {
        Ok(self.conn.export_keying_material(vec![0; len], label.as_bytes(), Some(context))?)
    }

    /// An exporter of RFC 9261 (5.1): no context, as long as the hash.
    pub fn export_hash(&self, label: &str) -> Res<Vec<u8>> {
        self.export(label, b"", self.hash_len())
    }

    /// What has come, at least one octet; nothing at the peer's close_notify.
    pub fn read_some(&mut self, most: usize) -> Res<Vec<u8>> {
        let mut octets = vec![0; most];
        loop {
            match self.conn.reader().read(&mut octets) {
                Ok(len) => {
                    octets.truncate(len);
                    return Ok(octets);
                }
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    self.conn.complete_io(&mut self.sock)?;
                }
                Err(err) => return Err(err.into()),
            }
        }
    }

    pub fn read_exact(&mut self, len: usize) -> Res<Vec<u8>> {
        let mut octets = Vec::new();
        while octets.len() < len {
            let more = self.read_some(len - octets.len())?;
            if more.is_empty() {
                return Err("the peer has closed".into());
            }
            octets.extend(more);
        }
        Ok(octets)
    }

    pub fn write(&mut self, octets: &[u8]) -> Res<()> {
        self.conn.writer().write_all(octets)?;
        while self.conn.wants_write() {
            self.conn.write_tls(&mut self.sock)?;
        }
        Ok(())
    }

    pub fn close(&mut self) {
        self.conn.send_close_notify();
        let _ = self.write(b"");
    }
}
