//! Proxies, and the endpoints that are chosen where none is configured.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::server::{Server, config, response};
use super::tls::{Authority, trusting};
use crate::ec2::{Account, AccountConfig, Endpoints, ErrorClass, Transport};

/// A proxy for HTTPS: it remembers the head of each CONNECT, and tunnels to loopback only.
struct Tunnel {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://me:pass-word@{}", listener.local_addr().unwrap());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(tunnel(stream, Arc::clone(&seen)));
            }
        });
        Self { url, heads }
    }

    /// The hosts that were asked for, each once.
    fn hosts(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        let host = |head: &String| {
            head.strip_prefix("CONNECT ")
                .and_then(|rest| rest.split(' ').next())
                .map(str::to_owned)
        };
        let mut hosts: Vec<String> = heads.iter().filter_map(host).collect();
        hosts.dedup();
        hosts
    }
}

async fn tunnel(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    seen.lock().unwrap().push(head.clone());
    let Some(port) = head.strip_prefix("CONNECT localhost:") else {
        return;
    };
    let port: u16 = port.split(' ').next().unwrap().parse().unwrap();
    let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await
        .unwrap();
    let _ = copy_bidirectional(&mut stream, &mut far).await;
}

fn through_http(proxy: &str, no_proxy: Option<&str>) -> Transport {
    Transport {
        http_proxy: Some(proxy.into()),
        no_proxy: no_proxy.map(Into::into),
        ..Transport::default()
    }
}

#[tokio::test]
async fn http_goes_through_its_proxy() {
    let proxy = Server::start(|action, _, _| response(action, "")).await;
    let address = proxy.url.strip_prefix("http://").unwrap();
    let config = AccountConfig {
        transport: through_http(&format!("http://me:pass@{address}"), None),
        ..config("http://aws.invalid:8080")
    };
    let account = Account::connect(config).await.unwrap();
    account.sessions().await.unwrap();
    let head = proxy.last_head();
    assert!(head.starts_with("POST http://aws.invalid:8080/ "), "{head}");
    let basic = "proxy-authorization: basic bwu6cgfzcw==";
    assert!(head.to_ascii_lowercase().contains(basic), "{head}");
}

#[tokio::test]
async fn some_hosts_do_without_it() {
    let proxy = Server::start(|action, _, _| response(action, "")).await;
    let direct = Server::start(|action, _, _| response(action, "")).await;
    for (no_proxy, proxied) in [("127.0.0.0/8,example.com", 0), ("*", 0), ("example.com", 1)] {
        let config = AccountConfig {
            transport: through_http(&proxy.url, Some(no_proxy)),
            ..config(&direct.url)
        };
        Account::connect(config).await.unwrap();
        assert_eq!(proxy.requests("GetCallerIdentity").len(), proxied, "{no_proxy}");
    }
    assert_eq!(direct.requests("GetCallerIdentity").len(), 2);
}

#[tokio::test]
async fn https_goes_through_a_tunnel() {
    let authority = Authority::new().await;
    let host = authority.server.url.strip_prefix("https://").unwrap().to_owned();
    for (http, https, insecure) in [(true, false, false), (false, true, false), (false, true, true)] {
        let proxy = Tunnel::start().await;
        let bundle = (!insecure).then(|| trusting(&authority.bundle()));
        let transport = Transport {
            http_proxy: http.then(|| proxy.url.clone()),
            https_proxy: https.then(|| proxy.url.clone()),
            insecure,
            ..bundle.unwrap_or_default()
        };
        let account = Account::connect(authority.with(transport)).await.unwrap();
        assert_eq!(account.account_id(), "111122223333");
        assert_eq!(proxy.hosts(), std::slice::from_ref(&host));
        let head = proxy.heads.lock().unwrap()[0].to_ascii_lowercase();
        assert!(head.contains("proxy-authorization: basic"), "{head}");
    }
}

#[tokio::test]
async fn an_empty_proxy_for_https_is_none() {
    let authority = Authority::new().await;
    let proxy = Tunnel::start().await;
    let transport = Transport {
        http_proxy: Some(proxy.url.clone()),
        https_proxy: Some(String::new()),
        ..trusting(&authority.bundle())
    };
    Account::connect(authority.with(transport)).await.unwrap();
    assert!(proxy.hosts().is_empty());
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_keeps_its_password() {
    let config = AccountConfig {
        transport: through_http("http://me:pass-word@127.0.0.1:1", None),
        ..config("http://aws.invalid:8080")
    };
    let error = Account::connect(config).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Unreachable, "{error}");
    let told = format!("{} {error:?}", error.detail());
    assert!(!told.contains("pass-word"), "{told}");
    let config = AccountConfig {
        transport: through_http("socks://me:pass-word@host", None),
        ..super::server::config("http://aws.invalid:8080")
    };
    let error = Account::connect(config).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Configuration, "{error}");
    let told = format!("{} {error:?}", error.detail());
    assert!(
        told.contains("http_proxy") && !told.contains("pass-word"),
        "{told}"
    );
}

/// The host of STS that is asked for with these choices.
async fn sts_host(fips: Option<bool>, dualstack: Option<bool>) -> Vec<String> {
    let proxy = Tunnel::start().await;
    let config = AccountConfig {
        region: Some("us-east-1".into()),
        endpoints: Endpoints::default(),
        use_fips_endpoint: fips,
        use_dualstack_endpoint: dualstack,
        max_retries: Some(0),
        transport: Transport {
            https_proxy: Some(proxy.url.clone()),
            ..Transport::default()
        },
        ..config("http://unused.invalid")
    };
    Account::connect(config).await.unwrap_err();
    proxy.hosts()
}

#[tokio::test]
async fn endpoints_of_fips_and_of_both_stacks() {
    assert_eq!(sts_host(None, None).await, ["sts.us-east-1.amazonaws.com:443"]);
    assert_eq!(
        sts_host(Some(true), None).await,
        ["sts-fips.us-east-1.amazonaws.com:443"]
    );
    assert_eq!(sts_host(None, Some(true)).await, ["sts.us-east-1.api.aws:443"]);
    assert_eq!(
        sts_host(Some(true), Some(true)).await,
        ["sts-fips.us-east-1.api.aws:443"]
    );
}
