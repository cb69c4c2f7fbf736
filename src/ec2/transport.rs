//! The HTTP client of a configuration that names proxies or certificates; without either the SDK's own is used.

use std::path::Path;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::connect::contradiction;
use super::insecure::InsecureConnector;
use super::shared_files::{expanded, variable_of, with_home};
use super::{Ec2Error, Transport};

/// The client, if the SDK's own will not do.
///
/// # Errors
/// A bundle that cannot be read or holds no certificate; a proxy that is no URL.
pub(super) fn client(transport: &Transport) -> Result<Option<SharedHttpClient>, Ec2Error> {
    let bundle = match &transport.custom_ca_bundle {
        Some(path) => Some(expanded(path)),
        None => variable_of("AWS_CA_BUNDLE").map(|path| with_home(&path)),
    };
    let proxies_are_named = [&transport.http_proxy, &transport.https_proxy, &transport.no_proxy]
        .iter()
        .any(|p| p.is_some());
    if bundle.is_none() && !proxies_are_named && !transport.insecure {
        return Ok(None);
    }
    let proxies = if proxies_are_named {
        Proxies::of(transport)?
    } else {
        Proxies::default()
    };
    let tls = tls(bundle.as_deref())?;
    let connectors = |proxy: ProxyConfig| {
        let tls = tls.clone();
        Builder::new().build_with_connector_fn(move |settings, components| {
            let mut builder = Connector::builder().proxy_config(proxy.clone());
            if let Some(settings) = settings {
                builder = builder.connector_settings(settings.clone());
            }
            builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
            builder
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(tls.clone())
                .build()
        })
    };
    let insecure = transport
        .insecure
        .then(|| InsecureConnector::new(proxies.https_url.as_deref(), proxies.no_proxy.as_deref()));
    Ok(Some(SharedHttpClient::new(ByScheme {
        http: connectors(proxies.http),
        https: connectors(proxies.https),
        insecure: insecure
            .transpose()
            .map_err(|error| contradiction(&format!("no TLS without checks: {error}")))?
            .map(SharedHttpConnector::new),
    })))
}

/// The proxies of each scheme.
struct Proxies {
    http: ProxyConfig,
    https: ProxyConfig,
    https_url: Option<String>,
    no_proxy: Option<String>,
}

/// Those of the environment.
impl Default for Proxies {
    fn default() -> Self {
        Self {
            http: ProxyConfig::from_env(),
            https: ProxyConfig::from_env(),
            https_url: variable("HTTPS_PROXY"),
            no_proxy: variable("NO_PROXY"),
        }
    }
}

impl Proxies {
    fn of(transport: &Transport) -> Result<Self, Ec2Error> {
        let http_url = transport.http_proxy.clone().or_else(|| variable("HTTP_PROXY"));
        let https_url = transport
            .https_proxy
            .clone()
            .or_else(|| variable("HTTPS_PROXY"))
            .or_else(|| transport.http_proxy.clone());
        let no_proxy = transport.no_proxy.clone().or_else(|| variable("NO_PROXY"));
        // The SDK takes the asterisk for names only, not for addresses.
        let every_host = |hosts: &String| hosts.split(',').any(|host| host.trim() == "*");
        if no_proxy.as_ref().is_some_and(every_host) {
            return Ok(Self {
                http: ProxyConfig::disabled(),
                https: ProxyConfig::disabled(),
                https_url: None,
                no_proxy: None,
            });
        }
        let proxy = |argument: &str, url: &Option<String>, make: fn(&str) -> Option<ProxyConfig>| {
            let Some(url) = url.as_deref().filter(|url| !url.is_empty()) else {
                return Ok(ProxyConfig::disabled());
            };
            // The URL may hold a password: the message does not repeat it.
            let proxy = make(url).ok_or_else(|| {
                contradiction(&format!(
                    "`{argument}` must be the URL of a proxy such as \"http://HOST:PORT\""
                ))
            })?;
            Ok(match &no_proxy {
                Some(hosts) => proxy.no_proxy(hosts),
                None => proxy,
            })
        };
        Ok(Self {
            http: proxy("http_proxy", &http_url, |url| ProxyConfig::http(url).ok())?,
            https: proxy("https_proxy", &https_url, |url| ProxyConfig::https(url).ok())?,
            https_url: https_url.filter(|url| !url.is_empty()),
            no_proxy,
        })
    }
}

/// A variable that is written in capitals or in small letters.
fn variable(name: &str) -> Option<String> {
    variable_of(name).or_else(|| variable_of(&name.to_ascii_lowercase()))
}

/// The certificates of the bundle and no others, or those of the system.
fn tls(bundle: Option<&Path>) -> Result<TlsContext, Ec2Error> {
    let store = match bundle {
        None => TrustStore::default(),
        Some(path) => {
            let failed = |cause: &str| {
                contradiction(&format!(
                    "the `custom_ca_bundle` {path:?} cannot be used: {cause}"
                ))
            };
            let pem = std::fs::read(path).map_err(|error| failed(&error.to_string()))?;
            let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
                .collect::<Result<_, _>>()
                .map_err(|error| failed(&error.to_string()))?;
            if certificates.is_empty() {
                return Err(failed("it holds no certificate in PEM"));
            }
            // The SDK panics on what it cannot take.
            for certificate in certificates {
                let taken = RootCertStore::empty().add(certificate);
                taken.map_err(|error| failed(&error.to_string()))?;
            }
            TrustStore::empty().with_pem_certificate(pem)
        }
    };
    let context = TlsContext::builder().with_trust_store(store).build();
    context.map_err(|error| contradiction(&error.to_string()))
}

/// One client for each scheme, since each has a proxy of its own.
#[derive(Debug)]
struct ByScheme {
    http: SharedHttpClient,
    https: SharedHttpClient,
    insecure: Option<SharedHttpConnector>,
}

impl HttpClient for ByScheme {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let https = match &self.insecure {
            Some(connector) => connector.clone(),
            None => self.https.http_connector(settings, components),
        };
        SharedHttpConnector::new(ConnectorByScheme {
            http: self.http.http_connector(settings, components),
            https,
        })
    }
}

#[derive(Debug)]
struct ConnectorByScheme {
    http: SharedHttpConnector,
    https: SharedHttpConnector,
}

impl HttpConnector for ConnectorByScheme {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.uri().starts_with("https:") {
            self.https.call(request)
        } else {
            self.http.call(request)
        }
    }
}
