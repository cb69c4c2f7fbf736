//! The socket: one port for EC2, STS, elbv2 and the control endpoint.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{ServiceExt, service_fn};

use crate::control;
use crate::faults::Kind;
use crate::sandbox::{Delivery, Sandbox};
use crate::sigv4::Request;

/// No request of a thousand resource ids is larger.
const LARGEST_BODY: usize = 4 << 20;

/// What the handlers share.
#[derive(Clone)]
pub struct Shared {
    sandbox: Arc<Mutex<Sandbox>>,
    in_flight: Arc<AtomicUsize>,
}

impl Shared {
    /// Wraps a sandbox for serving.
    pub fn new(sandbox: Sandbox) -> Self {
        Self {
            sandbox: Arc::new(Mutex::new(sandbox)),
            in_flight: Arc::default(),
        }
    }

    /// The sandbox, for one call at a time.
    pub fn lock(&self) -> MutexGuard<'_, Sandbox> {
        self.sandbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks a response whose connection is closed instead.
#[derive(Clone)]
struct CloseInstead;

/// The answer was meant not to arrive.
#[derive(Debug, thiserror::Error)]
#[error("connection closed by an injected fault")]
struct Closed;

/// Serves until the task is dropped.
pub async fn serve(listener: TcpListener, shared: Shared) -> std::io::Result<()> {
    let router: Router = Router::new()
        .nest("/_sandbox", control::router())
        .fallback(call)
        .with_state(shared);
    loop {
        let (stream, _) = listener.accept().await?;
        // Answers are written whole; waiting to fill a packet only adds latency.
        stream.set_nodelay(true)?;
        let router = router.clone();
        let service = service_fn(move |request| {
            let router = router.clone();
            async move {
                let request: HttpRequest<hyper::body::Incoming> = request;
                let Ok(response) = router.oneshot(request).await;
                match response.extensions().get::<CloseInstead>() {
                    Some(_) => Err(Closed),
                    None => Ok(response),
                }
            }
        });
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
            // A client that goes away, and a connection closed on purpose, are no news.
            let _ = connection.await;
        });
    }
}

/// Counts a call as in flight until it is answered.
struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn call(State(shared): State<Shared>, request: HttpRequest) -> Response {
    let concurrency = shared.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
    let _guard = InFlight(&shared.in_flight);
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = Request {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: (parts.headers.iter())
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect(),
        body: body.to_vec(),
    };
    let reply = {
        let mut sandbox = shared.lock();
        sandbox.ledger.highest_concurrency = sandbox.ledger.highest_concurrency.max(concurrency);
        sandbox.handle(&request)
    };
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    let (status, mut xml) = reply.encode();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content = [(header::CONTENT_TYPE, "text/xml;charset=UTF-8")];
    match reply.delivery {
        Delivery::Whole => (status, content, xml).into_response(),
        Delivery::Spoilt(Kind::Hang) => std::future::pending().await,
        Delivery::Spoilt(Kind::Truncated) => {
            xml.truncate(xml.floor_char_boundary(xml.len() / 2));
            (status, content, xml).into_response()
        }
        Delivery::Spoilt(Kind::HalfWritten) => {
            xml.truncate(xml.floor_char_boundary(xml.len() / 2));
            let parts = [Ok(Bytes::from(xml)), Err(Closed)];
            (status, content, Body::from_stream(Parts(parts.into_iter()))).into_response()
        }
        Delivery::Spoilt(Kind::Html) => {
            let page = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>";
            let content = [(header::CONTENT_TYPE, "text/html")];
            (StatusCode::INTERNAL_SERVER_ERROR, content, page).into_response()
        }
        Delivery::Spoilt(_) => {
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(CloseInstead);
            response
        }
    }
}

/// The parts of a body that ends in an error.
struct Parts<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Parts<I> {
    type Item = I::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}
