//! A server that answers each request with what a closure gives, and remembers the requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::ec2::{Account, AccountConfig, Endpoints, Secret};
use crate::planner::{Filter, Tags};

pub(super) const SECRET: &str = "the-secret-key";
pub(super) const TOKEN: &str = "the-session-token";

/// An answer, byte by byte.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Sent whole.
    Whole(String),
    /// Sent, then the connection is closed although more was announced.
    Half(String),
    /// The connection is closed without an answer.
    Close,
    /// No answer.
    Silence,
}

/// An answer with a status line, a type and a body.
pub(super) fn http(status: u16, content_type: &str, body: &str) -> Reply {
    Reply::Whole(head(status, content_type, body.len()) + body)
}

pub(super) fn half(status: u16, body: &str) -> Reply {
    Reply::Half(head(status, "text/xml", body.len() + 100) + body)
}

pub(super) fn xml(body: &str) -> Reply {
    http(200, "text/xml;charset=UTF-8", body)
}

/// An error as EC2 tells it.
pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    http(
        status,
        "text/xml;charset=UTF-8",
        &format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code>\
             <Message>{message}</Message></Error></Errors><RequestID>req-1</RequestID></Response>"
        ),
    )
}

/// An error as Elastic Load Balancing tells it.
pub(super) fn elb_error(status: u16, code: &str, message: &str) -> Reply {
    http(
        status,
        "text/xml",
        &format!(
            "<ErrorResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>req-1</RequestId></ErrorResponse>"
        ),
    )
}

/// The answer of an action, with what is inside its root element.
pub(super) fn response(action: &str, inside: &str) -> Reply {
    xml(&format!(
        "<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">{inside}</{action}Response>"
    ))
}

/// The answer of GetCallerIdentity.
pub(super) fn identity() -> Reply {
    identity_of("111122223333")
}

/// The same of another account.
pub(super) fn identity_of(account: &str) -> Reply {
    xml(&format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>arn:aws-cn:iam::{account}:user/me</Arn><UserId>A</UserId>\
         <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    ))
}

fn head(status: u16, content_type: &str, length: usize) -> String {
    format!("HTTP/1.1 {status} Whatever\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n")
}

pub(super) struct Server {
    pub(super) url: String,
    seen: Seen,
}

/// Headers and body of each request.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

impl Server {
    /// Starts to listen. `answer` gets the action's name, the body and how many requests of that action there were so
    /// far. GetCallerIdentity is answered here.
    pub(super) async fn start(answer: impl Fn(&str, &str, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::raw(move |action, body, count| match action {
            "GetCallerIdentity" => identity(),
            _ => answer(action, body, count),
        })
        .await
    }

    /// As [`Server::start`], GetCallerIdentity included.
    pub(super) async fn raw(answer: impl Fn(&str, &str, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Seen::default();
        let answer = Arc::new(answer);
        let server = Self {
            url,
            seen: Arc::clone(&seen),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&seen)));
            }
        });
        server
    }

    /// Who the caller is and nothing else, over TLS.
    pub(super) async fn tls(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let seen = Seen::default();
        let server = Self {
            url,
            seen: Arc::clone(&seen),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    // A client that does not believe the certificate breaks off.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, Arc::new(|_: &str, _: &str, _: usize| identity()), seen).await;
                    }
                });
            }
        });
        server
    }

    pub(super) fn config(&self) -> AccountConfig {
        config(&self.url)
    }

    pub(super) async fn account(&self) -> Account {
        Account::connect(self.config()).await.unwrap()
    }

    /// The decoded bodies of the requests with this action.
    pub(super) fn requests(&self, action: &str) -> Vec<String> {
        let start = format!("Action={action}&");
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .map(|(_, body)| body)
            .filter(|body| body.starts_with(&start))
            .cloned()
            .collect()
    }

    /// Request lines and headers of the requests with this action.
    pub(super) fn heads(&self, action: &str) -> Vec<String> {
        let start = format!("Action={action}&");
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|(_, body)| body.starts_with(&start))
            .map(|(head, _)| head.clone())
            .collect()
    }

    /// Request line and headers of the last request.
    pub(super) fn last_head(&self) -> String {
        self.seen
            .lock()
            .unwrap()
            .last()
            .map(|(head, _)| head.clone())
            .unwrap_or_default()
    }
}

pub(super) fn config(url: &str) -> AccountConfig {
    AccountConfig {
        region: Some("eu-west-1".into()),
        access_key: Some(Secret::new("AKIDEXAMPLE")),
        secret_key: Some(Secret::new(SECRET)),
        token: Some(Secret::new(TOKEN)),
        endpoints: Endpoints {
            ec2: Some(url.into()),
            sts: Some(url.into()),
            elbv2: Some(url.into()),
        },
        ..AccountConfig::default()
    }
}

pub(super) fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

pub(super) fn filter(name: &str, values: &[&str]) -> Filter {
    Filter {
        name: name.into(),
        values: ids(values),
    }
}

pub(super) fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect()
}

/// A URL where nobody listens.
pub(super) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: Arc<impl Fn(&str, &str, usize) -> Reply>,
    seen: Seen,
) {
    while let Some((head, body)) = request(&mut stream).await {
        let action = body
            .strip_prefix("Action=")
            .unwrap_or_default()
            .split('&')
            .next()
            .unwrap_or_default();
        let count = {
            let mut seen = seen.lock().unwrap();
            seen.push((head, body.clone()));
            let start = format!("Action={action}&");
            seen.iter().filter(|(_, body)| body.starts_with(&start)).count()
        };
        match answer(action, &body, count) {
            Reply::Whole(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            Reply::Half(text) => {
                stream.write_all(text.as_bytes()).await.unwrap();
                return;
            }
            Reply::Close => return,
            Reply::Silence => tokio::time::sleep(Duration::from_secs(600)).await,
        }
    }
}

/// Headers and decoded body of one request; none at the end of the connection.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().unwrap())
    });
    let mut body = bytes.split_off(end);
    let read = body.len();
    body.resize(length.unwrap_or(0), 0);
    stream.read_exact(&mut body[read..]).await.ok()?;
    Some((head, decode(&String::from_utf8(body).unwrap())))
}

fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                out.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
            }
            b'+' => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8(out).unwrap()
}
