//! HTTPS to a server whose certificate nobody checks, which the SDK's own client cannot do.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioExecutor;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

type Direct = Client<HttpsConnector<Tcp>, SdkBody>;
type Tunnelled = Client<HttpsConnector<Tunnel<Tcp>>, SdkBody>;

/// Sends requests over TLS that checks no certificate.
#[derive(Debug)]
pub(super) struct InsecureConnector {
    direct: Direct,
    proxy: Option<(Matcher, Tunnelled)>,
}

impl InsecureConnector {
    /// With the proxy for HTTPS, if there is one, and the hosts that do without it.
    pub(super) fn new(proxy: Option<&str>, no_proxy: Option<&str>) -> Result<Self, Error> {
        let tls = tls()?;
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let proxy = proxy.and_then(|url| {
            let matcher = Matcher::builder()
                .https(url)
                .no(no_proxy.unwrap_or_default())
                .build();
            let any = "https://host.invalid".parse().ok()?;
            let intercept = matcher.intercept(&any)?;
            let mut tunnel = Tunnel::new(intercept.uri().clone(), tcp.clone());
            if let Some(authorization) = intercept.basic_auth() {
                tunnel = tunnel.with_auth(authorization.clone());
            }
            Some((
                matcher,
                Client::builder(TokioExecutor::new()).build(https(&tls, tunnel)),
            ))
        });
        Ok(Self {
            direct: Client::builder(TokioExecutor::new()).build(https(&tls, tcp)),
            proxy,
        })
    }
}

fn https<C>(tls: &ClientConfig, connector: C) -> HttpsConnector<C> {
    HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_only()
        .enable_http1()
        .wrap_connector(connector)
}

impl HttpConnector for InsecureConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let proxy = self.proxy.as_ref();
        let sent = match proxy.filter(|(matcher, _)| matcher.intercept(request.uri()).is_some()) {
            Some((_, client)) => client.request(request),
            None => self.direct.request(request),
        };
        HttpConnectorFuture::new(async move {
            let response = sent.await.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fn tls() -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Unchecked(provider)))
        .with_no_client_auth())
}

/// Believes any certificate; that the server holds its key is checked all the same.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
