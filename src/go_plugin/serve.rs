//! One run of the server, from the cookie to the last answer.

use std::pin::pin;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;

use super::calls::Calls;
use super::ending::{self, Ending};
use super::environment::Environment;
use super::tls::Tls;
use super::{Mode, ServeConfig, ServeError, announcement, connection, controller, listener};

/// Serves `routes` until the host, a signal or the host's death ends it.
///
/// `Ok` means an orderly end, with exit code 0; every error is one of the start,
/// with exit code 1 and its text for a person on stderr, except
/// [`ServeError::Server`] and [`ServeError::ServerEnded`]. After the return calls
/// may still be running, whose time is up: the caller should end the process
/// without waiting for them.
pub async fn serve(config: ServeConfig, routes: Routes, mode: Mode) -> Result<(), ServeError> {
    let environment = Environment::of_process();
    let tls = match mode {
        Mode::Plugin => {
            environment.check_cookie(&config)?;
            environment.check_version(&config)?;
            environment
                .client_certificate()?
                .map(Tls::pinned_to)
                .transpose()?
        }
        Mode::Debug => None,
    };

    let (endings_sender, endings) = mpsc::unbounded_channel();
    ending::watch(mode, &endings_sender)?;
    let (routes, health) = controller::with_controller(routes, endings_sender).await;
    let bound = listener::bind(&environment).await?;

    let announcement = match mode {
        Mode::Plugin => announcement::handshake(
            config.protocol_version,
            &bound.address,
            tls.as_ref().map(|tls| &tls.certificate),
            environment.asks_for_multiplexing(),
        ),
        Mode::Debug => announcement::reattach(&config, &bound.address, std::process::id()),
    };
    announcement::announce(&announcement).map_err(ServeError::Announce)?;
    tracing::debug!(
        network = bound.address.network,
        address = bound.address.address,
        tls = tls.is_some(),
        "serving"
    );

    let calls = Calls::default();
    let stop = CancellationToken::new();
    let server = Server::builder()
        .layer(calls.clone())
        .add_routes(routes)
        .serve_with_incoming_shutdown(
            connection::incoming(bound.listener, tls.map(|tls| tls.config)),
            stop.clone().cancelled_owned(),
        );
    let ended = until_ended(server, endings, calls, || async {
        config.ending.cancel();
        health.withdraw().await;
        stop.cancel();
    })
    .await;
    if let Some(Err(error)) = bound.directory.map(tempfile::TempDir::close) {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the socket's directory stays behind"
        );
    }
    ended
}

/// Runs the server until there is a reason to end, lets it stop, and waits for
/// its calls as long as the reason allows.
async fn until_ended<S: Future<Output = Result<(), tonic::transport::Error>>>(
    server: S,
    mut endings: mpsc::UnboundedReceiver<Ending>,
    calls: Calls,
    stop: impl AsyncFnOnce(),
) -> Result<(), ServeError> {
    let mut server = pin!(server);
    let reason = tokio::select! {
        ended = &mut server => return ended.map_err(ServeError::Server).and(Err(ServeError::ServerEnded)),
        Some(reason) = endings.recv() => reason,
    };
    tracing::debug!(?reason, calls = calls.in_flight(), "ending");
    stop().await;

    let mut deadline = Instant::now() + reason.grace();
    let mut drained = pin!(async {
        let (ended, ()) = tokio::join!(server, calls.finished());
        ended.map_err(ServeError::Server)
    });
    loop {
        tokio::select! {
            ended = &mut drained => return ended,
            () = sleep_until(deadline) => {
                tracing::warn!(?reason, calls = calls.in_flight(), "ending with calls unanswered");
                return Ok(());
            }
            Some(next) = endings.recv() => {
                // A second Ctrl-C is a person who will not wait.
                let now = Instant::now();
                let sooner = if next == Ending::Interrupted { now } else { now + next.grace() };
                deadline = deadline.min(sooner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::future::pending;
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tonic::body::Body;
    use tonic::codegen::http::{Request, Response};
    use tower::{Layer, Service};

    /// One call that lasts until the sender is dropped or used.
    fn open_call(calls: &Calls) -> oneshot::Sender<()> {
        let (finish, finished) = oneshot::channel::<()>();
        let mut finished = Some(finished);
        let mut service = calls.layer(tower::service_fn(move |_: Request<Body>| {
            let finished = finished.take();
            async move {
                if let Some(finished) = finished {
                    let _ = finished.await;
                }
                Ok::<_, Infallible>(Response::new(Body::empty()))
            }
        }));
        drop(service.call(Request::new(Body::empty())));
        finish
    }

    /// Runs to the end for these reasons; a server that stops when told to.
    async fn end_for(reasons: &[Ending], calls: &Calls) -> Result<(), ServeError> {
        let (sender, endings) = mpsc::unbounded_channel();
        for reason in reasons {
            sender.send(*reason).expect("the receiver is here");
        }
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let server = async move {
            stopped.await;
            Ok(())
        };
        until_ended(server, endings, calls.clone(), || async { stop.cancel() }).await
    }

    #[tokio::test]
    async fn a_call_in_flight_is_waited_for() {
        for reason in [
            Ending::Shutdown,
            Ending::Terminated,
            Ending::Interrupted,
            Ending::HostGone,
        ] {
            let calls = Calls::default();
            let finish = open_call(&calls);
            let finishing = async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                finish.send(()).expect("it still runs");
            };
            let reasons = [reason];
            let (ended, ()) = tokio::join!(end_for(&reasons, &calls), finishing);
            ended.expect("orderly");
            assert_eq!(calls.in_flight(), 0, "{reason:?}");
        }
    }

    #[tokio::test]
    async fn neither_a_host_nor_a_person_is_kept_waiting() {
        for reasons in [
            &[Ending::Shutdown][..],
            &[Ending::Interrupted; 2],
            &[Ending::Terminated, Ending::Shutdown],
        ] {
            let calls = Calls::default();
            let _stuck = open_call(&calls);
            let begun = Instant::now();
            end_for(reasons, &calls).await.expect("orderly");
            assert!(
                begun.elapsed() < Duration::from_secs(2),
                "{reasons:?}: the host kills after 2 s"
            );
            assert_eq!(calls.in_flight(), 1);
        }
    }

    #[tokio::test]
    async fn a_server_that_ends_by_itself_is_an_error() {
        let (_sender, endings) = mpsc::unbounded_channel();
        let ended = until_ended(async { Ok(()) }, endings, Calls::default(), pending).await;
        assert!(matches!(ended, Err(ServeError::ServerEnded)));
    }
}
