//! One API call: where it went, how often it was tried, how it ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextMut,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;

use super::retry::Patience;
use super::{Action, Ec2Error, sdk_error};

/// How all calls of an account are made.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    /// Attempts of a call in all, however patient it would be.
    pub(super) max_attempts: u32,
    /// Whether somebody chose that number: then other failures that may pass are borne as often as throttling.
    pub(super) is_chosen: bool,
    /// Whether whoever makes the call tries it again when it was throttled.
    pub(super) is_paced: bool,
    /// Appended to the User-Agent header.
    pub(super) user_agent: Option<Arc<str>>,
}

/// A call that is being made.
pub(super) struct Call {
    region: String,
    started: Instant,
    probe: Probe,
}

impl Call {
    pub(super) fn start(action: Action, region: &str, manner: &Manner) -> Self {
        let probe = Probe {
            action,
            manner: manner.clone(),
            seen: Arc::default(),
        };
        Self {
            region: region.to_owned(),
            started: Instant::now(),
            probe,
        }
    }

    /// To be attached to the SDK's operation.
    pub(super) fn probe(&self) -> Probe {
        self.probe.clone()
    }

    /// Attempts made so far.
    pub(super) fn attempts(&self) -> u32 {
        self.probe.seen().attempts
    }

    /// Logs the call and makes its failure an error of ours.
    pub(super) fn end<T, E>(&self, result: Result<T, SdkError<E, HttpResponse>>) -> Result<T, Ec2Error>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let seen = self.probe.seen().clone();
        let action = self.probe.action;
        let result = result.map_err(|error| sdk_error::convert(action, &self.region, seen.url, error));
        tracing::debug!(
            action = action.name(),
            region = self.region,
            attempts = seen.attempts,
            duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            code = result.as_ref().err().map(Ec2Error::code),
            "AWS call"
        );
        result
    }
}

/// Watches the attempts of one call.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    action: Action,
    manner: Manner,
    seen: Arc<Mutex<Seen>>,
}

impl Probe {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Default)]
struct Seen {
    url: Option<String>,
    attempts: u32,
    /// Those that were throttled.
    throttled: u32,
}

impl Intercept for Probe {
    fn name(&self) -> &'static str {
        "Probe"
    }

    /// The header is not part of the signature.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(more) = &self.manner.user_agent {
            let headers = context.request_mut().headers_mut();
            let own = headers.get("user-agent").unwrap_or_default().to_owned();
            headers.try_insert("user-agent", format!("{own} {more}"))?;
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut seen = self.seen();
        seen.url = Some(without_userinfo(context.request().uri()));
        seen.attempts += 1;
        Ok(())
    }

    /// The SDK's XML reader takes a body that was cut off for a whole one with shorter lists: interfaces and sessions
    /// would be missing without a sign. Such an attempt is made a broken one, which is tried again.
    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let whole = context
            .response()
            .and_then(|response| response.body().bytes())
            .is_some_and(|body| is_whole(self.action, body));
        if let Some(output) = context.output_or_error_mut()
            && output.is_ok()
            && !whole
        {
            *output = Err(OrchestratorError::response(
                "the XML of the answer is cut off".into(),
            ));
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(patience), Some(config)) = (
            Patience::with(context.inner()),
            cfg.load::<RetryConfig>().cloned(),
        ) {
            let mut seen = self.seen();
            if patience.is_for_throttling() {
                seen.throttled += 1;
            }
            let allowed = match self.manner.is_paced && patience.is_for_throttling() {
                true => 1,
                false => self.manner.max_attempts,
            };
            let patience = patience.at_most(allowed, self.manner.is_chosen, seen.throttled);
            cfg.interceptor_state().store_put(patience.of(config));
        }
        Ok(())
    }
}

/// Whether the body ends with the end of the action's root element.
fn is_whole(action: Action, body: &[u8]) -> bool {
    let body = body.trim_ascii_end();
    let root = format!("{}Response", action.name());
    // An element without content may be written `<CreateTagsResponse xmlns="…"/>`.
    let last_tag = body
        .iter()
        .rposition(|byte| *byte == b'<')
        .map_or(&b""[..], |start| &body[start + 1..]);
    body.ends_with(format!("</{root}>").as_bytes())
        || last_tag.starts_with(root.as_bytes()) && body.ends_with(b"/>")
}

/// A URL may carry a password, which must not reach a message.
pub(super) fn without_userinfo(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::without_userinfo;

    #[test]
    fn no_password_in_a_url() {
        assert_eq!(without_userinfo("http://me:pass@host:1/a@b"), "http://host:1/a@b");
        assert_eq!(
            without_userinfo("https://ec2.eu-west-1.amazonaws.com/"),
            "https://ec2.eu-west-1.amazonaws.com/"
        );
        assert_eq!(without_userinfo("http://host"), "http://host");
    }
}
