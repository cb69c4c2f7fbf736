//! The host's side of the connection: identities as go-plugin makes them, and a
//! client of the services that every plugin has.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P521_SHA512};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::process::{PATIENCE, Plugin};

/// A certificate and a key, made like go-plugin's: P-521, self-signed, an
/// authority of its own.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: KeyPair,
    pem: String,
}

impl Identity {
    pub fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).expect("a key");
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).expect("a certificate");
        Identity {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            key,
        }
    }

    /// Someone who has seen the certificate and has not got its key.
    pub fn with_another_key(&self) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).expect("a key");
        Identity {
            certificate: self.certificate.clone(),
            pem: self.pem.clone(),
            key,
        }
    }

    /// Tells the plugin whom to expect.
    pub fn announce(&self, command: &mut Command) {
        command.env("PLUGIN_CLIENT_CERT", &self.pem);
    }
}

/// Presents a certificate whether or not its key fits, which the library's own
/// way would refuse.
#[derive(Debug)]
struct Presented(Arc<CertifiedKey>);

impl ResolvesClientCert for Presented {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A connection to a plugin.
pub struct Client(Channel);

impl Client {
    /// Without TLS.
    pub async fn plain(plugin: &Plugin) -> Result<Self, String> {
        Client::plain_at(&plugin.socket()).await
    }

    /// Without TLS, at a socket.
    pub async fn plain_at(socket: &Path) -> Result<Self, String> {
        Client::connect(socket, None).await
    }

    /// With TLS that trusts the announced server and presents `identity`.
    pub async fn trusting(plugin: &Plugin, identity: Option<&Identity>) -> Result<Self, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(plugin.certificate()))
            .expect("the server's certificate");
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = match identity {
            None => config.with_no_client_auth(),
            Some(identity) => {
                let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.serialize_der()));
                let key = provider.key_provider.load_private_key(key).expect("a key");
                let presented = CertifiedKey::new(vec![identity.certificate.clone()], key);
                config.with_client_cert_resolver(Arc::new(Presented(Arc::new(presented))))
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Client::connect(&plugin.socket(), Some(TlsConnector::from(Arc::new(config)))).await
    }

    async fn connect(socket: &Path, tls: Option<TlsConnector>) -> Result<Self, String> {
        let socket = socket.to_owned();
        let connector = tower::service_fn(move |_: Uri| {
            let (socket, tls) = (socket.clone(), tls.clone());
            async move {
                let stream = UnixStream::connect(socket).await?;
                let io: Box<dyn Io> = match tls {
                    None => Box::new(stream),
                    Some(tls) => {
                        let name = ServerName::try_from("localhost").expect("a name");
                        Box::new(tls.connect(name, stream).await?)
                    }
                };
                Ok::<_, std::io::Error>(TokioIo::new(io))
            }
        });
        Endpoint::from_static("http://localhost")
            .timeout(PATIENCE)
            .connect_with_connector(connector)
            .await
            .map(Client)
            .map_err(|error| format!("{error:?}"))
    }

    /// What the plugin says of its health.
    pub async fn health(&self) -> Result<&'static str, String> {
        let request = HealthCheckRequest {
            service: "plugin".to_owned(),
        };
        let answer = HealthClient::new(self.0.clone()).check(request).await;
        answer.map(status_name).map_err(|error| format!("{error:?}"))
    }

    /// Opens a stream of health reports and reads the first.
    pub async fn watch(&self) -> Result<tonic::Streaming<HealthCheckResponse>, String> {
        let request = HealthCheckRequest {
            service: "plugin".to_owned(),
        };
        let answer = HealthClient::new(self.0.clone()).watch(request).await;
        let mut reports = answer.map_err(|error| format!("{error:?}"))?.into_inner();
        reports.message().await.map_err(|error| format!("{error:?}"))?;
        Ok(reports)
    }

    /// Asks the plugin's process to end.
    pub async fn shutdown(&self) -> Result<(), String> {
        let mut controller = tonic::client::Grpc::new(self.0.clone());
        controller.ready().await.map_err(|error| format!("{error:?}"))?;
        // An empty message has the form of the unit value.
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        let path = "/plugin.GRPCController/Shutdown".parse().expect("a path");
        let answer = controller.unary(tonic::Request::new(()), path, codec).await;
        answer.map(drop).map_err(|error| format!("{error:?}"))
    }
}

fn status_name(answer: tonic::Response<HealthCheckResponse>) -> &'static str {
    ServingStatus::try_from(answer.into_inner().status).map_or("?", |status| status.as_str_name())
}

trait Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Io for T {}
