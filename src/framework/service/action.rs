//! Actions: judged, announced, run.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::call::call;
use super::list_resource::Stream;
use super::{Service, convert};
use crate::framework::action::{InvokeRequest, PlanActionRequest, Progress};
use crate::framework::diagnostics::Diagnostics;
use crate::framework::erased::Erased;
use crate::framework::provider::Provider;
use crate::proto::tfplugin6::invoke_action::{Event, Request, event};
use crate::proto::tfplugin6::{plan_action, validate_action_config};

impl<P: Provider> Service<P> {
    pub(super) async fn validate_action(
        &self,
        request: &validate_action_config::Request,
    ) -> Result<Diagnostics, Diagnostics> {
        let offer = self.offer.action(&request.type_name)?;
        offer
            .action
            .validate_config(offer.shape.decode(request.config.as_ref())?)
            .await
    }

    pub(super) async fn announce_action(
        &self,
        request: &plan_action::Request,
    ) -> Result<Diagnostics, Diagnostics> {
        let offer = self.offer.action(&request.action_type)?;
        let request = PlanActionRequest {
            config: offer.shape.decode(request.config.as_ref())?,
            cancel: self.stop.token(),
            client_capabilities: convert::client_capabilities(request.client_capabilities.as_ref()),
        };
        offer.action.plan(request).await
    }

    /// Begins an action. It goes on to its end also when core reads no more: what it has begun is to be finished.
    pub(super) fn begin_action(
        self: Arc<Self>,
        request: Request,
        cancel: CancellationToken,
    ) -> Stream<Event> {
        let (events, stream) = mpsc::channel(1);
        tokio::spawn(async move {
            let (lines, mut said) = mpsc::unbounded_channel();
            let is_stopped = cancel.child_token();
            let interrupted = tokio::spawn(until_interrupted(is_stopped.clone()));
            let forward = async {
                while let Some(message) = said.recv().await {
                    // Terraform 1.15.5 fails on the first line after a stop and panics on whatever comes behind it, so only the
                    // completion may come.
                    if is_stopped.is_cancelled() {
                        continue;
                    }
                    let progress = event::Type::Progress(event::Progress { message });
                    let event = Event {
                        r#type: Some(progress),
                    };
                    let _ = events.send(Ok(event)).await;
                }
            };
            let work = call(
                "InvokeAction",
                &request.action_type,
                self.run_action(&request, cancel, lines),
            );
            let (ended, ()) = tokio::join!(work, forward);
            interrupted.abort();
            let diagnostics = convert::diagnostics(ended.unwrap_or_else(|diagnostics| diagnostics));
            let completed = event::Type::Completed(event::Completed { diagnostics });
            let last = Event {
                r#type: Some(completed),
            };
            let _ = events.send(Ok(last)).await;
        });
        ReceiverStream::new(stream)
    }

    async fn run_action(
        &self,
        request: &Request,
        cancel: CancellationToken,
        lines: mpsc::UnboundedSender<String>,
    ) -> Erased<Diagnostics> {
        let offer = self.offer.action(&request.action_type)?;
        let config = offer.shape.decode(request.config.as_ref())?;
        let progress = Progress::new(lines);
        offer
            .action
            .invoke(InvokeRequest { config, cancel }, &progress)
            .await
    }
}

/// Ctrl-C at a terminal reaches this process as soon as core, which says so only a moment later.
async fn until_interrupted(is_stopped: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        is_stopped.cancel();
    }
}
