//! What happens around every call: a span, its duration, and a panic that becomes a diagnostic.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures::FutureExt;
use tracing::Instrument;

use crate::framework::diagnostics::{Diagnostic, Diagnostics};

/// Runs `work` for the RPC `rpc` on the type `type_name` (empty where there is none).
pub(super) async fn call<T>(
    rpc: &'static str,
    type_name: &str,
    work: impl Future<Output = Result<T, Diagnostics>>,
) -> Result<T, Diagnostics> {
    static REQUESTS: AtomicU64 = AtomicU64::new(1);
    let request = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let span = tracing::debug_span!(
        "rpc",
        tf_rpc = rpc,
        tf_req_id = request,
        tf_resource_type = type_name
    );
    async {
        tracing::trace!("call begins");
        let begin = Instant::now();
        // A handler that panicked is not called again with what it left behind: models are values, and what is shared
        // lies behind locks that take poison for granted.
        let answer = AssertUnwindSafe(work)
            .catch_unwind()
            .await
            .unwrap_or_else(|panic| Err(bug(rpc, panic.as_ref())));
        let milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(
            tf_req_duration_ms = milliseconds,
            failed = answer.is_err(),
            "call ends"
        );
        answer
    }
    .instrument(span)
    .await
}

fn bug(rpc: &str, panic: &(dyn Any + Send)) -> Diagnostics {
    let message = panic
        .downcast_ref::<&str>()
        .map(|message| (*message).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    tracing::error!(panic = message, "the handler panicked");
    Diagnostic::error(
        "The provider has a bug",
        format!("{rpc} ended in a panic: {message}. Please report it; running Terraform again is safe."),
    )
    .into()
}
