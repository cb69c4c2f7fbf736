//! Certificates: a bundle of one's own, or none that is checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::server::{Server, config};
use crate::ec2::{Account, AccountConfig, ErrorClass, Transport};

/// An authority of this test's own, and a server with its certificate.
pub(super) struct Authority {
    folder: tempfile::TempDir,
    pub(super) server: Server,
}

impl Authority {
    pub(super) async fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &issuer).unwrap();
        let chain = vec![CertificateDer::from(leaf.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), root.pem()).unwrap();
        Self {
            folder,
            server: Server::tls(TlsAcceptor::from(Arc::new(tls))).await,
        }
    }

    pub(super) fn bundle(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub(super) fn with(&self, transport: Transport) -> AccountConfig {
        AccountConfig {
            transport,
            ..config(&self.server.url)
        }
    }
}

pub(super) fn trusting(bundle: &Path) -> Transport {
    Transport {
        custom_ca_bundle: Some(bundle.display().to_string()),
        ..Transport::default()
    }
}

#[tokio::test]
async fn a_certificate_is_believed_for_the_bundle_alone() {
    let authority = Authority::new().await;
    let account = Account::connect(authority.with(trusting(&authority.bundle()))).await;
    assert_eq!(account.unwrap().account_id(), "111122223333");

    let other = Authority::new().await;
    for transport in [Transport::default(), trusting(&other.bundle())] {
        let error = Account::connect(authority.with(transport)).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Unreachable, "{error}");
        assert!(error.detail().contains("certificate"), "{}", error.detail());
    }
    assert_eq!(authority.server.requests("GetCallerIdentity").len(), 1);
}

#[tokio::test]
async fn without_checks_any_certificate_will_do() {
    let authority = Authority::new().await;
    let insecure = Transport {
        insecure: true,
        ..Transport::default()
    };
    let account = Account::connect(authority.with(insecure)).await.unwrap();
    assert_eq!(account.account_id(), "111122223333");
}

#[tokio::test]
async fn a_bundle_that_is_none() {
    let authority = Authority::new().await;
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.pem");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate\n").unwrap();
    let broken = folder.path().join("broken.pem");
    let text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&broken, text).unwrap();
    for path in [missing, empty, broken] {
        let error = Account::connect(authority.with(trusting(&path)))
            .await
            .unwrap_err();
        assert_eq!(error.class(), ErrorClass::Configuration, "{error}");
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(error.detail().contains(name), "{}", error.detail());
    }
}
