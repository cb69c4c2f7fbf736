//! Queries: a stream with one event for each object that is found.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::call::call;
use super::offer::Shape;
use super::{Service, convert};
use crate::framework::diagnostics::{Diagnostic, Diagnostics};
use crate::framework::erased::Erased;
use crate::framework::list_resource::{ListRequest, Listed};
use crate::framework::provider::Provider;
use crate::framework::value::Value;
use crate::proto::tfplugin6::list_resource::{Event, Request};
use crate::proto::tfplugin6::{ResourceIdentityData, validate_list_resource_config};

/// A stream that is written while it is read.
pub(super) type Stream<T> = ReceiverStream<Result<T, Status>>;

/// Objects found and not read yet: enough to go on while core works, few enough to stop soon.
const AHEAD: usize = 16;

impl<P: Provider> Service<P> {
    pub(super) async fn validate_list(
        &self,
        request: &validate_list_resource_config::Request,
    ) -> Result<Diagnostics, Diagnostics> {
        let offer = self.offer.list_resource(&request.type_name)?;
        offer
            .list
            .validate_config(offer.shape.decode(request.config.as_ref())?)
            .await
    }

    /// Begins a query; its work goes on while core reads the stream.
    pub(super) fn begin_list(self: Arc<Self>, request: Request, cancel: CancellationToken) -> Stream<Event> {
        let (events, stream) = mpsc::channel(AHEAD);
        tokio::spawn(async move {
            let work = self.list(&request, &cancel, &events);
            let ended = call("ListResource", &request.type_name, work).await;
            let diagnostics = ended.unwrap_or_else(|diagnostics| diagnostics);
            if !diagnostics.is_empty() {
                let diagnostic = convert::diagnostics(diagnostics);
                let last = Event {
                    diagnostic,
                    ..Event::default()
                };
                let _ = events.send(Ok(last)).await;
            }
        });
        ReceiverStream::new(stream)
    }

    async fn list(
        &self,
        request: &Request,
        cancel: &CancellationToken,
        events: &mpsc::Sender<Result<Event, Status>>,
    ) -> Erased<Diagnostics> {
        let offer = self.offer.list_resource(&request.type_name)?;
        let resource = self.offer.resource(&request.type_name)?;
        let limit = usize::try_from(request.limit).unwrap_or(0);
        let typed = ListRequest {
            config: offer.shape.decode(request.config.as_ref())?,
            include_resource: request.include_resource_object,
            limit,
            cancel: cancel.clone(),
        };
        let (found, mut listed) = mpsc::channel::<Listed<Value, Value>>(1);
        let forward = async move {
            let mut sent = 0;
            while sent < limit {
                let Some(object) = listed.recv().await else {
                    return Ok(());
                };
                let event = event(&resource.shape, resource.identity.as_ref(), object)?;
                if events.send(Ok(event)).await.is_err() {
                    break;
                }
                sent += 1;
            }
            // Dropped, the channel tells the list that no more is wanted.
            listed.close();
            Ok::<_, Diagnostics>(())
        };
        let work = async {
            let (ended, forwarded) = tokio::join!(offer.list.list(typed, found), forward);
            forwarded?;
            ended
        };
        tokio::select! {
            ended = work => ended,
            () = cancel.cancelled() => Err(interrupted()),
            () = events.closed() => Ok(Diagnostics::new()),
        }
    }
}

fn interrupted() -> Diagnostics {
    let detail = "The query was interrupted. Nothing was changed; run it again.";
    Diagnostic::error("Interrupted", detail).into()
}

fn event(shape: &Shape, identity: Option<&Shape>, object: Listed<Value, Value>) -> Erased<Event> {
    let identity = identity
        .map(|shape| shape.encode(object.identity))
        .transpose()?
        .map(|data| ResourceIdentityData {
            identity_data: Some(data),
        });
    let resource_object = object
        .resource
        .map(|resource| shape.encode(resource))
        .transpose()?;
    Ok(Event {
        identity,
        display_name: object.display_name,
        resource_object,
        diagnostic: convert::diagnostics(object.diagnostics),
    })
}
