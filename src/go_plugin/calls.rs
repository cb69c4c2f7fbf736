//! Calls that outlive their connections.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_util::task::TaskTracker;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tower::{Layer, Service};
use tracing::Instrument;

/// Runs each call in a task of its own, which nothing but the end of the process
/// drops. The clones share one count.
#[derive(Debug, Clone, Default)]
pub struct Calls(TaskTracker);

impl Calls {
    /// How many calls have no answer yet.
    pub fn in_flight(&self) -> usize {
        self.0.len()
    }

    /// Waits until every call has its answer. Calls may still begin meanwhile.
    pub async fn finished(&self) {
        self.0.close();
        self.0.wait().await;
    }
}

impl<S> Layer<S> for Calls {
    type Service = Detached<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Detached {
            calls: self.clone(),
            inner,
        }
    }
}

/// The service that [`Calls`] makes of another.
#[derive(Debug, Clone)]
pub struct Detached<S> {
    calls: Calls,
    inner: S,
}

impl<S> Service<Request<Body>> for Detached<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = self.calls.0.spawn(self.inner.call(request).in_current_span());
        Box::pin(async move {
            match call.await {
                Ok(answer) => answer,
                // The handler panicked, or the runtime is ending. The panic's text went to the
                // log; a status may be read by anyone.
                Err(_) => Ok(Status::internal("the plugin failed while it handled this call").into_http()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::sync::Notify;

    #[tokio::test]
    async fn a_call_outlives_the_one_who_made_it() {
        let calls = Calls::default();
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let mut service = calls.layer(tower::service_fn({
            let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
            move |_: Request<Body>| {
                let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
                async move {
                    begun.notify_one();
                    go_on.notified().await;
                    Ok::<_, Infallible>(Response::new(Body::empty()))
                }
            }
        }));
        drop(service.call(Request::new(Body::empty())));
        begun.notified().await;
        assert_eq!(calls.in_flight(), 1);
        go_on.notify_one();
        calls.finished().await;
        assert_eq!(calls.in_flight(), 0);
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let mut service = Calls::default().layer(tower::service_fn(|_: Request<Body>| async {
            panic!("on purpose")
        }));
        let answer = service
            .call(Request::new(Body::empty()))
            .await
            .expect("infallible");
        assert_eq!(
            answer.headers()["grpc-status"],
            (tonic::Code::Internal as i32).to_string().as_str()
        );
    }
}
