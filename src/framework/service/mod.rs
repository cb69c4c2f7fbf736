//! The tfplugin6 service over a [`Provider`].

mod absent;
mod action;
mod body;
mod call;
mod convert;
mod data_source;
mod function;
mod list_resource;
mod offer;
mod provider;
mod resource;
mod rpc;
mod upgrade;

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use self::offer::Offer;
use super::provider::Provider;
use crate::proto::tfplugin6::provider_server::ProviderServer;

/// Largest message, in bytes, that is read or written. A plan carries prior, proposed and configured state at once.
const MAX_MESSAGE: usize = 256 << 20;

/// The gRPC routes of `provider`, ready to be served. Requests in flight are also cancelled when `ending` is: the process is
/// about to end.
pub fn routes<P: Provider>(provider: P, ending: CancellationToken) -> tonic::service::Routes {
    let offer = Offer::of(&provider);
    let service = Shared(Arc::new(Service {
        provider,
        offer,
        stop: Stop::new(ending),
    }));
    let server = ProviderServer::new(service)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    tonic::service::Routes::new(body::InParts(server))
}

/// The service: the provider and what it offers, with schemas made once.
struct Service<P> {
    provider: P,
    offer: Offer,
    stop: Stop,
}

/// The service as the protocol's methods have it: what goes on behind a stream holds it too.
struct Shared<P>(Arc<Service<P>>);

impl<P> std::ops::Deref for Shared<P> {
    type Target = Service<P>;

    fn deref(&self) -> &Service<P> {
        &self.0
    }
}

/// What StopProvider cancels: the requests in flight, and none that come after.
struct Stop {
    ending: CancellationToken,
    current: Mutex<CancellationToken>,
}

impl Stop {
    fn new(ending: CancellationToken) -> Self {
        let current = Mutex::new(ending.child_token());
        Self { ending, current }
    }

    /// A token for one request.
    fn token(&self) -> CancellationToken {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .child_token()
    }

    /// Cancels every token given out so far.
    fn cancel(&self) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, self.ending.child_token()).cancel();
    }
}
