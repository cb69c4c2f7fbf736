//! From listener to the connections that gRPC serves: accept, prove, hand over.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{Stream, StreamExt, future, stream};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tonic::transport::server::Connected;

use super::listener::{Listener, Socket};

/// How long a client may take to prove who it is.
const TLS_TIMEOUT: Duration = Duration::from_secs(10);

/// How many may be at it at once. Each is bounded in time, so that silent
/// clients delay a real one at worst.
const TLS_CONCURRENCY: usize = 1024;

/// Between two attempts to accept, when the system has no room for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A connection whose client has proved who it is, as far as the mode asks.
pub struct Connection(Box<dyn Socket>);

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

/// The connections worth serving, for ever. One that fails its TLS handshake is
/// logged and dropped; no failure ends the stream, and no client waits for
/// another's handshake.
pub fn incoming(
    listener: Listener,
    tls: Option<Arc<ServerConfig>>,
) -> impl Stream<Item = Result<Connection, Infallible>> {
    let acceptor = tls.map(TlsAcceptor::from);
    stream::unfold(listener, |listener| async {
        Some((accept(&listener).await, listener))
    })
    .map(move |socket| secure(acceptor.clone(), socket))
    .buffer_unordered(TLS_CONCURRENCY)
    .filter_map(future::ready)
    .map(Ok)
}

async fn accept(listener: &Listener) -> Box<dyn Socket> {
    loop {
        match listener.accept().await {
            Ok(socket) => return socket,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a connection was not accepted"
                );
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn secure(acceptor: Option<TlsAcceptor>, socket: Box<dyn Socket>) -> Option<Connection> {
    let Some(acceptor) = acceptor else {
        return Some(Connection(socket));
    };
    let handshake = tokio::time::timeout(TLS_TIMEOUT, acceptor.accept(socket));
    match handshake
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    {
        Ok(stream) => Some(Connection(Box::new(stream))),
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a client failed the TLS handshake"
            );
            None
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}
